"""Write docs/parameters.md from the nodes' own tables, so that the two cannot disagree."""

from __future__ import annotations

from pathlib import Path

from th_bringup.record import BagRecordNode
from th_bringup.replay_node import BagReplayNode

from th_audio_features.node import AudioFeaturesNode
from th_audio_io.playout_node import AudioPlayoutNode
from th_audio_io.source_node import AudioSourceNode
from th_common.node import TalkingHeadNode
from th_common.parameters import table_markdown
from th_common.table_node import COMMON_PARAMETERS
from th_face_predictor.node import FacePredictorNode
from th_face_renderer.avatar_node import AvatarBridgeNode
from th_face_renderer.node import FaceRendererNode

OUT = Path(__file__).resolve().parent.parent / "docs" / "parameters.md"
NODES: tuple[tuple[str, type[TalkingHeadNode]], ...] = (
    ("audio_source", AudioSourceNode),
    ("audio_features", AudioFeaturesNode),
    ("face_predictor", FacePredictorNode),
    ("face_renderer", FaceRendererNode),
    ("audio_playout", AudioPlayoutNode),
    ("avatar_bridge", AvatarBridgeNode),
)
TOOLS: tuple[tuple[str, type[TalkingHeadNode]], ...] = (("record", BagRecordNode), ("replay", BagReplayNode))


def text() -> str:
    """The whole page."""
    parts = [
        "# Parameters\n",
        "Written by `make docs` from the tables in the code. Values for all nodes stand in one file, "
        "`config/face.yaml`.\n",
        "## Every node\n",
        table_markdown(COMMON_PARAMETERS),
    ]
    for name, node in (*NODES, *TOOLS):
        parts += [f"## {name}\n", table_markdown(node.parameters)]
    return "\n".join(parts)


if __name__ == "__main__":
    OUT.write_text(text())
    print(f"written to {OUT.relative_to(OUT.parent.parent)}")
