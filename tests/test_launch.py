"""Launch files name executables and parameters that exist; checked with stand-ins where launch is not installed."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from th_common.table_node import COMMON_PARAMETERS


class _Argument:
    def __init__(self, name: str, *, default_value: str, description: str, choices: list[str] | None) -> None:
        self.name, self.default, self.description, self.choices = name, default_value, description, choices
        assert choices is None or default_value in choices, "launch refuses such a default"


class _Configuration:
    def __init__(self, name: str, default: str | None = None) -> None:
        self.name, self.default = name, default

    def perform(self, context: dict[str, str]) -> str:
        return context[self.name] if self.default is None else context.get(self.name, self.default)


class _Opaque:
    def __init__(self, *, function: Any) -> None:
        self.function = function


class _Include:
    def __init__(self, source: str, *, launch_arguments: list[tuple[str, str]]) -> None:
        self.source, self.arguments = source, dict(launch_arguments)


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


def _load(path: Path) -> _Description:
    spec = importlib.util.spec_from_file_location("launch_file", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def _run(path: Path, **given: str) -> tuple[dict[str, str], list[_Node]]:
    description = _load(path)
    arguments = {a.name: a.default for a in description if isinstance(a, _Argument)}
    assert all(a.description for a in description if isinstance(a, _Argument))
    assert set(given) <= set(arguments), "an argument that the launch file does not declare"
    context = {**arguments, **given}
    nodes = [n for a in description if isinstance(a, _Opaque) for n in a.function(context)]
    return arguments, nodes


def test_face_launch_declares_what_users_expect(stand_ins: None, root: Path) -> None:
    arguments, _ = _run(root / "launch" / "face.launch.py")
    named = "source display model lookahead presentation_delay composed respawn autostart log_level use_sim_time namespace params_file"
    assert set(named.split()) <= set(arguments)
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
        port="0",
        sample_rate="48000",
        channels="2",
        sample_format="F32LE",
        coding_format="mp3",
        avatar="127.0.0.1:39539",
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
    assert {"source", "loop", "display", "port", "model", "lookahead", "presentation_delay", "autostart"} <= seen
    assert {"sample_rate", "channels", "sample_format", "coding_format"} <= seen


@pytest.mark.parametrize(("avatar", "vmc"), [("", None), ("topics", None), ("127.0.0.1:39539", "127.0.0.1:39539")])
def test_an_avatar_is_moved_where_it_is_asked_for(stand_ins: None, root: Path, avatar: str, vmc: str | None) -> None:
    from th_bringup.face_graph import parser, ros_arguments

    _, nodes = _run(root / "launch" / "face.launch.py", composed="false", avatar=avatar)
    bridges = [n.fields["parameters"][1] for n in nodes if n.fields["executable"] == "avatar_bridge"]
    assert [bridge.get("vmc") for bridge in bridges] == ([vmc] if avatar else [])
    _, (graph,) = _run(root / "launch" / "face.launch.py", avatar=avatar)
    arguments = graph.fields["arguments"]
    options = parser().parse_args(arguments[: arguments.index("--ros-args")])
    assert (options.avatar or "") == avatar
    assert (f'avatar_bridge:vmc:="{vmc}"' in ros_arguments(options)) == (vmc is not None)


def test_a_number_that_is_none_is_refused_by_name(stand_ins: None, root: Path) -> None:
    with pytest.raises(ValueError, match="lookahead:=soon is not a number"):
        _run(root / "launch" / "face.launch.py", lookahead="soon")


def test_composed_runs_face_graph_with_the_same_values(stand_ins: None, root: Path) -> None:
    _, nodes = _run(root / "launch" / "face.launch.py", source="a b.wav", use_sim_time="true")
    assert [n.fields["executable"] for n in nodes] == ["face_graph"]
    arguments = nodes[0].fields["arguments"]
    from th_bringup.face_graph import parser
    from th_bringup.overrides import parameter_file, split_rules

    _, rules = split_rules(arguments)
    told = yaml.safe_load(parameter_file(rules))
    assert told["/**/audio_source"]["ros__parameters"]["source"] == "a b.wav"
    assert told["/**/face_renderer"]["ros__parameters"] == {"use_sim_time": True, "autostart": True}

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


def test_capture_starts_audio_capture_in_front_of_the_face(
    stand_ins: None, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ament_index_python.packages as index

    monkeypatch.setattr(index, "get_package_prefix", lambda name: f"/opt/{name}")
    path = root / "launch" / "capture.launch.py"
    _, nodes = _run(path, sample_rate="48000", sample_format="S32LE")
    assert [(n.fields["package"], n.fields["executable"]) for n in nodes] == [("audio_capture", "audio_capture_node")]
    # what audio_capture of ros-drivers/audio_common declares (branch ros2), with the types it wants
    types_ = {"dst": str, "src": str, "device": str, "format": str, "sample_format": str}
    types_ |= dict.fromkeys(("bitrate", "channels", "depth", "sample_rate"), int)
    given = nodes[0].fields["parameters"][0]
    assert {name: type(value) for name, value in given.items()} == types_
    assert (given["format"], given["depth"], given["sample_rate"]) == ("wave", 32, 48000)

    included = next(part for part in _load(path) if isinstance(part, _Include))
    assert Path(included.source) == root / "launch" / "face.launch.py"
    assert included.arguments == {"source": "topic"}
    of_capture, of_face = (set(_run(p)[0]) for p in (path, Path(included.source)))
    assert of_capture & of_face == {"sample_rate", "channels", "sample_format", "coding_format"}, (
        "the face is told them"
    )


def test_capture_says_what_is_missing(stand_ins: None, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ament_index_python.packages as index

    def missing(name: str) -> str:
        raise index.PackageNotFoundError(name)

    monkeypatch.setattr(index, "get_package_prefix", missing)
    with pytest.raises(RuntimeError, match=r"audio_capture is not installed: sudo apt install .*source:=mic"):
        _run(root / "launch" / "capture.launch.py")


def test_rules_for_single_nodes_are_told_from_others() -> None:
    from th_bringup.overrides import parameter_file, split_rules

    given = ["--ros-args", "-p", "a:x:=1", "-p", "x:=2", "-r", "__ns:=/r", "--param", "a:x:=3", "--", "-p", "a:y:=4"]
    rest, rules = split_rules(given)
    assert rest == ["--ros-args", "-p", "x:=2", "-r", "__ns:=/r", "--", "-p", "a:y:=4"]
    assert rules == {"a": {"x": "3"}}
    assert yaml.safe_load(parameter_file(rules)) == {"/**/a": {"ros__parameters": {"x": 3}}}
    assert split_rules(["--ros-args", "-p"])[0] == ["--ros-args", "-p"], "rcl says what is wrong with it"
