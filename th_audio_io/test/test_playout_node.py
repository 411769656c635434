"""The node audio_playout on real topics: when the delayed sound leaves, and what it is."""

from __future__ import annotations

import time
from array import array
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("th_msgs", reason="needs th_msgs")

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Empty
from th_msgs.msg import FacialCode

from th_audio_io import playout_node
from th_audio_io.playout import OutputSchedule
from th_audio_io.playout_node import AudioPlayoutNode
from th_common.errors import DeviceError
from th_common.node import time_message
from th_common.stamps import to_seconds
from th_common.testing import Graph

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SOUND = np.random.default_rng(6).integers(-20000, 20000, 4800).astype("<i2").tobytes()


class Operator:
    """Publishes sound and codes, hears audio_delayed."""

    def __init__(self, graph: Graph, *, listen: bool = True) -> None:
        self.graph = graph
        self.node = graph.add(lambda context: Node("operator", context=context))
        self.sound = self.node.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self.info = self.node.create_publisher(AudioInfo, "audio_info", LATCHED)
        self.codes = self.node.create_publisher(FacialCode, "face/code", 10)
        self.heard: list[tuple[float, float, bytes]] = []
        self.delayed_info: list[AudioInfo] = []
        self.info.publish(AudioInfo(channels=1, sample_rate=16000, sample_format="S16LE", coding_format="wave"))
        self.node.create_subscription(AudioInfo, "audio_delayed_info", self.delayed_info.append, LATCHED)
        if listen:
            self.listen()

    def listen(self) -> None:
        self.node.create_subscription(AudioDataStamped, "audio_delayed", self._hear, 50)

    def _hear(self, message: AudioDataStamped) -> None:
        self.heard.append((to_seconds(message.header.stamp), time.time(), bytes(message.audio.data)))

    def code(self, delay: float) -> None:
        now = time.time()
        message = FacialCode(present_at=time_message(now + delay))
        message.header.stamp = time_message(now)
        self.codes.publish(message)

    def speak(self, begin: float | None = None) -> float:
        """0.3 s of sound, captured from `begin` (now) on, all at once; returns `begin`."""
        assert self.graph.wait(lambda: self.sound.get_subscription_count() > 0)
        begin = time.time() if begin is None else begin
        for at in range(0, len(SOUND), 640):
            message = AudioDataStamped(audio=AudioData(data=array("B", SOUND[at : at + 640])))
            message.header.stamp = time_message(begin + at / 32000)
            self.sound.publish(message)
        return begin

    def delayed(self) -> bytes:
        return b"".join(data for _, _, data in self.heard)


def start(graph: Graph, **values: Any) -> AudioPlayoutNode:
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    return graph.add(lambda context: AudioPlayoutNode(context=context, parameter_overrides=overrides))


def test_sound_leaves_at_capture_time_plus_the_parameter() -> None:
    with Graph() as graph:
        operator = Operator(graph)
        node = start(graph, presentation_delay=0.4)
        begin = operator.speak()
        assert graph.wait(lambda: len(operator.delayed()) >= len(SOUND))
        assert operator.delayed() == SOUND
        stamps = np.array([stamp for stamp, _, _ in operator.heard])
        np.testing.assert_allclose(stamps, begin + 0.4 + 0.02 * np.arange(len(stamps)), atol=1e-3)
        arrivals = np.array([arrival for _, arrival, _ in operator.heard])
        assert (arrivals - stamps > -0.002).all()
        assert graph.wait(lambda: bool(operator.delayed_info))
        assert operator.delayed_info[0].sample_rate == 16000
        node.publish_diagnostics()
        assert node.health.snapshot().values["delay from"] == "parameter"


def test_codes_say_the_delay() -> None:
    with Graph() as graph:
        operator = Operator(graph)
        node = start(graph, presentation_delay=5.0)
        assert graph.wait(lambda: operator.codes.get_subscription_count() > 0)
        begin = operator.speak()
        operator.code(0.5)
        assert graph.wait(lambda: len(operator.delayed()) >= len(SOUND))
        assert node.delay == pytest.approx(0.5, abs=1e-3)
        assert operator.heard[0][0] == pytest.approx(begin + 0.5, abs=2e-3)


def test_impossible_delay_is_refused() -> None:
    with Graph() as graph:
        operator = Operator(graph)
        node = start(graph)
        assert graph.wait(lambda: operator.codes.get_subscription_count() > 0)
        operator.code(1000.0)
        assert graph.wait(lambda: "out of range" in node.health.snapshot().message)
        assert node.delay == 0.25


def test_stamps_of_another_clock_are_played_now() -> None:
    with Graph() as graph:
        operator = Operator(graph)
        start(graph, presentation_delay=0.5)
        operator.speak(1000.0)
        assert graph.wait(lambda: len(operator.delayed()) >= len(SOUND))
        assert operator.delayed() == SOUND
        assert abs(operator.heard[0][0] - time.time()) < 5.0


def test_nothing_is_done_while_nobody_listens() -> None:
    with Graph() as graph:
        operator = Operator(graph, listen=False)
        node = start(graph)
        assert graph.wait(lambda: node.active)
        assert not graph.wait(lambda: operator.sound.get_subscription_count() > 0, timeout=0.5)
        operator.listen()
        assert graph.wait(lambda: operator.sound.get_subscription_count() > 0)


