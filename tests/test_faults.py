"""Hostile sound, damaged models, foreign codes and killed nodes: each is named on /diagnostics, and the others live on."""

from __future__ import annotations

import shutil
import signal
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
from th_msgs.msg import FacialCode

from tests.alone import alone
from tests.graph import Listener, face_graph, listening, process
from th_common.testing import Graph

SPEECH, RATE = soundfile.read(pysptk.util.example_audio_file(), dtype="int16")


class Voice(Node):
    """An external publisher of sound: speaks the recording in 20 ms messages, and whatever else a test wants."""

    def __init__(self, context: Context) -> None:
        super().__init__("voice", context=context)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._sound = self.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self._info = self.create_publisher(AudioInfo, "audio_info", latched)
        self._timer = self.create_timer(0.02, self._speak)
        self._at = 0
        self.speaking = False

    def announce(self, rate: int, sample_format: str = "S16LE", coding: str = "wave") -> None:
        self._info.publish(AudioInfo(channels=1, sample_rate=rate, sample_format=sample_format, coding_format=coding))

    def say(self, payload: bytes) -> None:
        message = AudioDataStamped(audio=AudioData(data=payload))
        message.header.stamp = self.get_clock().now().to_msg()
        self._sound.publish(message)

    def _speak(self) -> None:
        if self.speaking:
            chunk = np.take(SPEECH, np.arange(self._at, self._at + RATE // 50), mode="wrap")
            self._at += RATE // 50
            self.say(chunk.tobytes())


def _speaks(graph: Graph, voice: Voice, listener: Listener, timeout: float = 60.0) -> bool:
    voice.announce(RATE)
    voice.speaking = True
    seen = len(listener.codes)
    spoke = graph.wait(lambda: len(listener.codes) > seen + 30, timeout)
    voice.speaking = False
    return spoke


def test_hostile_sound_is_refused_by_name_and_the_graph_speaks_on() -> None:
    with listening() as (graph, listener), face_graph("--source", "topic") as run:
        voice = graph.add(Voice)
        assert _speaks(graph, voice, listener), run.output

        for size in (1, 3, 7, 0, 641):  # single bytes and halves of samples are carried over, not misread
            voice.say(bytes(size))
        voice.announce(16000, coding="opus")
        assert graph.wait(lambda: "opus" in str(_message(listener, "audio_features")), 10.0), run.output
        voice.say(b"OggS" * 100)
        assert graph.wait(lambda: int(listener.value("audio_features", "audio refused messages") or 0) > 0, 10.0)

        voice.announce(48000, "F32LE")
        bad = np.full(4800, np.nan, np.float32)
        bad[::3] = np.inf
        assert graph.wait(lambda: listener.value("audio_features", "audio coding") == "wave F32LE", 10.0)
        voice.say(bad.tobytes())
        key = "audio NaN or infinite samples"
        assert graph.wait(lambda: int(listener.value("audio_features", key) or 0) == 4800, 10.0), run.output

        assert _speaks(graph, voice, listener), run.output  # another rate again, in mid-stream
        assert all(np.isfinite([*c.shape, *c.appearance]).all() for c in listener.codes)
        assert run.popen.poll() is None
        assert run.end() == 0
        assert "Traceback" not in run.output


def test_a_code_of_another_face_is_refused_by_name(root: Path) -> None:
    with listening() as (graph, listener), face_graph("--source", "topic") as run:
        assert graph.wait(lambda: "face_renderer" in listener.health, 60.0), run.output
        sender = graph.add(lambda context: Node("stranger", context=context))
        codes = sender.create_publisher(FacialCode, "face/code", 10)
        assert graph.wait(lambda: codes.get_subscription_count() > 1, 10.0)
        codes.publish(FacialCode(shape=[0.0] * 8, appearance=[0.0] * 8, face_model="f" * 64))
        assert graph.wait(lambda: "another face" in str(_message(listener, "face_renderer")), 10.0), run.output
        assert run.popen.poll() is None


@pytest.mark.parametrize("damage", ["empty", "truncated", "foreign"])
def test_a_damaged_model_leaves_the_node_alive_and_named(root: Path, tmp_path: Path, damage: str) -> None:
    model = tmp_path / "model"
    model.mkdir()
    if damage != "empty":
        shutil.copytree(root / "models" / "default", model, dirs_exist_ok=True)
        face = model / "face.safetensors"
        data = face.read_bytes()
        face.write_bytes(data[: len(data) // 2] if damage == "truncated" else bytes(100) + data[100:])
    with listening() as (graph, listener):
        override = ("--ros-args", "-p", f"model:={model}", "-p", "display:=none")
        with process("-c", _main("th_face_renderer.node"), *override) as renderer:
            assert graph.wait(lambda: "configure" in str(_message(listener, "face_renderer")), 30.0), renderer.output
            assert listener.health["face_renderer"].level == b"\x02"
            assert str(model) in _message(listener, "face_renderer")
            assert renderer.popen.poll() is None
            assert renderer.end() == 0


@alone
def test_a_killed_predictor_leaves_the_others_alive_and_is_missed_only_until_it_is_back(
    root: Path, node_entries: dict[str, Any]
) -> None:
    config = str(root / "config" / "face.yaml")
    with listening(images=True) as (graph, listener), ExitStack() as stack:
        running = {}
        for name, entry in node_entries.items():
            more = ["-p", "display:=none"] if name == "face_renderer" else []
            more += ["-p", "loop:=true"] if name == "audio_source" else []
            command = ("-c", _main(entry.module), "--ros-args", "--params-file", config, *more)
            running[name] = stack.enter_context(process(*command))
        assert graph.wait(lambda: len(listener.codes) > 60, 60.0), running["face_predictor"].output

        running["face_predictor"].end(signal.SIGKILL)
        assert graph.wait(lambda: listener.value("face_renderer", "state") == "resting", 10.0)
        images = len(listener.images)
        assert graph.wait(lambda: len(listener.images) > images, 10.0), "the face at rest is still shown"
        assert [n for n, r in running.items() if r.popen.poll() is not None] == ["face_predictor"]

        seen = len(listener.codes)
        command = ("-c", _main("th_face_predictor.node"), "--ros-args", "--params-file", config)
        stack.enter_context(process(*command))
        assert graph.wait(lambda: len(listener.codes) > seen + 60, 30.0)
        assert graph.wait(lambda: listener.value("face_renderer", "state") == "speaking", 10.0)


def _main(module: str) -> str:
    return f"from {module} import main; raise SystemExit(main())"


def _message(listener: Listener, node: str) -> str:
    status = listener.health.get(node)
    return status.message if status else ""
