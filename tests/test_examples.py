"""The examples, run as their first lines say: sound that is heard, codes that are drawn, weights that are served."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("audio_common_msgs", reason="needs audio_common_msgs")

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from rclpy.node import Node
from th_msgs.msg import FacialCode

from tests.graph import process
from th_common.node import time_message
from th_common.stamps import to_seconds
from th_common.testing import Graph
from th_face_renderer.blendshapes import ARKIT


def test_every_example_is_listed(root: Path) -> None:
    page = (root / "examples" / "README.md").read_text()
    for file in (root / "examples").glob("*.py"):
        assert f"]({file.name})" in page
        assert f"python examples/{file.name}" in page


def test_publish_wav(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).integers(-9999, 9999, (4000, 2)).astype("<i2")
    soundfile.write(tmp_path / "hello.wav", sound, 16_000, subtype="PCM_16")
    heard: list[AudioDataStamped] = []
    formats: list[AudioInfo] = []
    with Graph() as graph, process("examples/publish_wav.py", str(tmp_path / "hello.wav")) as run:
        node = graph.add(lambda context: Node("ear", context=context))
        node.create_subscription(AudioInfo, "audio_info", formats.append, 10)
        node.create_subscription(AudioDataStamped, "audio_stamped", heard.append, 100)
        assert graph.wait(lambda: run.popen.poll() is not None, 60.0), run.output
        assert run.popen.returncode == 0, run.output
    assert b"".join(bytes(m.audio.data) for m in heard) == sound.tobytes()
    np.testing.assert_allclose(np.diff([to_seconds(m.header.stamp) for m in heard]), 0.016, atol=1e-5)


class Speaker:
    """Publishes codes as a graph would, for as long as somebody waits for something."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._node = graph.add(lambda context: Node("speaker", context=context))
        self._codes = self._node.create_publisher(FacialCode, "face/code", 100)
        self._timer = self._node.create_timer(1 / 60, self._publish)
        self._frame = 0

    def _publish(self) -> None:
        now = self._node.get_clock().now().nanoseconds * 1e-9
        code = np.sin(self._frame / 20 + np.arange(16)).astype(np.float32) * 2
        message = FacialCode(frame=self._frame, present_at=time_message(now), shape=code[:8], appearance=code[8:])
        self._codes.publish(message)
        self._frame += 1

    def until(self, condition: Any, what: Any) -> None:
        assert self._graph.wait(condition, 60.0), what.output


def test_plot_codes(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib")
    picture = tmp_path / "codes.png"
    with Graph() as graph, process("examples/plot_codes.py", "--seconds", "0.5", "--save", str(picture)) as run:
        Speaker(graph).until(lambda: run.popen.poll() is not None, run)
        assert run.popen.returncode == 0, run.output
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_avatar() -> None:
    with Graph() as graph, process("examples/avatar.py", "--port", "0", "--print") as run:
        Speaker(graph).until(lambda: any(weight > 0.1 for weight in printed(run.output)), run)
        address = run.output.split()[1]
        told: list[dict[str, float]] = []
        with urllib.request.urlopen(address, timeout=10) as page:
            told.append(json.load(page))
        with urllib.request.urlopen(address + "stream", timeout=10) as stream:
            while len(told) < 5:
                line = stream.readline().decode()
                if line.startswith("data: "):
                    told.append(json.loads(line.removeprefix("data: ")))
        assert run.end() == 0, run.output
    assert all(tuple(weights) == ARKIT for weights in told)
    assert all(0.0 <= weight <= 1.0 for weights in told for weight in weights.values())


def printed(output: str) -> list[float]:
    """The weights in the lines after the first: at rest all are near 0."""
    return [float(word) for word in output.partition("\n")[2].split() if word[:2] in ("0.", "1.") and len(word) == 4]
