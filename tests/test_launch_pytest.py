"""The launch file through launch itself, where ROS brings it: five processes, codes, and a predictor that respawns."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("launch_pytest", reason="launch_pytest comes with ROS from apt, not with the wheels")

import launch_pytest
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from tests.graph import Listener
from th_common.testing import Graph

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def listening() -> Iterator[tuple[Graph, Listener]]:
    """A listener in a ROS domain of its own, which the launched processes share."""
    with Graph() as graph:
        yield graph, graph.add(lambda context: Listener(context))


@launch_pytest.fixture
def face(listening: tuple[Graph, Listener]) -> LaunchDescription:
    """The launch file with one process per node."""
    arguments = {"source": "example", "loop": "true", "display": "none", "composed": "false"}
    source = PythonLaunchDescriptionSource(str(ROOT / "launch" / "face.launch.py"))
    return LaunchDescription(
        [
            IncludeLaunchDescription(source, launch_arguments=list(arguments.items())),
            launch_pytest.actions.ReadyToTest(),
        ]
    )


def _pid(executable: str) -> int:
    """The process whose command line names lib/PACKAGE/EXECUTABLE."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if (
            f"/{executable}\0" in command
            and int((folder / "status").read_text().split("PPid:")[1].split()[0]) == os.getpid()
        ):
            return int(folder.name)
    raise AssertionError(f"no process {executable}")


@pytest.mark.launch(fixture=face)
def test_the_launched_graph_speaks_and_a_killed_node_comes_back(face: Any, listening: tuple[Graph, Listener]) -> None:
    graph, listener = listening
    assert graph.wait(lambda: len(listener.codes) > 60, 60.0)
    os.kill(_pid("face_predictor"), signal.SIGKILL)
    assert graph.wait(lambda: listener.value("face_renderer", "state") == "resting", 15.0)
    seen = len(listener.codes)
    assert graph.wait(lambda: len(listener.codes) > seen + 60, 30.0), "launch respawns it"
