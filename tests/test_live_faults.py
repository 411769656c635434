"""Nothing freezes the face: stops that race with new sound, a predictor that is killed, sound that breaks off, late joiners."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pysptk.util
import pytest
import soundfile

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Empty
from std_srvs.srv import Trigger

from tests.alone import alone
from tests.graph import Listener, face_graph, listening, node_process
from th_face_renderer import load_face

SPEECH, RATE = soundfile.read(pysptk.util.example_audio_file(), dtype="int16")
LOUD = SPEECH[RATE : 3 * RATE]  # 2 s in mid-sentence
CHUNK = RATE // 50
PATIENT = ("--ros-args", "-p", "face_renderer:diagnostics_period:=0.1", "-p", "face_predictor:diagnostics_period:=0.1")
STILL = ("-p", "face_renderer:idle_life:=false")  # so that rest can be told


class Operator(Node):
    """Speaks 2 s of speech again and again, in 20 ms messages, whenever `speaking`; and may stop the face."""

    def __init__(self, context: Context) -> None:
        super().__init__("operator", context=context)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.sound = self.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self._info = self.create_publisher(AudioInfo, "audio_info", latched)
        self._info.publish(AudioInfo(channels=1, sample_rate=RATE, sample_format="S16LE", coding_format="wave"))
        self.stop_topic = self.create_publisher(Empty, "face/stop_now", 10)
        self.stop_service = self.create_client(Trigger, "face/stop")
        self.create_timer(0.01, self._speak)
        self.speaking = False
        self._at = 0
        self.due = 0.0

    def now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _speak(self) -> None:
        if not self.speaking:
            self.due = 0.0
            return
        self.due = self.due or self.now()
        while self.due + CHUNK / RATE <= self.now():
            self.say(np.take(LOUD, np.arange(self._at, self._at + CHUNK), mode="wrap"), self.due)
            self._at += CHUNK
            self.due += CHUNK / RATE

    def say(self, samples: np.ndarray, begin: float) -> None:
        message = AudioDataStamped(audio=AudioData(data=samples.tobytes()))
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(round(begin * 1e9), 1_000_000_000)
        self.sound.publish(message)


def _state(listener: Listener) -> str | None:
    return listener.value("face_renderer", "state")


def _picture(image: Image) -> np.ndarray:
    return np.frombuffer(bytes(image.data), np.uint8).reshape(image.height, image.width, 3)


class RestWatch:
    """Tells pictures of the face at rest from others."""

    def __init__(self, root: Path) -> None:
        face = load_face(root / "models" / "default")
        self._rest = face.render(face.rest_code, (512, 512))[::4, ::4].astype(np.int16)

    def __call__(self, image: Image) -> bool:
        return float(np.abs(_picture(image)[::4, ::4] - self._rest).mean()) < 0.3


def test_speaking_again_while_stopping_neither_freezes_nor_repeats(root: Path) -> None:
    """Stops by topic and service at random moments of speech; after each the stream begins anew and never goes back."""
    rng = np.random.default_rng(0)
    with listening() as (graph, listener), face_graph("--source", "topic", *PATIENT) as run:
        operator = graph.add(Operator)
        operator.speaking = True
        assert graph.wait(lambda: len(listener.codes) > 30, 120.0), run.output
        assert graph.wait(operator.stop_service.service_is_ready, 10.0)
        for round_ in range(12):
            answer = None
            unsent = operator.due  # what it speaks from here on is sent after the stop
            if round_ % 2:
                operator.stop_topic.publish(Empty())
            else:
                answer = operator.stop_service.call_async(Trigger.Request())
            known = {c.after_stop for c in listener.codes}
            assert graph.wait(lambda known=known: listener.codes[-1].after_stop not in known, 10.0), "it speaks again"
            if answer is not None:
                assert graph.wait(answer.done, 10.0)
                assert answer.result().success
            number = listener.codes[-1].after_stop
            first = next(c for c in listener.codes if c.after_stop == number)
            assert first.frame == 0
            stamp = first.header.stamp.sec + first.header.stamp.nanosec * 1e-9
            assert stamp > unsent - 0.01, "nothing that was sent before the stop is in the new stream"
            until = time.monotonic() + rng.uniform(0.0, 0.3)
            graph.wait(lambda until=until: time.monotonic() > until, 1.0)
        seen = len(listener.codes)
        assert graph.wait(lambda: len(listener.codes) > seen + 60, 20.0), run.output
        numbers = [c.after_stop for c in listener.codes]
        runs = [n for n, before in zip(numbers, [None, *numbers], strict=False) if n != before]
        assert len(runs) == len(set(runs)), "no stream comes back after its stop"
        assert _state(listener) == "speaking"
        assert run.end() == 0
        assert "Traceback" not in run.output


def test_a_stop_empties_all_queues_of_an_utterance_that_came_at_once(root: Path) -> None:
    with listening(images=True) as (graph, listener), face_graph("--source", "topic", *PATIENT, *STILL) as run:
        operator = graph.add(Operator)
        operator.speaking = True
        assert graph.wait(lambda: len(listener.codes) > 30, 120.0), run.output
        operator.speaking = False
        assert graph.wait(operator.stop_service.service_is_ready, 10.0)
        assert graph.wait(lambda: _state(listener) == "resting", 10.0)
        begin = operator.now()
        for k in range(45):  # 4.5 s of speech, sent in no time
            operator.say(np.take(LOUD, np.arange(k * RATE // 10, (k + 1) * RATE // 10), mode="wrap"), begin + 0.1 * k)
        seen = len(listener.codes)
        assert graph.wait(lambda: len(listener.codes) > seen + 5, 30.0), run.output
        answer = operator.stop_service.call_async(Trigger.Request())
        assert graph.wait(answer.done, 10.0)
        answered = time.monotonic()
        assert answer.result().success
        assert graph.wait(lambda: _state(listener) == "resting", 10.0)
        is_rest = RestWatch(root)
        # What was on its way to this listener when the stop was answered may still arrive; after a second all is rest.
        assert graph.wait(lambda: time.monotonic() > answered + 1.0 and is_rest(listener.images[-1]), 10.0)
        quiet = len(listener.images)
        codes = len(listener.codes)
        graph.wait(lambda: time.monotonic() > answered + 3.0, 10.0)
        assert len(listener.codes) == codes, "nothing of the utterance comes afterwards"
        assert all(is_rest(image) for image in listener.images[quiet:])
        assert run.end() == 0


@pytest.mark.parametrize("piece", [10.0, 0.05], ids=["one message", "200 messages"])
def test_an_utterance_that_comes_at_once_is_spoken_whole(piece: float) -> None:
    """A voice that is made, not spoken, comes faster than it lasts; no frame of it may be lost on the way."""
    with listening() as (graph, listener), face_graph("--source", "topic", *PATIENT) as run:
        operator = graph.add(Operator)
        assert graph.wait(lambda: operator.sound.get_subscription_count() > 0, 60.0), run.output
        assert graph.wait(
            lambda: _state(listener) == "resting" and listener.value("face_predictor", "profile") is not None, 30.0
        )
        begin, sound = operator.now(), np.take(LOUD, np.arange(10 * RATE), mode="wrap")
        for at in range(0, len(sound), round(piece * RATE)):
            operator.say(sound[at : at + round(piece * RATE)], begin + at / RATE)
        graph.wait(lambda: len(listener.codes) >= 599, 60.0)
        assert [c.frame for c in listener.codes] == list(range(599)), run.output
        assert listener.value("face_predictor", "frame jump") is None
        assert run.end() == 0


def test_sound_that_breaks_off_ends_at_rest_without_late_codes(root: Path) -> None:
    with listening() as (graph, listener), face_graph("--source", "topic", *PATIENT) as run:
        operator = graph.add(Operator)
        for _ in range(3):
            operator.speaking = True
            seen = len(listener.codes)
            assert graph.wait(lambda seen=seen: len(listener.codes) > seen + 90, 120.0), run.output
            operator.speaking = False
            assert graph.wait(lambda: _state(listener) == "resting", 10.0), run.output
        last = listener.features[-1].frame
        assert graph.wait(lambda: listener.codes[-1].frame == last, 5.0), "the last frames have their codes"
        dues = [c.present_at.sec + c.present_at.nanosec * 1e-9 for c in listener.codes]
        assert (np.diff(dues) > -0.2).all()
        assert int(listener.value("face_predictor", "hurried codes") or 0) > 0, "they did not wait for what never came"
        late = int(listener.value("face_renderer", "late codes") or 0)
        assert late < 0.5 * len(listener.codes), f"{late} late codes: more than a busy machine explains"
        assert run.end() == 0


@pytest.fixture
def graph_of_processes(root: Path, node_entries: dict[str, Any]) -> Any:
    config = str(root / "config" / "face.yaml")

    def start(stack: ExitStack, *names: str) -> dict[str, Any]:
        more = {
            "face_renderer": ["display:=none", "diagnostics_period:=0.1", "idle_life:=false"],
            "audio_source": ["loop:=true"],
        }
        return {
            name: stack.enter_context(node_process(node_entries[name].module, config, *more.get(name, [])))
            for name in names
        }

    return start


@alone
def test_a_killed_predictor_is_missed_at_once_and_its_successor_heard(root: Path, graph_of_processes: Any) -> None:
    is_rest = RestWatch(root)
    with listening(images=True) as (graph, listener), ExitStack() as stack:
        running = graph_of_processes(
            stack, "face_renderer", "audio_playout", "face_predictor", "audio_features", "audio_source"
        )
        assert graph.wait(lambda: len(listener.codes) > 90, 120.0), running["face_predictor"].output
        assert graph.wait(lambda: listener.value("face_renderer", "predictors in other processes") == "1", 10.0)

        moving: Callable[[], bool] = lambda: len(listener.images) > 3 and not any(map(is_rest, listener.images[-3:]))  # noqa: E731
        delays: list[float] = []
        while not delays or (
            min(delays) > 0.2 and len(delays) < 3
        ):  # a busy machine sees late; one time of three it need not
            assert graph.wait(moving, 30.0)
            killed = listener.get_clock().now().nanoseconds * 1e-9
            running["face_predictor"].end(signal.SIGKILL)
            assert graph.wait(lambda: "predictor lost" in listener.health["face_renderer"].message, 10.0)
            assert graph.wait(lambda: is_rest(listener.images[-1]), 10.0)
            # By the pictures' own times.
            stamps = {i.header.stamp.sec + i.header.stamp.nanosec * 1e-9: i for i in listener.images}
            last = max([t for t, image in stamps.items() if t > killed and not is_rest(image)], default=killed)
            delays.append(last - killed)
            print(f"last picture that is not at rest {1e3 * delays[-1]:.0f} ms after the kill")
            assert [n for n, r in running.items() if r.popen.poll() is not None] == ["face_predictor"]

            seen, begin = len(listener.codes), time.monotonic()
            running |= graph_of_processes(stack, "face_predictor")
            assert graph.wait(lambda seen=seen: len(listener.codes) > seen + 30, 30.0), running["face_predictor"].output
            print(f"codes again {listener.arrivals['codes'][seen] - begin:.2f} s after its start")
            assert graph.wait(lambda: _state(listener) == "speaking", 10.0)
            assert graph.wait(lambda: "predictor lost" not in listener.health["face_renderer"].message, 10.0)
        assert min(delays) <= 0.2, "the face rests within 200 ms"
        codes = np.array([[*c.shape, *c.appearance] for c in listener.codes])
        assert np.abs(codes[seen:]).max() <= 1.5 * np.abs(codes[:seen]).max() + 0.5, "the frames after it are right"


def test_a_renderer_that_joins_late_shows_the_face_at_once(root: Path, graph_of_processes: Any) -> None:
    is_rest = RestWatch(root)
    with listening(images=True) as (graph, listener), ExitStack() as stack:
        graph_of_processes(stack, "face_predictor", "audio_features", "audio_source")
        assert graph.wait(lambda: len(listener.codes) > 90, 120.0)
        running = graph_of_processes(stack, "face_renderer")
        assert graph.wait(lambda: len(listener.images) > 0, 30.0), running["face_renderer"].output
        first = listener.arrivals["images"][0]
        assert graph.wait(lambda: any(not is_rest(i) for i in listener.images[-3:]), 10.0)
        print(f"speaking {listener.arrivals['images'][-1] - first:.2f} s after its first picture")
        assert graph.wait(lambda: _state(listener) == "speaking", 10.0)


@alone
def test_a_graph_that_is_killed_is_whole_again_when_it_is_started_again() -> None:
    with listening() as (graph, listener), ExitStack() as stack:
        first = stack.enter_context(face_graph("--source", "topic"))
        operator = graph.add(Operator)
        operator.speaking = True
        assert graph.wait(lambda: len(listener.codes) > 30, 120.0), first.output
        first.end(signal.SIGKILL)
        quiet = time.monotonic() + 1.0
        graph.wait(lambda: time.monotonic() > quiet, 5.0)  # what the dead one said last has arrived
        seen, begin = len(listener.codes), time.monotonic()
        second = stack.enter_context(face_graph("--source", "topic"))
        assert graph.wait(lambda: len(listener.codes) > seen, 120.0), second.output
        print(f"codes again {time.monotonic() - begin:.2f} s after its start")
        assert graph.wait(lambda: _state(listener) == "speaking", 30.0)
