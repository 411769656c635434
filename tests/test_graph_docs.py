"""docs/topics.md and docs/diagnostics.md say what the running nodes have: topics, types, QoS, services, values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from audio_common_msgs.msg import AudioDataStamped
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from tests.conftest import NODES
from th_common.node import TalkingHeadNode
from th_common.testing import Graph

STANDARD = ("/parameter_events", "/rosout", "/clock")
"""Topics of every ROS node."""
SERVICES = ("lifecycle_msgs", "rcl_interfaces", "type_description_interfaces")
"""Packages of the services of every lifecycle node."""
VALUES = {
    "port": 0,
    "height": 64,
    "width": 64,
    "loop": True,
    "pause": 0.0,
    "presentation_delay": 5.0,
    "idle_timeout": 3.0,
    "vmc": "127.0.0.1:9",
}
"""Small pictures, so much time that a busy machine drops nothing, and an avatar program that nobody has started."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[TalkingHeadNode]]:
    """All nodes, active, after some speech with somebody who looks and listens."""
    with Graph() as graph:

        def make(name: str) -> TalkingHeadNode:
            known = {p.name for p in NODES[name].load().parameters}
            overrides = [RosParameter(key, value=value) for key, value in VALUES.items() if key in known]
            return graph.add(lambda context: NODES[name].load()(context=context, parameter_overrides=overrides))

        made = [make(name) for name in ("face_renderer", "audio_playout", "face_predictor", "audio_features")]
        guest = graph.add(lambda context: Node("guest", context=context))
        guest.create_subscription(Image, "face/image", lambda _: None, 1)
        guest.create_subscription(AudioDataStamped, "audio_delayed", lambda _: None, 10)
        made += [make("avatar_bridge"), make("audio_source")]
        renderer, playout, predictor, avatar = made[0], made[1], made[2], made[4]
        speaks = graph.wait(
            lambda: (
                renderer.stages.percentiles("transport") is not None
                and renderer.health.counter("codes") > 5
                and playout.health.number("buffer depth ms") is not None
                and predictor.stages.percentiles("lookahead") is not None
                and avatar.stages.percentiles("avatar") is not None
            ),
            120.0,
        )
        assert speaks, [node.health.snapshot() for node in made]
        for node in made:
            node.publish_diagnostics()
        yield made


def _qos(profile: QoSProfile) -> str:
    words = ["best effort" if profile.reliability == ReliabilityPolicy.BEST_EFFORT else "reliable", str(profile.depth)]
    return ", ".join(words + ["latched"] * (profile.durability == DurabilityPolicy.TRANSIENT_LOCAL))


def _type(kind: type) -> str:
    return f"{kind.__module__.split('.')[0]}/{kind.__name__}"


def _cell(ends: list[tuple[str, Any]]) -> str:
    """Who is at one end of a topic: names by QoS."""
    by_qos: dict[str, set[str]] = {}
    for name, entity in ends:
        by_qos.setdefault(_qos(entity.qos_profile), set()).add(name)
    return "; ".join(sorted(f"{', '.join(sorted(names))} ({qos})" for qos, names in by_qos.items()))


def topics(nodes: list[TalkingHeadNode]) -> dict[str, str]:
    """The rows of the table, without the meaning, by topic."""
    ends: dict[str, tuple[str, list[Any], list[Any]]] = {}
    for node in nodes:
        for side, entities in ((1, node.publishers), (2, node.subscriptions)):
            for entity in entities:
                topic = entity.topic_name
                passing = topic == "/audio" and side == 2  # heard only while nothing comes on audio_stamped
                if topic not in STANDARD and not topic.endswith("/transition_event") and not passing:
                    row = ends.setdefault(topic, (_type(entity.msg_type), [], []))
                    row[side].append((node.get_name(), entity))
    shown = {t: t.removeprefix("/") if t != "/diagnostics" else t for t in ends}
    return {
        shown[topic]: f"| `{shown[topic]}` | {kind} | {_cell(out)} | {_cell(into)} |"
        for topic, (kind, out, into) in sorted(ends.items())
    }


def services(nodes: list[TalkingHeadNode]) -> set[str]:
    """Rows of the services that not every node has."""
    return {
        f"| `{service.srv_name.removeprefix('/')}` | {_type(service.srv_type)} | {node.get_name()} |"
        for node in nodes
        for service in node.services
        if _type(service.srv_type).split("/")[0] not in SERVICES
    }


def _rows(page: Path, heading: str) -> list[str]:
    section = page.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_topics_are_those_of_the_running_nodes(nodes: list[TalkingHeadNode], root: Path) -> None:
    written = _rows(root / "docs" / "topics.md", "Topics")
    for topic, row in topics(nodes).items():
        assert any(line.startswith(row) for line in written), f"docs/topics.md should say of {topic}:\n{row} ... |"
    assert len(written) == len(topics(nodes)), "docs/topics.md has topics that there are not"


def test_the_services_are_those_of_the_running_nodes(nodes: list[TalkingHeadNode], root: Path) -> None:
    written = _rows(root / "docs" / "topics.md", "Services")
    for row in services(nodes):
        assert any(line.startswith(row) for line in written), f"docs/topics.md lacks\n{row} ... |"
    assert len(written) == len(services(nodes))


def test_the_values_on_diagnostics_are_all_explained(nodes: list[TalkingHeadNode], root: Path) -> None:
    page = root / "docs" / "diagnostics.md"
    everybody, hearers = (_keys(page, heading) for heading in ("Every node", "Nodes that hear the sound"))
    for node in nodes:
        seen = set(node.health.snapshot().values)
        written = _keys(page, node.get_name())
        hears = "audio streams" in seen
        known = {**everybody, **written, **(hearers if hears else {})}
        faults = set(_keys(page, "Faults"))  # each counts how often it was reported, in a value of its name
        assert seen - set(known) - faults == set(), f"docs/diagnostics.md, {node.get_name()}: these are missing"
        always = {key for key, row in known.items() if not row.rstrip(" |").endswith("(sometimes)")}
        assert always - seen == set(), f"docs/diagnostics.md, {node.get_name()}: these were not seen; (sometimes)?"


def test_every_threshold_is_explained_where_its_value_is(root: Path) -> None:
    page = root / "docs" / "diagnostics.md"
    hearers = _keys(page, "Nodes that hear the sound")
    for name, entry in NODES.items():
        rows = hearers | _keys(page, name)
        for threshold in entry.load().thresholds:
            assert f"`{threshold.name}`" in rows[threshold.key], f"{name}: {threshold.key} should name {threshold.name}"


def _keys(page: Path, heading: str) -> dict[str, str]:
    """Rows by the values that they explain; several may share one."""
    return {key: row for row in _rows(page, heading) for key in re.findall(r"`([^`]+)`", row.split("|")[1])}
