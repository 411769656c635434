"""What the node's tests share: a graph of their own, and folders of made-up faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from th_common.model_folder import add_expressions
from th_face_renderer.testing import HAPPY_CODE, synthetic_face


@pytest.fixture
def graph() -> Iterator[Any]:
    """A ROS domain for this test alone (th_common.testing.Graph)."""
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    from th_common.testing import Graph

    with Graph() as made:
        yield made


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face of 8 + 8 without expressions."""
    path = tmp_path_factory.mktemp("face")
    synthetic_face(path, side=96)
    return path


@pytest.fixture
def expressive(tmp_path: Path) -> Path:
    """A face that can look happy (HAPPY_CODE) and sad (its opposite)."""
    synthetic_face(tmp_path / "face", side=64, seed=3)
    add_expressions(tmp_path / "face", {"happy": HAPPY_CODE.tolist(), "sad": (-HAPPY_CODE).tolist()})
    return tmp_path / "face"