def test_missing_loudspeaker_is_named_and_the_topic_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **kwargs: object) -> None:
        raise DeviceError("there is no loudspeaker: this machine has no sound output device")

    monkeypatch.setattr(playout_node, "Loudspeaker", missing)
    with Graph() as graph:
        operator = Operator(graph)
        node = start(graph, loudspeaker=True, presentation_delay=0.5)
        assert graph.wait(lambda: "there is no loudspeaker" in node.health.snapshot().message)
        operator.speak()
        assert graph.wait(lambda: len(operator.delayed()) >= len(SOUND))


def test_a_stop_cuts_what_waits_and_what_comes_after_is_played() -> None:
    with Graph() as graph:
        operator = Operator(graph)
        node = start(graph, presentation_delay=1.0)
        stop = operator.node.create_publisher(Empty, "face/stop_now", 10)
        assert graph.wait(lambda: stop.get_subscription_count() > 0)
        operator.speak()
        assert graph.wait(lambda: node._line.waiting() > 0.29)
        stop.publish(Empty())
        assert graph.wait(lambda: node.stops.newest != 0)
        assert graph.wait(lambda: node._line.waiting() == 0.0)
        begin = operator.speak()
        assert graph.wait(lambda: len(operator.delayed()) >= len(SOUND))
        assert operator.delayed() == SOUND
        assert operator.heard[0][0] == pytest.approx(begin + 1.0, abs=2e-3)


def test_bad_format_in_the_parameters_is_said_at_once() -> None:
    with Graph() as graph:
        node = start(graph, sample_format="S17LE")
        assert graph.wait(lambda: "'S17LE' is not supported" in node.health.snapshot().message)
        assert not node.active


class FakeLoudspeaker:
    name, latency, underflows, playing = "Fake", 0.01, 0, True
    schedule = OutputSchedule(16000)

    def __init__(self) -> None:
        self.played: list[tuple[np.ndarray, int, float]] = []

    def play(self, samples: np.ndarray, rate: int, due: float) -> None:
        self.played.append((samples, rate, due))

    def clear(self) -> None:
        self.played.clear()

    def close(self) -> None:
        pass


def test_loudspeaker_gets_the_sound_ahead_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeLoudspeaker()
    monkeypatch.setattr(playout_node, "Loudspeaker", lambda *args, **kwargs: fake)
    with Graph() as graph:
        operator = Operator(graph, listen=False)
        start(graph, loudspeaker=True, presentation_delay=0.5)
        begin = operator.speak()
        shift = time.monotonic() - time.time()
        assert graph.wait(lambda: sum(len(s) for s, _, _ in fake.played) * 2 >= len(SOUND))
        dues = np.array([due for _, _, due in fake.played])
        np.testing.assert_allclose(dues, begin + shift + 0.5 + 0.02 * np.arange(len(dues)), atol=2e-3)


def test_a_lost_loudspeaker_is_named_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[FakeLoudspeaker] = []

    def open_one(*args: object, **kwargs: object) -> FakeLoudspeaker:
        opened.append(FakeLoudspeaker())
        return opened[-1]

    monkeypatch.setattr(playout_node, "Loudspeaker", open_one)
    with Graph() as graph:
        operator = Operator(graph, listen=False)
        node = start(graph, loudspeaker=True, presentation_delay=0.5)
        assert graph.wait(lambda: len(opened) == 1)
        opened[0].playing = False
        assert graph.wait(lambda: len(opened) == 2)
        assert "'Fake' stopped" in node.health.snapshot().message
        operator.speak()
        assert graph.wait(lambda: sum(len(s) for s, _, _ in opened[1].played) * 2 >= len(SOUND))


def test_sound_follows_a_delay_that_the_codes_change_in_mid_stream() -> None:
    with Graph() as graph:
        operator = Operator(graph)
        start(graph, presentation_delay=0.1)
        assert graph.wait(lambda: operator.codes.get_subscription_count() > 0)
        begin = time.time() + 0.3
        for n, delay in enumerate((0.5, 0.5, 0.6, 0.6)):  # one code for each 0.1 s of the sound
            message = FacialCode(present_at=time_message(begin + 0.1 * n + delay))
            message.header.stamp = time_message(begin + 0.1 * n)
            operator.codes.publish(message)
        operator.speak(begin)
        assert graph.wait(lambda: len(operator.delayed()) >= len(SOUND))
        delays = np.array([stamp for stamp, _, _ in operator.heard]) - begin - 0.02 * np.arange(len(operator.heard))
        capture = 0.02 * np.arange(len(delays))
        np.testing.assert_allclose(delays, np.interp(capture, (0.1, 0.2), (0.5, 0.6)), atol=2e-3)


def test_codes_tell_the_offset_of_another_clock() -> None:
    with Graph() as graph:
        operator = Operator(graph)
        node = start(graph, presentation_delay=0.5)
        assert graph.wait(lambda: operator.codes.get_subscription_count() > 0)
        now = time.time()
        message = FacialCode(present_at=time_message(now + 0.4))
        message.header.stamp = time_message(5000.0)
        message.timing.captured = now
        operator.codes.publish(message)
        operator.speak(5000.0)
        assert graph.wait(lambda: len(operator.delayed()) >= len(SOUND))
        assert node.delay == pytest.approx(0.4, abs=1e-3)
        assert operator.heard[0][0] == pytest.approx(now + 0.4, abs=2e-3)
