"""Launch files name executables and parameters that exist; checked with stand-ins where launch is not installed."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from th_common.node import COMMON_PARAMETERS


class _Argument:
    def __init__(self, name: str, *, default_value: str, description: str) -> None:
        self.name, self.default, self.description = name, default_value, description


class _Configuration:
    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, context: dict[str, str]) -> str:
        return context[self.name]


class _Opaque:
    def __init__(self, *, function: Any) -> None:
        self.function = function


class _Node:
    def __init__(self, **fields: Any) -> None:
        self.fields = fields


class _Include:
    def __init__(self, source: str, *, launch_arguments: Any) -> None:
        self.source, self.arguments = Path(source), dict(launch_arguments)


class _Description(list):
    pass


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Modules with the names of launch's, that only record what a launch file asks for."""
    modules: dict[str, dict[str, Any]] = {
        "launch": {"LaunchContext": dict, "LaunchDescription": _Description},
        "launch.actions": {
            "DeclareLaunchArgument": _Argument,
            "OpaqueFunction": _Opaque,
            "IncludeLaunchDescription": _Include,
            "Shutdown": dict,
        },
        "launch.launch_description_sources": {"PythonLaunchDescriptionSource": str},
        "launch.substitutions": {"LaunchConfiguration": _Configuration},
        "launch_ros": {},
        "launch_ros.actions": {"Node": _Node},
    }
    for name, content in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    import ament_index_python.packages as index

    monkeypatch.setattr(index, "get_package_share_directory", lambda name: str(root))
    return


def _run(path: Path, **given: str) -> tuple[dict[str, str], list[Any]]:
    spec = importlib.util.spec_from_file_location("launch_file", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    description = module.generate_launch_description()
    arguments = {a.name: a.default for a in description if isinstance(a, _Argument)}
    assert all(a.description for a in description if isinstance(a, _Argument))
    assert set(given) <= set(arguments), "an argument that the launch file does not declare"
    context = {**arguments, **given}
    nodes = [n for a in description if isinstance(a, _Opaque) for n in a.function(context)]
    return arguments, nodes


def test_face_launch_declares_what_users_expect(stand_ins: None, root: Path) -> None:
    arguments, _ = _run(root / "launch" / "face.launch.py")
    assert {"source", "display", "model", "composed", "log_level", "use_sim_time"} <= set(arguments)
    assert Path(arguments["params_file"]).is_file()


def test_separate_nodes_exist_and_take_their_parameters(
    stand_ins: None, root: Path, node_entries: dict[str, Any]
) -> None:
    _, nodes = _run(
        root / "launch" / "face.launch.py",
        composed="false",
        source="mic",
        loop="true",
        display="window",
        model="somewhere",
        lookahead="3",
        presentation_delay="0.4",
    )
    assert {n.fields["executable"] for n in nodes} == set(node_entries)
    seen: set[str] = set()
    for node in nodes:
        entry = node_entries[node.fields["executable"]]
        assert node.fields["package"] == entry.package
        table = {p.name: p for p in COMMON_PARAMETERS + entry.load().parameters}
        overrides = node.fields["parameters"][1]
        for name, value in overrides.items():
            if name != "use_sim_time":  # every ROS node has it
                assert table[name].refuse(value) is None
        seen |= set(overrides)
    assert {"source", "loop", "display", "model", "lookahead", "presentation_delay", "autostart"} <= seen


def test_composed_runs_face_graph_with_the_same_values(stand_ins: None, root: Path) -> None:
    _, nodes = _run(root / "launch" / "face.launch.py", source="a b.wav", use_sim_time="true")
    assert [n.fields["executable"] for n in nodes] == ["face_graph"]
    arguments = nodes[0].fields["arguments"]
    assert 'audio_source:source:="a b.wav"' in arguments
    assert "face_renderer:use_sim_time:=true" in arguments
    from th_bringup.face_graph import parser

    own = arguments[: arguments.index("--ros-args")]
    assert parser().parse_args(own).params_file == root / "config" / "face.yaml"


@pytest.mark.parametrize("composed", ["true", "false"])
def test_what_dies_comes_again_and_what_is_left_ends_the_launch(
    stand_ins: None, root: Path, composed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, nodes = _run(root / "launch" / "face.launch.py", composed=composed)
    monkeypatch.setattr(sys.modules["launch.actions"], "Shutdown", lambda *, reason: reason, raising=False)
    for node in nodes:
        assert node.fields["respawn"] is True
        assert 0.0 < node.fields["respawn_delay"] <= 1.0
        ended = types.SimpleNamespace(process_name="face_graph-1", returncode=0)
        killed = types.SimpleNamespace(process_name="face_graph-1", returncode=-9)
        assert node.fields["on_exit"](ended, {}) == ["face_graph-1 was left"]
        assert node.fields["on_exit"](killed, {}) is None
    _, nodes = _run(root / "launch" / "face.launch.py", composed=composed, respawn="false")
    assert not any(node.fields["respawn"] for node in nodes)


def test_replay_launch_hands_on_what_the_graph_takes(stand_ins: None, root: Path) -> None:
    pytest.importorskip("th_msgs.msg", reason="needs the built messages (make build)")
    from th_bringup.record import BagRecordNode
    from th_bringup.replay import BagReplayNode

    given = {"bag": "a b", "rate": "0.0", "record": "out", "composed": "false", "use_sim_time": "true"}
    _, (face, recorder, replay) = _run(root / "launch" / "replay.launch.py", **given)
    assert face.arguments["source"] == "topic"
    _, nodes = _run(face.source, **face.arguments)
    for node in nodes:
        parameters = node.fields["parameters"][1]
        assert parameters["use_sim_time"] is True
        heard = node.fields["executable"] in ("audio_features", "face_predictor")
        assert parameters.get("deterministic", False) is heard
        assert node.fields["respawn"] is False
    programs = (root / "CMakeLists.txt").read_text()
    for node, kind in ((recorder, BagRecordNode), (replay, BagReplayNode)):
        assert f"bringup/{node.fields['executable']}" in programs
        table = {p.name: p for p in kind.parameters}
        for name, value in node.fields["parameters"][0].items():
            assert table[name].refuse(value) is None
    assert replay.fields["parameters"][0]["clock"] is True
    _, actions = _run(root / "launch" / "replay.launch.py", bag="a")
    assert len(actions) == 2, "no recorder unless asked for"
