"""The same bag says the same, to the bit: at any pace, on either clock, however the sound was cut; and what it said before."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rosbags.rosbag2", reason="bags need the Python package rosbags")

from tests.replay_material import BAG, CODES, write_bag, write_small_model
from th_audio_io.bag_reader import BagReader
from th_audio_io.bag_sound import find_sound, read_sound
from th_training.diff.codes import Codes, read_codes

TOLERANCE = 2e-3
"""sd of a mode; another CPU sums in another order."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("replay") / "model")


@pytest.fixture(scope="module")
def offline(model: Path) -> Codes:
    return read_codes(BAG, model=model)


@pytest.fixture(scope="module")
def parts() -> list[tuple[int, bytes]]:
    """The bag's sound: when each of its parts begins, and its samples."""
    found: list[tuple[int, bytes]] = []
    end = 0
    with BagReader(BAG) as bag:
        for piece in read_sound(bag, find_sound(bag)):
            if piece.stamp - end > 10_000_000:
                found.append((piece.stamp, b""))
            found[-1] = found[-1][0], found[-1][1] + piece.data
            end = piece.stamp + piece.length
    return found


def same(a: Codes, stamps: np.ndarray, codes: np.ndarray) -> None:
    np.testing.assert_array_equal(a.stamps, stamps)
    np.testing.assert_array_equal(a.codes, codes)


def test_codes_are_those_that_were_stored(offline: Codes) -> None:
    stored = np.load(CODES)
    np.testing.assert_array_equal(offline.stamps, stored["stamps"])
    np.testing.assert_allclose(offline.codes, stored["codes"], rtol=0, atol=TOLERANCE)
    assert np.diff(offline.stamps).max() > 500_000_000, "two streams, with a pause in between"


@pytest.mark.parametrize("chunks", [[160], [37, 1000, 5], [4000]], ids=str)
def test_codes_do_not_depend_on_the_cut(
    chunks: list[int], offline: Codes, parts: list[tuple[int, bytes]], model: Path, tmp_path: Path
) -> None:
    cut = read_codes(write_bag(tmp_path / "cut", parts, chunks, storage="sqlite3"), model=model)
    same(offline, cut.stamps, cut.codes)


def test_the_graph_says_the_same_at_any_pace_and_on_either_clock(offline: Codes, model: Path, tmp_path: Path) -> None:
    """And it is recorded."""
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    pytest.importorskip("th_msgs.msg", reason="needs the built messages (make build)")
    from rclpy.node import Node
    from rclpy.parameter import Parameter
    from th_bringup.record import BagRecordNode
    from th_bringup.replay_node import BagReplayNode
    from th_msgs.msg import FacialCode

    from th_audio_features.node import AudioFeaturesNode
    from th_common.testing import Graph
    from th_face_predictor.node import FacePredictorNode

    codes: list[Any] = []
    ended = threading.Event()

    def given(**values: object) -> list[Parameter]:
        return [Parameter(name, value=value) for name, value in values.items()]

    with Graph() as graph:
        listener = graph.add(lambda context: Node("listener", context=context))
        listener.create_subscription(FacialCode, "face/code", codes.append, 1000)
        overrides = given(model=str(model), deterministic=True)
        nodes: list[Any] = [
            graph.add(lambda context: FacePredictorNode(context=context, parameter_overrides=overrides)),
            graph.add(lambda context: AudioFeaturesNode(context=context, parameter_overrides=overrides)),
        ]
        record = given(bag=str(tmp_path / "out.bag"), storage="sqlite3", topics="audio_stamped,audio_info,face/code")
        recorder: Any = graph.add(lambda context: BagRecordNode(context=context, parameter_overrides=record))
        assert graph.wait(lambda: all(node.active for node in nodes))
        bag = given(bag=str(BAG), rate=0.0, clock=True, recorded=True)
        player: Any = graph.add(
            lambda context: BagReplayNode(context=context, parameter_overrides=bag, on_end=ended.set)
        )
        for rate, simulated in ((3.0, False), (0.0, True)):
            for node in nodes:
                node.set_parameters(given(use_sim_time=simulated))
            if ended.is_set():
                player.trigger_deactivate()
                player.set_parameters(given(rate=rate))
                ended.clear()
                codes.clear()
                player.trigger_activate()
            assert graph.wait(lambda: ended.is_set() and len(codes) >= len(offline.stamps), 60.0), len(codes)
            assert player.problem == ""
            stamps = np.array([c.header.stamp.sec * 10**9 + c.header.stamp.nanosec for c in codes])
            same(offline, stamps, np.array([[*c.shape, *c.appearance] for c in codes], np.float32))

        recorder.close()
    recorded = read_codes(tmp_path / "out.bag")
    same(offline, recorded.stamps, recorded.codes)
    assert recorded.again == len(codes), "two rounds"
    again = read_codes(tmp_path / "out.bag", compute=True, model=model)
    same(offline, again.stamps, again.codes)
