"""The node audio_source on real topics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("audio_common_msgs", reason="needs audio_common_msgs")

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Empty

from th_audio_io import devices
from th_audio_io.source_node import AudioSourceNode
from th_common.errors import DeviceError
from th_common.stamps import to_seconds
from th_common.testing import Graph


class Ear:
    def __init__(self, graph: Graph) -> None:
        node = graph.add(lambda context: Node("ear", context=context))
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.stamped: list[tuple[float, bytes]] = []
        self.plain: list[bytes] = []
        self.info: list[AudioInfo] = []
        node.create_subscription(AudioInfo, "audio_info", self.info.append, latched)
        node.create_subscription(AudioData, "audio", self._hear, 50)
        node.create_subscription(AudioDataStamped, "audio_stamped", self._hear_stamped, 50)

    def _hear(self, message: AudioData) -> None:
        self.plain.append(bytes(message.data))

    def _hear_stamped(self, message: AudioDataStamped) -> None:
        self.stamped.append((to_seconds(message.header.stamp), bytes(message.audio.data)))

    def sound(self) -> bytes:
        return b"".join(data for _, data in self.stamped)


def start(graph: Graph, **values: Any) -> AudioSourceNode:
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    return graph.add(lambda context: AudioSourceNode(context=context, parameter_overrides=overrides))


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, bytes]:
    sound = np.random.default_rng(5).integers(-20000, 20000, (6000, 2)).astype("<i2")
    soundfile.write(tmp_path / "sound.wav", sound, 24000, subtype="PCM_16")
    return tmp_path / "sound.wav", sound.tobytes()


def test_file_comes_out_as_it_is_on_both_topics(recording: tuple[Path, bytes]) -> None:
    path, sound = recording
    with Graph() as graph:
        ear = Ear(graph)
        node = start(graph, source=str(path), loop=False, pause=0.0)
        length = len(sound) + 24000 * 4  # and a second of silence
        assert graph.wait(lambda: len(ear.sound()) >= length)
        assert graph.wait(lambda: len(b"".join(ear.plain)) >= length)
        assert ear.sound() == sound + bytes(24000 * 4)
        assert b"".join(ear.plain) == ear.sound()
        info = ear.info[0]
        assert (info.channels, info.sample_rate, info.sample_format, info.coding_format) == (2, 24000, "S16LE", "wave")
        stamps = np.array([t for t, _ in ear.stamped])
        assert {len(d) for _, d in ear.stamped[:-1]} == {384 * 4}
        np.testing.assert_allclose(np.diff(stamps), 0.016, atol=5e-4)
        assert graph.wait(lambda: node._thread is not None and not node._thread.is_alive())


def test_a_stop_ends_a_recording_until_the_node_is_activated_again(recording: tuple[Path, bytes]) -> None:
    with Graph() as graph:
        ear = Ear(graph)
        node = start(graph, source=str(recording[0]), loop=True, pause=0.0)
        caller = graph.add(lambda context: Node("caller", context=context))
        stop = caller.create_publisher(Empty, "face/stop_now", 10)
        assert graph.wait(lambda: stop.get_subscription_count() > 0 and len(ear.stamped) > 10)
        stop.publish(Empty())
        assert graph.wait(lambda: node._thread is not None and not node._thread.is_alive())
        node.trigger_deactivate()
        ear.stamped.clear()
        node.trigger_activate()
        assert graph.wait(lambda: len(ear.sound()) >= len(recording[1]))
        assert ear.sound()[: len(recording[1])] == recording[1]


def test_loop_begins_again_behind_the_pause(recording: tuple[Path, bytes]) -> None:
    path, sound = recording
    with Graph() as graph:
        ear = Ear(graph)
        start(graph, source=str(path), pause=0.1)
        expected = sound + bytes(2400 * 4) + sound
        assert graph.wait(lambda: len(ear.sound()) >= len(expected))
        assert ear.sound().startswith(expected)


def test_lifecycle_stops_and_starts_the_sound(recording: tuple[Path, bytes]) -> None:
    path, _ = recording
    with Graph() as graph:
        ear = Ear(graph)
        node = start(graph, source=str(path), autostart=False)
        node.trigger_configure()
        assert not graph.wait(lambda: bool(ear.stamped), timeout=0.3)
        for _ in range(3):
            node.trigger_activate()
            ear.stamped.clear()
            assert graph.wait(lambda: len(ear.stamped) > 5)
            node.trigger_deactivate()
            assert node._thread is None
        node.trigger_cleanup()
        assert node.count_publishers("audio_stamped") == 0


@pytest.mark.parametrize(("name", "words"), [("none.wav", "there is no sound file"), ("bad.wav", "not a sound file")])
def test_wrong_path_is_one_sentence_and_the_node_lives(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF....rubbish")
    with Graph() as graph:
        node = start(graph, source=str(tmp_path / name))
        assert graph.wait(lambda: words in node.health.snapshot().message)
        assert not node.active


def test_missing_microphone_is_one_sentence_and_the_node_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Any:
        raise DeviceError("sound devices need PortAudio (Debian: libportaudio2)")

    monkeypatch.setattr(devices, "sounddevice", nothing)
    with Graph() as graph:
        node = start(graph, source="mic")
        assert graph.wait(lambda: "need PortAudio" in node.health.snapshot().message)
        assert not node.active


def test_topic_means_somebody_else_publishes() -> None:
    with Graph() as graph:
        node = start(graph, source="topic")
        assert graph.wait(lambda: node.active)
        assert node.count_publishers("audio_stamped") == 0


class FakeMicrophone:
    """Gives three chunks, then falls silent; the second one goes on."""

    made = 0

    def __init__(self, device: str, *, rate: int, channels: int, chunk: float) -> None:
        type(self).made += 1
        self.name, self.rate, self.channels, self.overruns = "Fake", rate, channels, 0
        self._left = 3 if self.made == 1 else 1000
        self._time = 1.0

    def read(self, timeout: float) -> tuple[bytes, float] | None:
        self._left -= 1
        self._time += 0.016
        return (bytes([self.made] * 512), self._time) if self._left >= 0 else None

    def close(self) -> None:
        pass


def test_microphone_that_goes_away_is_reported_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from th_audio_io import source_node

    monkeypatch.setattr(FakeMicrophone, "made", 0)
    monkeypatch.setattr(source_node, "MicrophoneSource", FakeMicrophone)
    monkeypatch.setattr(source_node, "RETRY", 0.1)
    with Graph() as graph:
        ear = Ear(graph)
        assert graph.wait(lambda: True)
        node = start(graph, source="mic")
        assert graph.wait(lambda: node.health.counter("microphone") == 1)
        assert graph.wait(lambda: b"\2" in ear.sound())
        assert graph.wait(lambda: "microphone" not in node.health.snapshot().message)
