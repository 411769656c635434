"""Every parameter of every node: bad values are refused by name, at start and at run time; several are set together or not at all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.parameter import Parameter as RosParameter

from tests.conftest import NODES, NodeEntry
from th_common.node import TalkingHeadNode
from th_common.parameters import Parameter
from th_common.spin import spin_nodes
from th_common.table_node import COMMON_PARAMETERS
from th_common.testing import Graph, ros_domain

TABLES = {name: COMMON_PARAMETERS + entry.load().parameters for name, entry in NODES.items()}
EVERY = [(node, parameter) for node, table in TABLES.items() for parameter in table]
WRONG_TYPES: dict[type, tuple[object, ...]] = {
    bool: (1, 0.5, "true", [True]),
    int: (1.0, True, "1", [1]),
    float: (1, True, "1.0", [1.0]),
    str: (1, 1.0, True, ["x"]),
}


def bad_values(parameter: Parameter) -> list[object]:
    """Values that must be refused: of other types, not finite, beyond each end, none of the choices."""
    bad = list(WRONG_TYPES[type(parameter.default)])
    if isinstance(parameter.default, float):
        bad += [math.nan, math.inf, -math.inf]
    for end, beyond in ((parameter.minimum, -1), (parameter.maximum, 1)):
        if end is not None:
            step = 1 if isinstance(parameter.default, int) else 1e-3 * max(1.0, abs(end))
            bad += [
                value
                for value in (type(parameter.default)(end + beyond * step), type(parameter.default)(1e9 * beyond))
                if value not in parameter.special and (value < end if beyond < 0 else value > end)
            ]
    if parameter.choices:
        bad += ["no such choice"]
    return bad


@pytest.fixture(scope="module")
def nodes() -> Iterator[dict[str, TalkingHeadNode]]:
    """Every node, unconfigured."""
    asleep = [RosParameter("autostart", value=False)]
    with Graph() as graph:

        def make(entry: NodeEntry) -> TalkingHeadNode:
            return graph.add(lambda context: entry.load()(context=context, parameter_overrides=asleep))

        yield {name: make(entry) for name, entry in NODES.items()}


@pytest.mark.parametrize(("node", "parameter"), EVERY, ids=[f"{n}.{p.name}" for n, p in EVERY])
def test_the_table_is_whole(node: str, parameter: Parameter) -> None:
    assert len(parameter.description) > 10
    assert parameter.refuse(parameter.default) is None
    assert [p.name for p in TABLES[node]].count(parameter.name) == 1
    if type(parameter.default) in (int, float):
        assert parameter.minimum is not None, "a number has a range"
        assert parameter.maximum is not None
        assert all(parameter.refuse(value) is None for value in parameter.special)
        for end in (parameter.minimum, parameter.maximum):
            assert parameter.refuse(type(parameter.default)(end)) is None


def test_bad_values_are_refused_by_name_at_run_time(nodes: dict[str, TalkingHeadNode]) -> None:
    for name, parameter in EVERY:
        node = nodes[name]
        before = node.value(parameter.name)
        for value in (*bad_values(parameter), None):
            result = node.set_parameters([RosParameter(parameter.name, value=value)])[0]
            assert not result.successful, (name, parameter.name, value)
            assert parameter.name in result.reason
            assert node.value(parameter.name) == before
            refused = parameter.refuse(value)
            assert refused is not None
            assert result.reason == (
                f"{parameter.name} is read-only: say it when the node starts" if parameter.read_only else refused
            )


def representative(node: str) -> Iterator[tuple[str, object]]:
    """A bad value of each sort, each of another parameter of the node where there is one."""
    for kind in (bool, int, float, str):
        of_kind = [p for p in TABLES[node] if type(p.default) is kind]
        for parameter, value in zip(of_kind, (WRONG_TYPES[kind][0], *bad_values(of_kind[-1])[4:]), strict=False):
            if parameter.refuse(value) is not None:
                yield parameter.name, value


@pytest.mark.parametrize("node", NODES)
def test_bad_values_in_the_parameter_file_are_refused_by_name(
    node: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    with ros_domain():
        for name, value in representative(node):
            file.write_text(f"/**/{node}:\n  ros__parameters:\n    {name}: {_yaml(value)}\n")
            arguments = ["--ros-args", "--params-file", str(file)]
            assert spin_nodes(lambda: [NODES[node].load()()], arguments) == 2, (name, value)
            said = capfd.readouterr().err
            assert any(line.startswith("error:") and name in line for line in said.splitlines()), said


@given(data=st.data())
def test_any_number_is_kept_or_refused_by_name(data: st.DataObject) -> None:
    _, parameter = data.draw(st.sampled_from([(n, p) for n, p in EVERY if type(p.default) in (int, float)]))
    kind = type(parameter.default)
    value = data.draw(st.floats() if kind is float else st.integers(-(2**63), 2**63 - 1))
    assert parameter.minimum is not None
    assert parameter.maximum is not None
    good = parameter.minimum <= value <= parameter.maximum or value in parameter.special
    reason = parameter.refuse(value)
    assert (reason is None) == good
    assert good or str(reason).startswith(parameter.name)


def test_several_are_set_together_or_not_at_all(nodes: dict[str, TalkingHeadNode]) -> None:
    node = nodes["face_renderer"]
    good = [RosParameter("idle_motion", value=0.25), RosParameter("jpeg_quality", value=50)]
    assert node.set_parameters_atomically(good).successful
    for bad in (RosParameter("idle_seed", value=-1), RosParameter("width", value=64), RosParameter("no_such", value=1)):
        changes = [RosParameter("idle_motion", value=0.75), bad, RosParameter("jpeg_quality", value=75)]
        result = node.set_parameters_atomically(changes)
        assert not result.successful
        assert bad.name in result.reason
        assert (node.value("idle_motion"), node.value("jpeg_quality")) == (0.25, 50)


def test_descriptors_tell_type_range_and_whether_it_may_change(nodes: dict[str, TalkingHeadNode]) -> None:
    for name, parameter in EVERY:
        told = nodes[name].describe_parameter(parameter.name)
        assert told.read_only == parameter.read_only
        assert told.description.startswith(parameter.description)
        assert told.additional_constraints == parameter.range_text()
        if parameter.unit:
            assert f"[{parameter.unit}]" in told.description


def _yaml(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else repr(value)
