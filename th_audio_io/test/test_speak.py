"""The action speak: a goal becomes sound, codes come back, the result comes when the face has finished."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("audio_common_msgs", reason="needs audio_common_msgs")

from action_msgs.msg import GoalStatus
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Empty
from th_msgs.action import Speak
from th_msgs.msg import FacialCode

from th_audio_io import source_node
from th_audio_io.source_node import AudioSourceNode
from th_common.node import time_message
from th_common.stamps import to_seconds
from th_common.testing import Graph

RATE = 16_000
DELAY = 0.1


class Face:
    """Stands in for the rest of the graph: answers sound with codes, DELAY s later due."""

    def __init__(self, graph: Graph, *, answers: bool = True) -> None:
        self.node = graph.add(lambda context: Node("face", context=context))
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.info: list[AudioInfo] = []
        self.heard: list[tuple[float, np.ndarray]] = []
        self.stops: list[Empty] = []
        self._answers = answers
        self._codes = self.node.create_publisher(FacialCode, "face/code", 100)
        self.node.create_subscription(AudioInfo, "audio_info", self.info.append, latched)
        self.node.create_subscription(AudioDataStamped, "audio_stamped", self._hear, 100)
        self.node.create_subscription(Empty, "face/stop_now", self.stops.append, 10)

    def _hear(self, message: AudioDataStamped) -> None:
        stamp = to_seconds(message.header.stamp)
        self.heard.append((stamp, np.frombuffer(bytes(message.audio.data), "<i2")))
        if self._answers:
            code = FacialCode(present_at=time_message(stamp + DELAY))
            code.header.stamp = message.header.stamp
            self._codes.publish(code)

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate([samples for _, samples in self.heard]) if self.heard else np.zeros(0, "<i2")


class Talker:
    """A client that keeps what it is told."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.node = graph.add(lambda context: Node("talker", context=context))
        self.client = ActionClient(self.node, Speak, "speak")
        assert graph.wait(self.client.server_is_ready)

    def send(self, **fields: Any) -> Said:
        said = Said(self.graph)
        asked = self.client.send_goal_async(
            Speak.Goal(**fields), lambda message: said.feedback.append(message.feedback)
        )
        assert self.graph.wait(asked.done)
        said.handle = asked.result()
        assert said.handle.accepted
        said.answer = said.handle.get_result_async()
        return said


class Said:
    handle: Any
    answer: Any

    def __init__(self, graph: Graph) -> None:
        self.feedback: list[Speak.Feedback] = []
        self._graph = graph

    def result(self) -> Speak.Result:
        assert self._graph.wait(self.answer.done)
        self.status: int = self.answer.result().status
        result: Speak.Result = self.answer.result().result
        return result


