"""What an avatar program hears: a recording of the graph's packets, and the graph itself."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest

from th_face_renderer.avatar.listen import Applied
from th_face_renderer.avatar.vmc import DIALECTS, VmcFrames
from th_face_renderer.blendshapes import ARKIT, BlendshapeMap


@pytest.fixture(scope="module")
def recording() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).parent / "data" / "avatar.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def replay(recording: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, list[list[bytes]]]:
    """The recording as an avatar program hears it: weights (F, 52), times (F,), packets of each frame."""
    applied, ends = Applied(), np.cumsum(recording["lengths"])
    weights, times, packets, coming = [], [], [], []
    for end, length in zip(ends.tolist(), recording["lengths"].tolist(), strict=True):
        coming.append(recording["packets"][end - length : end].tobytes())
        before = applied.frames
        applied.take(coming[-1])
        if applied.frames > before:
            assert tuple(applied.values) == DIALECTS["perfect_sync"].names
            weights.append(list(applied.values.values()))
            times.append(applied.time)
            packets.append(coming)
            coming = []
    assert not coming, "every frame is applied"
    return np.array(weights, np.float32), np.array(times), packets


def test_the_recorded_packets_say_what_the_codes_say(recording: dict[str, np.ndarray]) -> None:
    weights, times, packets = replay(recording)
    told = BlendshapeMap(recording["coefficients"]).weights(recording["codes"])
    assert len(told) > 80
    places = [int(np.argmin(np.abs(weights - one).max(1))) for one in told]
    assert np.abs(weights[places] - told).max() < 1e-5, "every code was sent as it is"
    assert (np.diff(places) == 1).all(), "in order, and nothing in between"
    assert told[:, ARKIT.index("jawOpen")].max() > 0.1, "and it speaks"
    steps = np.diff(times[places])
    assert np.median(steps) == pytest.approx(1 / 60, abs=2e-3)

    frames = VmcFrames()
    for one, time, sent in zip(weights, times, packets, strict=True):
        assert frames.of(one, time) == sent, "the same weights are the same bytes"


def test_the_graph_moves_an_avatar_and_lets_it_rest_at_the_end() -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    from tests.graph import face_graph, listening

    applied = Applied()
    with listening() as (graph, _), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.bind(("127.0.0.1", 0))
        program.setblocking(False)

        def jaw() -> float:
            try:
                while True:
                    applied.take(program.recv(65535))
            except BlockingIOError:
                return applied.values.get("jawOpen", 0.0)

        avatar = f"127.0.0.1:{program.getsockname()[1]}"
        names = ("--ros-args", "-p", "avatar_bridge:vmc_names:=arkit")
        with face_graph("--source", "example", "--loop", "true", "--avatar", avatar, *names) as run:
            assert graph.wait(lambda: jaw() > 0.1, 60.0), run.output
            assert run.end() == 0, run.output
        assert jaw() < 0.05
        assert tuple(applied.values) == ARKIT
