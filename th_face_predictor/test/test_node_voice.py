"""The running node: a voice is measured by the service, chosen by the parameter, and refused where it is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from std_srvs.srv import Trigger
from th_msgs.msg import AudioFeatures, FacialCode
from th_msgs.srv import Calibrate

from th_common.model_folder import VOICES, add_tensors
from th_common.testing import Graph
from th_face_predictor import load_predictor
from th_face_predictor.known_voices import KnownVoices, corrected
from th_face_predictor.node import FacePredictorNode
from th_face_predictor.voice import learn
from th_face_predictor.voice_file import read_voice

TOLERANCE = 1e-5


def test_a_voice_is_measured_chosen_and_refused(
    make_model: Callable[..., Path],
    known: KnownVoices,
    speak: Callable[..., np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROS_HOME", str(tmp_path / "ros"))
    folder = make_model()
    add_tensors(folder, VOICES, known.to_tensors())
    x = speak(12, place=known.mean + np.array([26.0, -9.0] + [0.0] * 12))
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    with Graph() as graph:
        values = {"model": str(folder), "voice": str(bad), "adapt": False, "deterministic": True}
        overrides = [RosParameter(name, value=value) for name, value in values.items()]
        node = graph.add(lambda context: FacePredictorNode(context=context, parameter_overrides=overrides))
        peer = graph.add(lambda context: Node("peer", context=context))
        codes: list[FacialCode] = []
        peer.create_subscription(FacialCode, "face/code", codes.append, 4096)
        publisher = peer.create_publisher(AudioFeatures, "audio_features", 4096)
        client = peer.create_client(Calibrate, "face/calibrate")
        without = peer.create_client(Trigger, "face/forget_voice")

        def say() -> np.ndarray:
            """The codes of the sound as a new stream, but for its last three frames, which wait for what follows."""
            codes.clear()
            for k, feature in enumerate(x):
                publisher.publish(AudioFeatures(frame=k, profile="robot", feature=feature))
            assert graph.wait(lambda: bool(codes) and codes[-1].frame == len(x) - 4), f"{len(codes)} codes came"
            return np.array([[*c.shape, *c.appearance] for c in codes if c.frame < len(x) - 3])

        def ask(**request: object) -> Calibrate.Response:
            future = client.call_async(Calibrate.Request(**request))
            assert graph.wait(future.done)
            return future.result()

        def forget() -> str:
            future = without.call_async(Trigger.Request())
            assert graph.wait(future.done)
            assert future.result().success
            return str(future.result().message)

        def choose(voice: str) -> str:
            (result,) = node.set_parameters([RosParameter("voice", value=voice)])
            return "" if result.successful else result.reason

        def value(key: str) -> str:
            node.publish_diagnostics()
            return node.health.snapshot().values[key]

        # A voice that cannot be used at the start is said, and the face does without.
        assert graph.wait(lambda: node.active)
        assert "format" in (node.health.fault("voice refused") or "")
        assert choose("") == ""
        assert node.health.fault("voice refused") is None
        assert graph.wait(lambda: publisher.get_subscription_count() == 1 and client.service_is_ready())
        assert graph.wait(lambda: peer.count_publishers("face/code") == 1)
        refused = ask(name="anna")
        assert (refused.success, refused.path) == (False, "")
        assert "nothing was heard" in refused.message

        predictor = load_predictor(folder)
        plain = predictor.predict(x)[:-3]
        assert np.abs(say() - plain).max() < TOLERANCE

        assert "name" in ask(name="../anna").message
        assert "seconds" in ask(name="anna", seconds=1e9).message
        assert "only" in ask(name="anna", seconds=2.0).message
        assert not list((tmp_path / "ros").rglob("*.json"))
        assert "loudness no better" in ask(name="anna", seconds=12.0).message, "the lips of this face do not move"
        assert not list((tmp_path / "ros").rglob("*.json"))
        monkeypatch.setattr(node._voice, "_prove", lambda features, offset: None)
        measured = ask(name="anna", seconds=12.0)
        assert measured.success, measured.message
        assert "of it corrected" in measured.message
        voice = read_voice(measured.path)
        assert voice.place == pytest.approx(learn(x, profile="robot").place, abs=1e-4)
        assert node.value("voice") == measured.path
        assert value("voice") == "anna"
        assert float(value("voice moved")) > 0.5

        calibrated = predictor.predict(corrected(x, known.correction(voice)))[:-3]
        assert np.abs(calibrated - plain).max() > 100 * TOLERANCE
        assert np.abs(say() - calibrated).max() < TOLERANCE

        # Whatever is no voice for this model is refused by name, and the one in use stays.
        foreign = tmp_path / "foreign.json"
        foreign.write_text(json.dumps(json.loads(Path(measured.path).read_text()) | {"features": "paper"}))
        for path, reason in (
            (str(bad), "format"),
            (str(foreign), "'paper'"),
            ("nobody", "no such voice"),
            ("/", "no such voice"),
        ):
            assert reason in choose(path)
        assert value("voice") == "anna"
        assert choose("anna") == ""  # by its name
        assert forget() == "without 'anna' from now on"
        assert forget() == "no measured voice was in use"
        assert Path(measured.path).exists()
        assert node.value("voice") == ""
        assert np.abs(say() - plain).max() < TOLERANCE
        assert value("voice") == "none"
