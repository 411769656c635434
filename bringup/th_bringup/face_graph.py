"""The whole graph in one process: source, features, predictor, renderer and playout on one executor.

usage: face_graph --source example|FILE|mic|topic --display web|window|none [--model NAME|FOLDER] [--avatar HOST:PORT] [--ros-args ...]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from th_common.node import TalkingHeadNode

# One core is enough for the graph; idle BLAS threads would only spin beside it.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


TOPICS = "topics"
"""Says that avatar_bridge runs, and sends nothing to an avatar program."""


def parser() -> argparse.ArgumentParser:
    """The command line of face_graph."""
    result = argparse.ArgumentParser(
        prog="face_graph", description="A talking face driven by voice: the whole graph in one process."
    )
    result.add_argument("--source", help="example, a sound file, mic, or topic (an external publisher)")
    result.add_argument("--display", choices=("web", "window", "none"), help="where the face is shown")
    result.add_argument("--model", help="folder of the face model, or default or live, which come with the package")
    result.add_argument("--port", type=int, help="port of the page, 0 for any free one")
    result.add_argument("--loop", choices=("true", "false"), help="begin a file again when it ends")
    result.add_argument("--loudspeaker", choices=("true", "false"), help="play the sound on this machine")
    result.add_argument(
        "--avatar",
        help=f"also move an avatar: HOST:PORT of its program (VMC protocol), or {TOPICS!r} for the topics alone",
    )
    result.add_argument("--params-file", type=Path, help="parameters of all nodes (default: config/face.yaml)")
    result.add_argument("--log-level", default="info", choices=("debug", "info", "warn", "error", "fatal"))
    return result


def ros_arguments(options: argparse.Namespace) -> list[str]:
    """The command line as ROS arguments: the parameter file first, so that single values override it."""
    file = options.params_file or default_params_file()
    if file is not None and not file.is_file():
        raise SystemExit(f"error: parameter file {str(file)!r} does not exist")
    arguments = ["--ros-args", "--log-level", options.log_level]
    if file is not None:
        arguments += ["--params-file", str(file)]
    overrides = (
        ("audio_source", "source", options.source),
        ("audio_source", "loop", options.loop and options.loop == "true"),
        ("audio_playout", "loudspeaker", options.loudspeaker and options.loudspeaker == "true"),
        ("face_renderer", "display", options.display),
        ("face_renderer", "port", options.port),
        ("face_renderer", "model", options.model or None),
        ("face_predictor", "model", options.model or None),
        ("audio_features", "model", options.model or None),
        *avatar_overrides(getattr(options, "avatar", None), options.model),
    )
    for node, name, value in overrides:
        if value is not None:
            # JSON is YAML: strings arrive as they are, whatever characters they hold.
            arguments += ["-p", f"{node}:{name}:={json.dumps(value, ensure_ascii=False)}"]
    return arguments


def avatar_overrides(avatar: str | None, model: str | None) -> list[tuple[str, str, str]]:
    """Parameters of avatar_bridge; none where it does not run."""
    if not avatar:
        return []
    vmc = [] if avatar == TOPICS else [("avatar_bridge", "vmc", avatar)]
    return vmc + ([("avatar_bridge", "model", model)] if model else [])


def default_params_file() -> Path | None:
    """config/face.yaml: of the source tree, or of the installed package; None where neither exists."""
    here = Path(__file__).resolve()
    candidates = [here.parents[2] / "config" / "face.yaml"]
    from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

    with suppress(PackageNotFoundError):
        candidates.append(Path(get_package_share_directory("th_bringup")) / "config" / "face.yaml")
    return next((c for c in candidates if c.is_file()), None)


def make_nodes(*, avatar: bool = False) -> Sequence[TalkingHeadNode]:
    """All nodes, consumers before producers, so that the first sound finds everybody listening; avatar_bridge if it is wished."""
    import cv2

    from th_audio_features.node import AudioFeaturesNode
    from th_audio_io.playout_node import AudioPlayoutNode
    from th_audio_io.source_node import AudioSourceNode
    from th_face_predictor.node import FacePredictorNode
    from th_face_renderer.node import FaceRendererNode

    cv2.setNumThreads(1)
    avatars: list[TalkingHeadNode] = []
    if avatar:
        from th_face_renderer.avatar_node import AvatarBridgeNode

        avatars.append(AvatarBridgeNode())
    return [
        *avatars,
        FaceRendererNode(),
        AudioPlayoutNode(),
        FacePredictorNode(),
        AudioFeaturesNode(),
        AudioSourceNode(),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; returns the exit status: 0 for a clean end, 2 with one sentence if something cannot start."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    own, rest = given, []
    if "--ros-args" in given:
        cut = given.index("--ros-args")
        own, rest = given[:cut], given[cut:]
    options = parser().parse_args(own)
    from th_bringup.overrides import in_every_namespace
    from th_common.spin import spin_nodes

    make = partial(make_nodes, avatar=bool(options.avatar))
    return spin_nodes(make, in_every_namespace([*ros_arguments(options), *rest]), fail_fast=True)


if __name__ == "__main__":
    raise SystemExit(main())
