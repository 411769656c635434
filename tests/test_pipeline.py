"""The whole graph as a process: a real recording goes in, features, codes and pictures come out, at 60 Hz and in step."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pysptk.util
import pytest
import soundfile

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.clock import Clock
from th_msgs.msg import FacialCode

import th_audio_features
from tests.graph import face_graph, listening
from th_common.model_folder import read_card
from th_common.stamps import to_seconds
from th_face_predictor import load_predictor
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import load_known_voices
from th_face_renderer import load_face

RECORDING = pysptk.util.example_audio_file()
PATIENT = ("--ros-args", "-p", "face_predictor:presentation_delay:=3.0", "-p", "audio_features:idle_timeout:=3.0")
"""With so much time a busy machine neither hurries a code nor leaves out what is too slow."""
QUICK_NEWS = (
    *("--ros-args", "-p", "face_predictor:diagnostics_period:=0.1"),
    *("-p", "audio_features:diagnostics_period:=0.1"),
)


def lost(listener: Any) -> int:
    """Samples that the middleware dropped on the way to the features: a machine too busy to read its sockets."""
    return int(listener.value("audio_features", "audio concealed samples") or 0)


@pytest.fixture(scope="module")
def default_model(root: Path) -> Path:
    return root / "models" / "default"


def test_a_recording_becomes_a_speaking_face(default_model: Path) -> None:
    """Live codes are those of the offline computation on the same sound: the recording and 1 s of silence, round by round."""
    for _ in range(3):
        patient = face_graph("--source", RECORDING, "--loop", "true", *QUICK_NEWS, *PATIENT[1:])
        with listening(images=True) as (graph, listener), patient as run:
            assert graph.wait(lambda: len(listener.codes) > 360, 60.0), run.output
            ahead = to_seconds(listener.codes[-1].present_at) - Clock().now().nanoseconds * 1e-9
            dropped = lost(listener)
            assert run.end() == 0, run.output
        if not dropped:
            break
    else:
        pytest.skip(f"this machine was too busy to hear all of the sound: {dropped} samples of the third try were lost")

    # 60 per second in the sound's own time, none missing, none twice
    for messages in (listener.features, listener.codes):
        frames = np.array([m.frame for m in messages])
        assert (np.diff(frames) == 1).all()
        stamps = np.array([to_seconds(m.header.stamp) for m in messages])
        assert np.allclose(stamps - stamps[0], (frames - frames[0]) / 60.0, atol=0.005)

    # one presentation delay for the whole graph
    delays = np.array([to_seconds(c.present_at) - to_seconds(c.header.stamp) for c in listener.codes])
    assert np.ptp(delays) < 1e-3
    assert abs(ahead) < 3.0
    assert {c.face_model for c in listener.codes} == {load_face(default_model).model_id}

    live = np.array([[*c.shape, *c.appearance] for c in listener.codes])
    assert np.abs(live - offline_codes(default_model, listener.codes)).max() < 1e-3
    assert live.std(axis=0).max() > 0.3, "the face moves"

    image = listener.images[0]
    assert (image.encoding, image.width, image.height, image.step) == ("bgr8", 512, 512, 3 * 512)
    assert len({bytes(i.data) for i in listener.images}) > 30, "pictures move (a busy machine may drop some)"


def offline_codes(model: Path, codes: list[FacialCode]) -> np.ndarray:
    """What the offline computation makes of the frames of the codes: the recording and 1 s of silence, round by round."""
    predictor = load_predictor(model)
    speech, rate = soundfile.read(RECORDING, dtype="int16")
    one_round = np.concatenate([speech, np.zeros(rate, np.int16)])
    rounds = -(-(codes[-1].frame + 120) * rate // 60 // len(one_round))
    features = th_audio_features.extract(np.tile(one_round, rounds), rate, predictor.profile)
    known = load_known_voices(model, read_card(model))
    assert known is not None
    offline = predictor.predict(VoiceAdaptation(known).push(features))
    return np.asarray(offline[[c.frame for c in codes]])


@pytest.mark.parametrize("model", ["default", "live"])
def test_codes_of_the_usual_timing_are_the_offline_ones(model: str, root: Path) -> None:
    """As users run it, with the automatic delay. A machine that is too busy for that says so, and then it tells nothing."""
    told = []
    for _ in range(3):
        usual = face_graph("--source", RECORDING, "--loop", "true", "--model", model, *QUICK_NEWS)
        with listening() as (graph, listener), usual as run:
            assert graph.wait(lambda: len(listener.features) > 400, 60.0), run.output
            codes = list(listener.codes)
            hurried = int(listener.value("face_predictor", "hurried codes") or 0)
            slow = int(listener.value("face_predictor", "times too slow") or 0)
            dropped = lost(listener)
            assert run.end() == 0, run.output
        assert codes, run.output
        told.append(
            f"{len(codes)} codes of 400 frames, {hurried} hurried codes, {slow} times too slow, {dropped} samples lost"
        )
        if not (hurried or slow or dropped) and len(codes) > 300:
            live = np.array([[*c.shape, *c.appearance] for c in codes])
            assert np.abs(live - offline_codes(root / "models" / model, codes)).max() < 1e-3
            return
    pytest.skip("this machine was too busy to speak in real time: " + "; ".join(told))


def test_after_the_recording_the_face_comes_to_rest(default_model: Path) -> None:
    decoder = load_face(default_model)
    still = face_graph("--source", RECORDING, "--loop", "false", "--ros-args", "-p", "face_renderer:idle_life:=false")
    with listening(images=True) as (graph, listener), still as run:
        assert graph.wait(lambda: bool(listener.codes), 60.0), run.output
        assert graph.wait(lambda: listener.value("face_renderer", "state") == "resting", 30.0), run.output
        seen = len(listener.images)
        assert graph.wait(lambda: len(listener.images) > seen, 10.0), "the face at rest is still shown"
        assert run.end() == 0, run.output
    last = listener.images[-1]
    picture = np.frombuffer(bytes(last.data), np.uint8).reshape(last.height, last.width, 3)
    rest = decoder.render(decoder.rest_code, size=(last.height, last.width))
    assert np.abs(picture.astype(int) - rest).mean() < 0.5


def test_interrupt_and_terminate_are_clean_ends() -> None:
    for sign in (signal.SIGINT, signal.SIGTERM):
        with listening() as (graph, listener), face_graph("--source", "example", "--loop", "true") as run:
            assert graph.wait(lambda: bool(listener.codes), 60.0), run.output
            assert run.end(sign) == 0, run.output
            assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--source", "no/such/speech.wav"), "no/such/speech.wav"),
        (("--model", "no/such/model"), "no/such/model"),
        (("--params-file", "no/such.yaml"), "no/such.yaml"),
    ],
)
def test_what_cannot_start_says_so_in_one_sentence(arguments: tuple[str, str], words: str) -> None:
    with listening(), face_graph(*arguments) as run:
        assert run.finish() != 0
        errors = [line for line in run.output.splitlines() if line.startswith("error:")]
        assert len(errors) == 1, run.output
        assert words in errors[0]
        assert "Traceback" not in run.output


def test_a_busy_port_is_named() -> None:
    import socket

    with socket.socket() as busy, listening():
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        with face_graph("--display", "web", "--port", port) as run:
            assert run.finish() == 2, run.output
            assert port in next(line for line in run.output.splitlines() if line.startswith("error:"))
