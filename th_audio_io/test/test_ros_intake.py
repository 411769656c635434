"""The intake on real topics: both durabilities of audio_info, stamped and unstamped twins, hostile messages."""

from __future__ import annotations

import time
from array import array
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("audio_common_msgs", reason="needs audio_common_msgs")

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from th_audio_io.formats import to_s16
from th_audio_io.intake import Chunk
from th_audio_io.ros_intake import INTAKE_PARAMETERS, RosIntake
from th_common.node import TalkingHeadNode, time_message
from th_common.testing import Graph

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Listener(TalkingHeadNode):
    parameters = INTAKE_PARAMETERS

    def __init__(self, **kwargs: Any) -> None:
        self.chunks: list[Chunk] = []
        super().__init__("listener", **kwargs)

    def configure(self) -> None:
        self.sound = RosIntake(self, self.chunks.append)

    def update_health(self) -> None:
        self.sound.update_health()

    def cleanup(self) -> None:
        self.sound.close()


class Publisher:
    """Publishes as audio_capture does: the unstamped message first."""

    def __init__(self, graph: Graph, *, info_qos: QoSProfile = LATCHED) -> None:
        self.node = graph.add(lambda context: Node("operator", context=context))
        self.plain = self.node.create_publisher(AudioData, "audio", 50)
        self.stamped = self.node.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self.info = self.node.create_publisher(AudioInfo, "audio_info", info_qos)

    def matched(self) -> bool:
        return self.plain.get_subscription_count() > 0 and self.stamped.get_subscription_count() > 0

    def send(self, data: bytes, stamp: float | None, *, twin: bool = True) -> None:
        audio = AudioData(data=array("B", data))
        if twin or stamp is None:
            self.plain.publish(audio)
        if stamp is not None:
            message = AudioDataStamped(audio=audio)
            message.header.stamp = time_message(stamp)
            self.stamped.publish(message)


def announce(publisher: Publisher, **fields: Any) -> None:
    publisher.info.publish(AudioInfo(**fields))


def samples(node: Listener) -> np.ndarray:
    return np.concatenate([c.samples for c in node.chunks]) if node.chunks else np.zeros(0, np.float32)


def noise(count: int) -> bytes:
    return to_s16(np.random.default_rng(0).uniform(-0.9, 0.9, count))


def test_twin_topics_are_heard_once_and_stamps_win() -> None:
    with Graph() as graph:
        publisher = Publisher(graph)
        announce(publisher, channels=1, sample_rate=16000, sample_format="S16LE", coding_format="WAVE")
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(publisher.matched)
        sound = noise(4096)
        for n in range(0, 8192, 512):
            publisher.send(sound[n : n + 512], 100.0 + n / 2 / 16000)
        assert graph.wait(lambda: len(samples(node)) >= 4096)
        assert to_s16(samples(node)) == sound
        assert node.chunks[0].time == 100.0
        assert node.sound.intake.counters.streams == 1


@pytest.mark.parametrize("qos", [LATCHED, QoSProfile(depth=1)], ids=["latched", "volatile"])
def test_audio_info_is_heard_from_both_kinds_of_publisher(qos: QoSProfile) -> None:
    with Graph() as graph:
        publisher = Publisher(graph, info_qos=qos)
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(lambda: publisher.info.get_subscription_count() > 0)
        announce(publisher, channels=2, sample_rate=44100, sample_format="S32LE", coding_format="wave")
        assert graph.wait(lambda: node.sound.intake.format.rate == 44100)
        publisher.send(bytes(8 * 100), 5.0, twin=False)
        assert graph.wait(lambda: len(samples(node)) == 100)
        assert node.chunks[0].rate == 44100


def test_an_executor_that_was_busy_is_no_other_clock() -> None:
    """Sound is dated when it reaches the process: taken from there 0.8 s late it must not look like another machine's clock."""
    with Graph() as graph:
        publisher = Publisher(graph)
        announce(publisher, channels=1, sample_rate=16000, sample_format="S16LE", coding_format="wave")
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(publisher.matched)
        assert graph.wait(lambda: node.sound.intake.format.rate == 16000)
        sound = noise(512)
        publisher.send(sound, node.now(), twin=False)
        time.sleep(0.8)  # nobody takes it from the middleware
        assert graph.wait(lambda: len(samples(node)) >= 512)
        assert node.sound.offset == 0.0


def test_unstamped_sound_alone_is_heard() -> None:
    with Graph() as graph:
        publisher = Publisher(graph)
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(publisher.matched)
        sound = noise(256)

        def heard() -> bool:
            publisher.send(sound, None)
            return len(node.chunks) >= 20

        assert graph.wait(heard)
        assert to_s16(node.chunks[0].samples) == sound


