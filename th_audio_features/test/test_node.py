"""The node on real topics: what comes out is what extract() gives, at the right times."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("th_msgs", reason="needs th_msgs, made by colcon build")

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from th_msgs.msg import AudioFeatures

from th_audio_features import FeatureStream, extract
from th_audio_features.node import AudioFeaturesNode
from th_common.node import time_message
from th_common.stamps import to_seconds
from th_common.testing import Graph

from .golden import recording

RATE = 16_000
CHUNK = 320
EPOCH = 1000.0  # the operator's clock is not ours
BURST = 4


class Operator(Node):
    """Publishes sound as an operator's machine does, and hears the features."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("operator", **kwargs)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._sound = self.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self._info = self.create_publisher(AudioInfo, "audio_info", latched)
        self.heard: list[AudioFeatures] = []
        self.create_subscription(AudioFeatures, "audio_features", self.heard.append, 100)
        self.sent = 0

    @property
    def features(self) -> np.ndarray:
        return np.array([message.feature for message in self.heard], np.float32).reshape(-1, 40)

    @property
    def frames(self) -> list[int]:
        return [message.frame for message in self.heard]

    @property
    def stamps(self) -> np.ndarray:
        return np.array([to_seconds(message.header.stamp) for message in self.heard])

    def announce(self, rate: int = RATE, sample_format: str = "S16LE") -> None:
        self._info.publish(AudioInfo(channels=1, sample_rate=rate, sample_format=sample_format, coding_format="wave"))

    def matched(self) -> bool:
        return self._sound.get_subscription_count() > 0 and self.count_publishers("audio_features") > 0

    def say(self, samples: np.ndarray, stamp: float) -> None:
        message = AudioDataStamped(audio=AudioData(data=array("B", samples.tobytes())))
        message.header.stamp = time_message(stamp)
        self._sound.publish(message)
        self.sent += 1


