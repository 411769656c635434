"""What the cross-package tests share: where things are, and which node class and executable belong to which name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class NodeEntry:
    """One node of the graph: its package, module and class; the executable has the node's name."""

    package: str
    module: str
    cls: str

    def load(self) -> type:
        return getattr(importlib.import_module(self.module), self.cls)


NODES = {
    "audio_source": NodeEntry("th_audio_io", "th_audio_io.source_node", "AudioSourceNode"),
    "audio_playout": NodeEntry("th_audio_io", "th_audio_io.playout_node", "AudioPlayoutNode"),
    "audio_features": NodeEntry("th_audio_features", "th_audio_features.node", "AudioFeaturesNode"),
    "face_predictor": NodeEntry("th_face_predictor", "th_face_predictor.node", "FacePredictorNode"),
    "face_renderer": NodeEntry("th_face_renderer", "th_face_renderer.node", "FaceRendererNode"),
    "avatar_bridge": NodeEntry("th_face_renderer", "th_face_renderer.avatar_node", "AvatarBridgeNode"),
}


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the clone."""
    return ROOT


@pytest.fixture(scope="session")
def node_entries() -> dict[str, NodeEntry]:
    """Every node of the graph by name."""
    return NODES
