"""The whole graph as a process: a real recording goes in, features, codes and pictures come out, at 60 Hz and in step."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pysptk.util
import pytest
import soundfile

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.clock import Clock

import th_audio_features
from tests.graph import face_graph, listening
from th_common.stamps import to_seconds
from th_face_predictor import load_predictor
from th_face_renderer import load_face

RECORDING = pysptk.util.example_audio_file()


@pytest.fixture(scope="module")
def default_model(root: Path) -> Path:
    return root / "models" / "default"


def test_a_recording_becomes_a_speaking_face(default_model: Path) -> None:
    seconds = soundfile.info(RECORDING).duration
    with listening(images=True) as (graph, listener), face_graph("--source", RECORDING, "--loop", "false") as run:
        assert graph.wait(lambda: bool(listener.codes), 60.0), run.output
        assert graph.wait(lambda: listener.codes[-1].frame >= 60 * seconds, seconds + 30.0), run.output
        late = Clock().now().nanoseconds * 1e-9 - to_seconds(listener.codes[-1].header.stamp)
        assert graph.wait(lambda: listener.value("face_renderer", "state") == "resting", 15.0), run.output
        assert run.end() == 0, run.output

    # 60 per second in the sound's own time, none missing, none twice
    for messages in (listener.features, listener.codes):
        frames = np.array([m.frame for m in messages])
        assert (np.diff(frames) == 1).all()
        stamps = np.array([to_seconds(m.header.stamp) for m in messages])
        assert np.allclose(stamps - stamps[0], (frames - frames[0]) / 60.0, atol=0.005)

    # one presentation delay for the whole graph, and the codes reached us before they were due
    delays = np.array([to_seconds(c.present_at) - to_seconds(c.header.stamp) for c in listener.codes])
    assert np.ptp(delays) < 1e-3
    assert late < delays[0] + 0.5
    card = load_face(default_model)
    assert {c.face_model for c in listener.codes} == {card.model_id}

    # the live codes are those of the offline computation on the same file
    samples, rate = soundfile.read(RECORDING, dtype="int16")
    predictor = load_predictor(default_model)
    offline = predictor.predict(th_audio_features.extract(samples, rate, predictor.profile))
    live = np.array([[*c.shape, *c.appearance] for c in listener.codes])[: len(offline)]
    middle = slice(30, len(offline) - 30)
    first = listener.codes[0].frame
    assert first < 30
    assert np.abs(live[middle] - offline[first:][: len(live)][middle]).max() < 0.35

    # pictures: the right size, and they move while it speaks
    image = listener.images[0]
    assert (image.encoding, image.width, image.height, image.step) == ("bgr8", 512, 512, 3 * 512)
    rate = len(listener.images) / (listener.arrivals["images"][-1] - listener.arrivals["images"][0])
    assert rate > 10  # on a busy machine pictures may be dropped; the face must still move


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