class Bench:
    def __init__(self, graph: Graph, **parameters: Any) -> None:
        self.graph = graph
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.operator = graph.add(lambda context: Operator(context=context))
        self.node = graph.add(lambda context: AudioFeaturesNode(context=context, parameter_overrides=overrides))
        assert graph.wait(lambda: self.node.active and self.operator.matched())

    def announce(self, rate: int = RATE, sample_format: str = "S16LE") -> None:
        self.operator.announce(rate, sample_format)
        assert self.graph.wait(lambda: self._format == (rate, sample_format))

    @property
    def _format(self) -> tuple[int, str]:
        audio_format = self.node._intake.intake.format
        return audio_format.rate, audio_format.sample_format

    def say(self, samples: np.ndarray, start: float = EPOCH, *, rate: int = RATE) -> None:
        """Send samples in messages of 20 ms, as fast as they are taken, stamped as if captured from `start` on."""
        size = rate // 50
        for i in range(0, len(samples), size):
            self.operator.say(samples[i : i + size], start + i / rate)
            if self.operator.sent % BURST == 0:
                assert self.graph.wait(self.taken)
        assert self.graph.wait(self.taken)

    def taken(self) -> bool:
        return self.node._intake.intake.counters.messages >= self.operator.sent

    def hears(self, count: int) -> bool:
        """Whether `count` frames come, with the last ones after the sound has stopped."""
        return self.graph.wait(lambda: len(self.operator.heard) >= count)

    def health(self) -> dict[str, str]:
        self.node.update_health()
        return self.node.health.snapshot().values


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Graph() as graph:
        bench = Bench(graph, idle_timeout=1.0)  # longer than a busy machine may pause between two messages
        bench.announce()
        yield bench


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return recording()[1][: RATE * 3 // 2]


def as_float(samples: np.ndarray) -> np.ndarray:
    return (samples / 32768).astype(np.float32)


def test_a_recording_becomes_the_features_that_extract_gives(bench: Bench, speech: np.ndarray) -> None:
    expected = extract(speech, RATE, "robot")
    bench.say(speech)
    assert bench.hears(len(expected))
    operator = bench.operator
    assert np.array_equal(operator.features, expected)
    assert operator.frames == list(range(len(expected)))
    assert {message.profile for message in operator.heard} == {"robot"}
    centres = EPOCH + (np.arange(len(expected)) + 1) / 60
    np.testing.assert_allclose(operator.stamps, centres, atol=1e-4)
    health = bench.health()
    assert health["frames"] == str(len(expected))
    assert health["streams"] == "1"
    assert health["audio rate Hz"] == str(RATE)
    assert float(health["processing ms per frame"]) > 0


def test_a_short_gap_is_bridged(bench: Bench, speech: np.ndarray) -> None:
    gapped = speech.copy()
    gapped[RATE // 2 : RATE // 2 + 2 * CHUNK] = 0
    bench.say(speech[: RATE // 2])
    bench.say(speech[RATE // 2 + 2 * CHUNK :], EPOCH + 0.5 + 2 * CHUNK / RATE)
    expected, silent = extract(speech, RATE, "robot"), extract(gapped, RATE, "robot")
    assert bench.hears(len(expected))
    assert bench.operator.frames == list(range(len(expected)))
    features = bench.operator.features
    np.testing.assert_allclose(features[:20], expected[:20])
    errors = [(np.abs(x - expected) / expected.std(axis=0))[:, :39].mean() for x in (features, silent)]
    assert errors[0] < 0.7 * errors[1], "what is made up is nearer to what was lost than silence"
    np.testing.assert_allclose(bench.operator.stamps, EPOCH + (np.arange(len(expected)) + 1) / 60, atol=2e-4)
    assert abs(int(bench.health()["audio concealed samples"]) - 2 * CHUNK) <= 2


@pytest.mark.parametrize("jump", [1.0, -5.0], ids=["long gap", "backward"])
def test_a_jump_in_time_begins_a_new_stream(bench: Bench, speech: np.ndarray, jump: float) -> None:
    half = RATE // 2
    first, second = extract(speech[:half], RATE, "robot"), extract(speech[half:], RATE, "robot")
    bench.say(speech[:half])
    bench.say(speech[half:], EPOCH + 0.5 + jump)
    assert bench.hears(len(first) + len(second))
    assert bench.operator.frames == [*range(len(first)), *range(len(second))]
    assert np.array_equal(bench.operator.features, np.concatenate([first, second]))
    assert bench.operator.stamps[len(first)] == pytest.approx(EPOCH + 0.5 + jump + 1 / 60, abs=1e-4)
    assert bench.health()["streams"] == "2"


def test_a_source_that_sends_half_seconds_is_one_stream_once_it_is_known(speech: np.ndarray) -> None:
    """Its pauses are longer than idle_timeout: the first ends a stream, the others are known."""
    half = RATE // 2
    with Graph() as graph:
        bench = Bench(graph, idle_timeout=0.05)
        bench.announce()
        for i in range(6):
            bench.operator.say(np.roll(speech, i * 999)[:half], EPOCH + i * 0.5)
            assert graph.wait(bench.taken)
            if i < 5:
                graph.wait(lambda: False, timeout=0.2)  # the pause is what is tested
        assert graph.wait(lambda: len(bench.operator.heard) >= 6 * 30 - 2)
        assert bench.operator.frames == [*range(29), *range(6 * 30 - 31)]
        assert bench.health()["streams"] == bench.health()["audio streams"] == "2"


@pytest.fixture
def small_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("th_audio_io.ros_intake.MESSAGES", 256)


def test_sound_that_comes_faster_than_it_is_worked_on_is_not_spliced(
    small_mailbox: None, bench: Bench, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the mailbox drops is a gap like any other: where frames follow on each other, so do their times."""
    go_on = threading.Event()
    go_on.set()
    push = FeatureStream.push

    def wait_and_push(stream: FeatureStream, samples: np.ndarray) -> np.ndarray:
        assert go_on.wait(30.0)
        return push(stream, samples)

    monkeypatch.setattr(FeatureStream, "push", wait_and_push)
    sound = np.tile(speech, 6)[: 430 * CHUNK]
    bench.say(sound[: 30 * CHUNK])
    go_on.clear()
    for i in range(30 * CHUNK, len(sound), CHUNK):
        bench.operator.say(sound[i : i + CHUNK], EPOCH + i / RATE)
        arrived = bench.node._intake._last_arrival
        assert bench.graph.wait(lambda before=arrived: bench.node._intake._last_arrival != before)
    assert int(bench.health()["sound overrun"]) >= 100
    go_on.set()
    last = EPOCH + len(sound) / RATE
    assert bench.graph.wait(lambda: bool(bench.operator.heard) and bench.operator.stamps[-1] > last - 0.1)
    frames, stamps = np.array(bench.operator.frames), bench.operator.stamps
    goes_on = np.diff(frames) == 1
    np.testing.assert_allclose(np.diff(stamps)[goes_on], 1 / 60, atol=1e-3)
    assert (~goes_on).sum() == 1
    assert bench.health()["streams"] == "2"


def test_a_message_that_lost_a_byte_is_one_bad_message(bench: Bench, speech: np.ndarray) -> None:
    many = np.tile(speech, 2)
    bench.say(many[: 60 * CHUNK])
    cut = many[60 * CHUNK : 61 * CHUNK].tobytes()[:-1]
    bench.operator.say(np.frombuffer(cut, np.uint8), EPOCH + 60 * CHUNK / RATE)
    bench.say(many[61 * CHUNK :], EPOCH + 61 * CHUNK / RATE)
    expected = extract(many, RATE, "robot")
    assert bench.hears(len(expected) - 1)
    rest = slice(85, len(expected) - 5)
    np.testing.assert_allclose(bench.operator.features[rest, 12], expected[rest, 12], atol=0.2)
    health = bench.health()
    assert (health["audio broken samples"], health["streams"]) == ("1", "1")


def test_another_rate_begins_a_new_stream(bench: Bench, speech: np.ndarray) -> None:
    bench.say(speech[:RATE])
    first = extract(speech[:RATE], RATE, "robot")
    other = np.repeat(speech[:RATE], 3)
    second = extract(as_float(other), 48_000, "robot")
    bench.announce(48_000, "F32LE")
    bench.say(as_float(other), EPOCH + 1.0, rate=48_000)
    assert bench.hears(len(first) + len(second))
    assert np.array_equal(bench.operator.features, np.concatenate([first, second]))
    assert bench.operator.frames == [*range(len(first)), *range(len(second))]


def test_hostile_sound_gives_finite_features_and_a_living_node(bench: Bench) -> None:
    bench.announce(RATE, "F32LE")
    rng = np.random.default_rng(0)
    sound = rng.normal(size=RATE).astype(np.float32)
    sound[::97] = np.nan
    sound[5::1001] = np.inf
    sound[7::997] = 1e38
    bench.say(sound)
    assert bench.hears(len(extract(np.zeros(RATE, np.int16), RATE, "robot")))
    assert np.isfinite(bench.operator.features).all()
    assert bench.node.active


def test_when_the_sound_stops_the_last_frames_come_and_the_next_sound_starts_afresh(
    bench: Bench, speech: np.ndarray
) -> None:
    once = extract(speech[:RATE], RATE, "robot")
    bench.say(speech[:RATE])
    assert bench.hears(len(once))
    bench.say(speech[:RATE], EPOCH + 60.0)
    assert bench.hears(2 * len(once))
    assert np.array_equal(bench.operator.features, np.concatenate([once, once]))
    assert bench.operator.frames[len(once)] == 0


def test_an_inactive_node_is_silent(bench: Bench, speech: np.ndarray) -> None:
    bench.node.trigger_deactivate()
    bench.say(speech[: RATE // 2])
    assert bench.graph.wait(bench.taken)
    assert bench.operator.heard == []
    bench.node.trigger_activate()
    bench.say(speech[:RATE], EPOCH + 60.0)
    assert bench.hears(len(extract(speech[:RATE], RATE, "robot")))


def test_the_profile_is_a_parameter(speech: np.ndarray) -> None:
    with Graph() as graph:
        bench = Bench(graph, profile="live", idle_timeout=0.5)
        bench.announce()
        expected = extract(speech, RATE, "live")
        bench.say(speech)
        assert bench.hears(len(expected))
        assert np.array_equal(bench.operator.features, expected)
        assert bench.operator.heard[0].profile == "live"


def test_an_unknown_profile_is_refused_in_words() -> None:
    with (
        Graph() as graph,
        pytest.raises(InvalidParameterValueException, match="profile must be one of , paper, robot, live"),
    ):
        graph.add(
            lambda context: AudioFeaturesNode(context=context, parameter_overrides=[Parameter("profile", value="x")])
        )


def test_the_executable_ends_cleanly() -> None:
    with Graph() as graph:
        operator = graph.add(lambda context: Operator(context=context))
        command = [sys.executable, "-m", "th_audio_features.node"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                assert graph.wait(operator.matched, 30.0)
                process.send_signal(signal.SIGINT)
                output, _ = process.communicate(timeout=30.0)
            finally:
                process.kill()
        assert process.returncode == 0, output