def test_bad_input_is_reported_and_the_node_goes_on() -> None:
    with Graph() as graph:
        publisher = Publisher(graph)
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(publisher.matched)
        announce(publisher, channels=1, sample_rate=16000, sample_format="S16LE", coding_format="opus")
        assert graph.wait(lambda: "opus" in node.health.snapshot().message)
        publisher.send(noise(256), 1.0)
        assert graph.wait(lambda: node.sound.intake.counters.refused > 0)
        announce(publisher, channels=1, sample_rate=16000, sample_format="S16LE", coding_format="wave")
        assert graph.wait(lambda: "audio format" not in node.health.snapshot().message)
        publisher.send(noise(256), 2.0)
        assert graph.wait(lambda: len(samples(node)) == 256)
        node.update_health()
        assert node.health.snapshot().values["audio refused messages"] == "1"


def test_unstamped_sound_takes_over_when_the_stamped_topic_falls_silent() -> None:
    with Graph() as graph:
        publisher = Publisher(graph)
        announce(publisher, channels=1, sample_rate=16000, sample_format="S16LE", coding_format="wave")
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(publisher.matched)
        publisher.send(noise(256), 100.0)
        assert graph.wait(lambda: publisher.plain.get_subscription_count() == 0)  # its twin is not even received
        assert graph.wait(lambda: len(samples(node)) == 256)

        def heard() -> bool:
            publisher.send(noise(256), None)
            return len(samples(node)) > 512

        assert graph.wait(heard)
        assert [c.start for c in node.chunks[:2]] == [True, True]


def test_sound_that_waited_for_what_it_overtook_is_as_late_as_that() -> None:
    """Whoever asks how long the machine took must not count how long the network took."""
    with Graph() as graph:
        publisher = Publisher(graph)
        announce(publisher, channels=1, sample_rate=16000, sample_format="S16LE", coding_format="wave")
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(publisher.matched)
        sound, size = noise(12 * 256), 256 * 2
        numbers = [0, 2, 1, 3, 5, 4, 6, 7]  # the first straggler teaches, the second is waited for
        for n in numbers:
            heard = node.sound.intake.counters.messages + node.sound._buffer.held
            publisher.send(sound[n * size : (n + 1) * size], 100.0 + n * 0.016, twin=False)
            assert graph.wait(lambda heard=heard: node.sound.intake.counters.messages + node.sound._buffer.held > heard)
        assert graph.wait(lambda: node.chunks[-1].end > 100.127)
        arrivals = {round((c.time - 100.0) / 0.016): c.arrival for c in node.chunks}
        assert arrivals[5] == arrivals[4], "the one that was waited for"
        assert arrivals[4] > arrivals[3]


def test_the_last_words_are_heard_though_one_before_them_is_lost() -> None:
    """What waits for a lost message is given out when the wait is over, not when somebody speaks again."""
    with Graph() as graph:
        publisher = Publisher(graph)
        announce(publisher, channels=1, sample_rate=16000, sample_format="S16LE", coding_format="wave")
        node = graph.add(lambda context: Listener(context=context))
        assert graph.wait(publisher.matched)
        sound, size = noise(12 * 256), 256 * 2
        for n in (0, 2, 1, 3, 5, 6):  # the straggler teaches to wait; 4 is lost
            arrived = node.sound._last_arrival
            publisher.send(sound[n * size : (n + 1) * size], 100.0 + n * 0.016, twin=False)
            assert graph.wait(lambda arrived=arrived: node.sound._last_arrival != arrived)
        assert graph.wait(lambda: bool(node.chunks) and node.chunks[-1].end > 100.11, 5.0)


def test_two_who_speak_on_one_topic_are_named() -> None:
    with Graph() as graph:
        first, node = Publisher(graph), graph.add(lambda context: Listener(context=context))
        assert graph.wait(first.matched)
        assert graph.wait(lambda: node.count_publishers("audio_stamped") == 1)
        node.update_health()
        assert "several" not in node.health.snapshot().message
        second = Publisher(graph)
        assert graph.wait(lambda: node.count_publishers("audio_stamped") == 2)
        node.update_health()
        assert "stop all but one" in node.health.snapshot().message
        second.node.destroy_publisher(second.stamped)
        second.node.destroy_publisher(second.plain)
        assert graph.wait(lambda: node.count_publishers("audio_stamped") == 1)
        node.update_health()
        assert "several" not in node.health.snapshot().message
