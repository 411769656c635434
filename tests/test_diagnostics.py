"""Diagnostics: every threshold of every node is crossed and crossed back; trends; what clipped and lossy sound looks like."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import numpy as np
from audio_common_msgs.msg import AudioData, AudioDataStamped
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from tests.conftest import NODES
from th_common.health import Health, Level
from th_common.node import TalkingHeadNode, time_message
from th_common.testing import Graph
from th_common.thresholds import NEVER, Threshold, Trend

EVERY = [(name, threshold) for name, entry in NODES.items() for threshold in entry.load().thresholds]


@pytest.fixture(scope="module")
def nodes() -> Iterator[dict[str, TalkingHeadNode]]:
    """Every node, configured; what it would measure is said by the tests."""
    values = {"autostart": False, "port": 0, "height": 64, "width": 64, "display": "none", "source": "topic"}
    with Graph() as graph:

        def make(name: str) -> TalkingHeadNode:
            known = {p.name for p in NODES[name].load().parameters} | {"autostart"}
            overrides = [RosParameter(key, value=value) for key, value in values.items() if key in known]
            return graph.add(lambda context: NODES[name].load()(context=context, parameter_overrides=overrides))

        yield {name: make(name) for name in NODES}


@pytest.mark.parametrize(("name", "threshold"), EVERY, ids=[f"{n}.{t.name}" for n, t in EVERY])
def test_a_threshold_is_crossed_and_crossed_back(
    nodes: dict[str, TalkingHeadNode], name: str, threshold: Threshold, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = nodes[name]
    limit = 0.5 * (threshold.minimum + threshold.maximum)
    assert node.set_parameters([RosParameter(threshold.name, value=limit)])[0].successful, "it may change at run time"
    beyond = -1.0 if threshold.below else 1.0
    for value, warned in ((limit + beyond, True), (limit, False), (limit + beyond, True), (limit - beyond, False)):
        monkeypatch.setattr(node, "update_health", lambda value=value: node.health.set(threshold.key, value))
        node.publish_diagnostics()
        shown = node.health.snapshot()
        assert (shown.level == Level.WARN) == warned, shown.message
        assert (f"{threshold.name}: {threshold.key} is {value:.4g}, " in shown.message) == warned
    node.health.set(threshold.key, "no number")
    if threshold.minimum >= 0.0:
        node.health.set(threshold.key, limit + beyond)
        assert node.set_parameters([RosParameter(threshold.name, value=NEVER)])[0].successful
    assert not threshold.judge(node.health, node.value(threshold.name))
    assert node.health.snapshot().level == Level.OK


def test_trends_are_of_what_came_since_the_last_look() -> None:
    now = [10.0]
    trend = Trend(clock=lambda: now[0])
    assert trend.per_second("frames", 100) == 0.0
    assert trend.percent("lost", 5, 100) == 0.0
    now[0] += 2.0
    assert trend.per_second("frames", 220) == pytest.approx(60.0)
    assert trend.percent("lost", 8, 160) == pytest.approx(5.0)
    assert trend.percent("lost", 8, 160) == 0.0
    now[0] += 1.0
    assert trend.per_second("frames", 0) == 0.0, "a counter that began again"


def test_numbers_and_faults_can_be_asked() -> None:
    health = Health()
    health.set("rate", 16000)
    health.set("state", "resting")
    assert (health.number("rate"), health.number("state"), health.number("nothing")) == (16000.0, None, None)
    health.set("rate", "none yet")
    assert health.number("rate") is None
    health.raise_fault("loss", "much")
    assert (health.fault("loss"), health.fault("gain")) == ("much", None)


def test_sound_that_is_clipped_and_full_of_holes_is_told() -> None:
    with Graph() as graph:
        node = graph.add(lambda context: NODES["audio_features"].load()(context=context))
        voice = graph.add(lambda context: Node("voice", context=context))
        sound = voice.create_publisher(AudioDataStamped, "audio_stamped", 50)
        assert graph.wait(lambda: node.active and sound.get_subscription_count() > 0)
        loud = np.full(320, 32767, "<i2").tobytes()
        sent, told = 0, set()

        def both() -> bool:
            """Send 20 ms more, and of every five messages one is lost."""
            nonlocal sent
            message = AudioDataStamped(audio=AudioData(data=loud))
            message.header.stamp = time_message(100.0 + 0.02 * sent)
            sent += 2 if sent % 5 == 3 else 1
            sound.publish(message)
            node.publish_diagnostics()
            told.update(name for name in ("warn_loss", "warn_peak") if node.health.fault(name))
            return len(told) == 2

        assert graph.wait(both), node.health.snapshot()