def tone(seconds: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def wav(path: Path, seconds: float, level: float = 0.3, rate: int = RATE) -> str:
    soundfile.write(path, tone(seconds, level), rate, subtype="PCM_16")
    return str(path)


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as graph:
        yield graph


@pytest.fixture
def source(graph: Graph) -> Callable[..., AudioSourceNode]:
    def start(**values: Any) -> AudioSourceNode:
        overrides = [Parameter(name, value=value) for name, value in {"source": "topic", "wait": 3.0, **values}.items()]
        node = graph.add(lambda context: AudioSourceNode(context=context, parameter_overrides=overrides))
        assert graph.wait(lambda: node.active)
        return node

    return start


def test_a_file_is_said_and_the_result_comes_when_the_face_has_finished(
    graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path
) -> None:
    node, face = source(), Face(graph)
    talker = Talker(graph)
    assert node.count_publishers("audio_stamped") == 0, "nothing is offered before there is something to say"
    said = talker.send(path=wav(tmp_path / "hello.wav", 0.5, rate=22_050))
    result = said.result()
    finished = node.now()
    assert (said.status, result.success, result.outcome) == (GoalStatus.STATUS_SUCCEEDED, True, Speak.Result.FINISHED)
    assert result.message == ""
    assert result.duration == result.spoken == pytest.approx(8000 / 22_050)
    assert face.info[0].sample_rate == 22_050
    np.testing.assert_array_equal(face.sound[:8000], soundfile.read(tmp_path / "hello.wav", dtype="int16")[0])
    assert not face.sound[8000:].any(), "silence until the face has finished"
    assert finished >= face.heard[0][0] + result.duration + DELAY - 0.02
    fractions = [f.fraction for f in said.feedback if not f.waiting]
    assert fractions == sorted(fractions)
    assert any(0.0 < fraction < 1.0 for fraction in fractions)
    assert graph.wait(lambda: node.count_publishers("audio_stamped") == 0)


def test_bytes_are_said_whole_files_and_raw_samples(graph: Graph, source: Callable[..., AudioSourceNode]) -> None:
    source()
    face, talker = Face(graph), Talker(graph)
    flac = io.BytesIO()
    soundfile.write(flac, tone(0.2), RATE, format="FLAC", subtype="PCM_16")
    raw = (tone(0.2) * 32768).astype("<i2")
    first = talker.send(data=flac.getvalue())
    second = talker.send(data=raw.tobytes(), sample_format="s16le", sample_rate=RATE)
    assert first.result().success
    assert second.result().success
    assert any(f.waiting for f in second.feedback), "the second waits for its turn"
    loud = face.sound[face.sound != 0]
    assert abs(len(loud) - 2 * np.count_nonzero(raw)) < 8


def test_cancel_ends_it_at_once_by_a_stop(graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path) -> None:
    source()
    face, talker = Face(graph), Talker(graph)
    said = talker.send(path=wav(tmp_path / "long.wav", 30.0))
    after = talker.send(path=wav(tmp_path / "next.wav", 0.1, level=0.9))
    assert graph.wait(lambda: len(face.heard) > 10)
    said.handle.cancel_goal_async()
    result = said.result()
    assert (said.status, result.outcome) == (GoalStatus.STATUS_CANCELED, Speak.Result.CANCELLED)
    assert not result.success
    assert 0.0 < result.spoken < 5.0
    assert graph.wait(lambda: len(face.stops) == 1)
    assert after.result().success, "what waits is said all the same"
    assert np.abs(face.sound).max() > 25_000
    assert len(face.sound) < 5 * RATE


def test_who_waits_is_cancelled_without_a_stop(
    graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path
) -> None:
    source()
    face, talker = Face(graph), Talker(graph)
    first = talker.send(path=wav(tmp_path / "a.wav", 0.5))
    second = talker.send(path=wav(tmp_path / "b.wav", 0.5, level=0.9))
    second.handle.cancel_goal_async()
    assert second.result().outcome == Speak.Result.CANCELLED
    assert first.result().success
    assert not face.stops
    assert np.abs(face.sound).max() < 12_000


def test_a_goal_may_interrupt(graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path) -> None:
    source()
    face, talker = Face(graph), Talker(graph)
    long = talker.send(path=wav(tmp_path / "long.wav", 30.0))
    waits = talker.send(path=wav(tmp_path / "waits.wav", 30.0))
    assert graph.wait(lambda: len(face.heard) > 10)
    bad = talker.send(path="nothing.wav", interrupt=True)
    assert bad.result().outcome == Speak.Result.REFUSED
    assert not long.answer.done(), "what cannot be said interrupts nothing"
    urgent = talker.send(path=wav(tmp_path / "urgent.wav", 0.1, level=0.9), interrupt=True)
    assert urgent.result().success
    for said in (long, waits):
        assert said.result().outcome == Speak.Result.INTERRUPTED
        assert said.status == GoalStatus.STATUS_ABORTED
    assert len(face.stops) == 1
    assert face.sound.max() > 25_000


def test_a_stop_of_the_face_ends_all(graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path) -> None:
    source()
    face, talker = Face(graph), Talker(graph)
    all_said = [talker.send(path=wav(tmp_path / f"{i}.wav", 30.0)) for i in range(2)]
    assert graph.wait(lambda: len(face.heard) > 10)
    publisher = talker.node.create_publisher(Empty, "face/stop_now", 10)
    assert graph.wait(lambda: publisher.get_subscription_count() == 2)
    publisher.publish(Empty())
    for said in all_said:
        assert said.result().outcome == Speak.Result.STOPPED
        assert said.status == GoalStatus.STATUS_ABORTED


def test_what_cannot_be_said_is_refused_in_words(
    graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path
) -> None:
    source(speak_longest=1.0)
    Face(graph)
    talker = Talker(graph)
    (tmp_path / "text.wav").write_text("hello")
    for fields, words in (
        ({}, "nothing to say"),
        ({"path": "a", "data": b"b"}, "both a path and data"),
        ({"path": str(tmp_path / "none.wav")}, "there is no sound file"),
        ({"path": str(tmp_path)}, "is not a file"),
        ({"path": str(tmp_path / "text.wav")}, "not a sound file"),
        ({"path": wav(tmp_path / "long.wav", 1.5)}, "longer than 1 s"),
        ({"data": np.full(100, np.nan, "<f4").tobytes(), "sample_format": "F32LE", "sample_rate": RATE}, "NaN"),
    ):
        said = talker.send(**fields)
        result = said.result()
        assert (said.status, result.outcome) == (GoalStatus.STATUS_ABORTED, Speak.Result.REFUSED)
        assert words in result.message


def test_without_a_face_it_says_why(
    graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from th_audio_io import progress

    monkeypatch.setattr(progress, "PATIENCE", 0.3)
    node = source(wait=0.1)
    talker = Talker(graph)
    path = wav(tmp_path / "a.wav", 0.1)
    alone = talker.send(path=path).result()
    assert (alone.outcome, alone.message) == (Speak.Result.REFUSED, "nobody listens to the sound")
    Face(graph, answers=False)
    node.set_parameters([])
    deaf = talker.send(path=path).result()
    assert deaf.outcome == Speak.Result.FAILED
    assert "no facial codes came" in deaf.message
    node.trigger_deactivate()
    assert "not active" in talker.send(path=path).result().message


def test_another_publisher_is_not_talked_into(
    graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path
) -> None:
    node, face = source(), Face(graph)
    talker = Talker(graph)
    talker.node.create_publisher(AudioDataStamped, "audio_stamped", 10)
    assert graph.wait(lambda: node.count_publishers("audio_stamped") == 1)
    result = talker.send(path=wav(tmp_path / "a.wav", 0.1)).result()
    assert result.outcome == Speak.Result.REFUSED
    assert "/talker publish the sound already" in result.message
    assert not face.heard


class Microphone:
    """Hears a constant."""

    rate, channels, overruns, name = RATE, 2, 0, "Fake"

    def __init__(self, *_: Any, **__: Any) -> None:
        self._begin: float | None = None

    def read(self, timeout: float) -> tuple[bytes, float]:
        import time

        self._begin = time.monotonic() if self._begin is None else self._begin
        while time.monotonic() < self._begin + 0.016:
            time.sleep(0.002)
        begin, self._begin = self._begin, self._begin + 0.016
        return np.full(2 * 256, 111, "<i2").tobytes(), begin

    def close(self) -> None:
        pass


def test_a_live_microphone_is_muted_meanwhile(
    graph: Graph, source: Callable[..., AudioSourceNode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_node, "MicrophoneSource", Microphone)
    source(source="mic")
    face, talker = Face(graph), Talker(graph)
    assert graph.wait(lambda: len(face.heard) > 5)
    before = len(face.heard)
    path = wav(tmp_path / "a.wav", 0.5, rate=24_000)
    assert talker.send(path=path).result().success
    spoken = len(face.heard)
    assert graph.wait(lambda: bool((face.heard[-1][1] == 111).all()) and len(face.heard) > spoken)
    kinds = ["mic" if (samples == 111).all() else "speech" for _, samples in face.heard]
    first, last = kinds.index("speech"), len(kinds) - kinds[::-1].index("speech")
    assert first >= before
    assert set(kinds[first:last]) == {"speech"}, "nothing of the microphone comes in between"
    assert {i.sample_rate for i in face.info} == {RATE}, "the format stays the microphone's"
    said = np.concatenate([samples for _, samples in face.heard[first:last]]).reshape(-1, 2)
    assert (said[:, 0] == said[:, 1]).all()
    assert np.abs(said).max() > 9000
