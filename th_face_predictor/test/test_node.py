"""The node on real rclpy: codes in step with features, streams that break, models that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from th_msgs.msg import AudioFeatures, FacialCode

from th_audio_features import PROFILES
from th_common.stamps import to_seconds
from th_common.testing import Graph
from th_face_predictor import load_predictor
from th_face_predictor.node import FacePredictorNode

TOLERANCE = 1e-5
STAMP = 1_790_000_000.0


class Bench:
    """The node, a publisher of features and what comes out."""

    def __init__(self, graph: Graph, model: Path, **parameters: Any) -> None:
        self.graph = graph
        overrides = [RosParameter("model", value=str(model))]
        overrides += [RosParameter(name, value=value) for name, value in parameters.items()]
        self.node = graph.add(lambda context: FacePredictorNode(context=context, parameter_overrides=overrides))
        self.peer = graph.add(lambda context: Node("peer", context=context))
        self.codes: list[FacialCode] = []
        self.peer.create_subscription(FacialCode, "face/code", self.codes.append, 1000)
        self.publisher = self.peer.create_publisher(AudioFeatures, "audio_features", 10)

        self.arrived = 0
        self.peer.create_subscription(AudioFeatures, "audio_features", self._count, 10)

    def _count(self, _: AudioFeatures) -> None:
        self.arrived += 1

    def start(self) -> None:
        assert self.graph.wait(lambda: self.node.active)
        assert self.graph.wait(lambda: self.publisher.get_subscription_count() == 2)
        assert self.graph.wait(lambda: self.peer.count_publishers("face/code") == 1)

    def send(self, feature: np.ndarray, frame: int, profile: str = "robot") -> None:
        message = AudioFeatures(frame=frame, profile=profile, feature=feature.astype(np.float32))
        seconds, rest = divmod(frame * 1_000_000_000 // 60, 1_000_000_000)
        message.header.stamp.sec, message.header.stamp.nanosec = int(STAMP) + seconds, rest
        message.header.frame_id = "microphone"
        arrived = self.arrived
        self.publisher.publish(message)
        # One at a time: a deeper burst than the queue may lose messages, as on a robot.
        assert self.graph.wait(lambda: self.arrived > arrived)

    def wait(self, count: int) -> np.ndarray:
        assert self.graph.wait(lambda: len(self.codes) >= count), f"{len(self.codes)} of {count} codes came"
        return np.array([[*c.shape, *c.appearance] for c in self.codes])


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as graph:
        yield graph


def test_codes_are_the_offline_ones_and_carry_their_times(
    graph: Graph, make_model: Callable[..., Path], make_features: Callable[..., np.ndarray]
) -> None:
    folder, features = make_model(), make_features(40)
    bench = Bench(graph, folder)
    bench.start()
    for frame, feature in enumerate(features):
        bench.send(feature, frame)
    codes = bench.wait(40)  # the last three come when the stream is idle
    predictor = load_predictor(folder)
    assert np.abs(codes - predictor.predict(features)).max() < TOLERANCE
    assert [c.frame for c in bench.codes] == list(range(40))
    assert {c.face_model for c in bench.codes} == {predictor.model_id}
    assert {c.header.frame_id for c in bench.codes} == {"microphone"}
    delay = PROFILES["robot"].delay + 3 / 60 + 0.1
    for frame, code in enumerate(bench.codes):
        assert to_seconds(code.header.stamp) == pytest.approx(STAMP + frame / 60, abs=1e-6)
        assert to_seconds(code.present_at) - to_seconds(code.header.stamp) == pytest.approx(delay, abs=1e-6)
    bench.node.update_health()
    values = bench.node.health.snapshot().values
    assert values["model"] == predictor.model_id[:12]
    assert values["lookahead"] == "3"
    assert values["frames"] == "40"
    assert float(values["ms per frame"]) > 0


def test_delay_and_lookahead_are_parameters(
    graph: Graph, make_model: Callable[..., Path], make_features: Callable[..., np.ndarray]
) -> None:
    bench = Bench(graph, make_model(), lookahead=0, presentation_delay=0.5)
    bench.start()
    features = make_features(4)
    bench.send(features[0], 0)
    bench.wait(1)
    assert bench.node.set_parameters([RosParameter("presentation_delay", value=0.25)])[0].successful
    bench.send(features[1], 1)
    bench.wait(2)
    delays = [to_seconds(c.present_at) - to_seconds(c.header.stamp) for c in bench.codes]
    assert delays == pytest.approx([0.5, 0.25], abs=1e-6)


def test_a_jump_ends_a_stream_and_begins_a_new_one(
    graph: Graph, make_model: Callable[..., Path], make_features: Callable[..., np.ndarray]
) -> None:
    folder, features = make_model(), make_features(30)
    bench = Bench(graph, folder)
    bench.start()
    frames = [*range(10), *range(50, 60), *range(10)]
    for frame, feature in zip(frames, features, strict=True):
        bench.send(feature, frame)
    codes = bench.wait(30)
    predictor = load_predictor(folder)
    expected = np.concatenate([predictor.predict(features[i : i + 10]) for i in (0, 10, 20)])
    assert np.abs(codes - expected).max() < TOLERANCE
    assert [c.frame for c in bench.codes] == frames
    assert "frame 50 came where 10 was expected" in bench.node.health.snapshot().message
    assert bench.node.health.counter("frame jump") == 1
    assert bench.node.health.counter("restarts") == 1


def test_bad_messages_are_named_and_survived(
    graph: Graph, make_model: Callable[..., Path], make_features: Callable[..., np.ndarray]
) -> None:
    folder, features = make_model(), make_features(8)
    bench = Bench(graph, folder)
    bench.start()
    bench.send(features[0], 0, profile="paper")
    bench.send(np.full(40, np.nan), 0)
    assert graph.wait(lambda: bench.node.health.counter("bad features") == 1)
    assert bench.node.health.counter("profile mismatch") == 1
    message = bench.node.health.snapshot().message
    assert "trained on 'robot'" in message
    assert "NaN" in message
    for captured in (np.nan, np.inf):
        message = AudioFeatures(profile="robot", feature=features[0].astype(np.float32))
        message.timing.captured = captured
        bench.publisher.publish(message)
    assert graph.wait(lambda: bench.node.health.counter("bad features") == 3)
    for frame, feature in enumerate(features):
        bench.send(feature, frame)
    assert np.abs(bench.wait(8) - load_predictor(folder).predict(features)).max() < TOLERANCE


@pytest.mark.parametrize(
    ("changes", "parameters", "words"),
    [
        (None, {}, "does not exist"),
        ({"lookahead": None}, {}, "explicit lookahead"),
        ({"profile": "studio"}, {}, "studio"),
    ],
)
def test_a_model_that_does_not_fit_is_said_and_the_node_lives(
    changes: dict[str, Any] | None,
    parameters: dict[str, Any],
    words: str,
    graph: Graph,
    make_model: Callable[..., Path],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "nothing" if changes is None else make_model(**changes)
    bench = Bench(graph, folder, **parameters)
    assert graph.wait(lambda: words in bench.node.health.snapshot().message)
    assert not bench.node.active


def test_a_full_context_model_runs_with_an_explicit_lookahead(graph: Graph, make_model: Callable[..., Path]) -> None:
    bench = Bench(graph, make_model(lookahead=None), lookahead=8)
    bench.start()
    assert bench.node.health.snapshot().values["lookahead"] == "8"


def test_it_can_be_reconfigured(
    graph: Graph, make_model: Callable[..., Path], make_features: Callable[..., np.ndarray]
) -> None:
    bench = Bench(graph, make_model())
    bench.start()
    node = bench.node
    node.trigger_deactivate()
    node.trigger_cleanup()
    other = make_model("other", lookahead=0)
    assert node.set_parameters([RosParameter("model", value=str(other))])[0].successful
    node.trigger_configure()
    node.trigger_activate()
    bench.start()
    features = make_features(5)
    for frame, feature in enumerate(features):
        bench.send(feature, frame)
    assert np.abs(bench.wait(5) - load_predictor(other).predict(features)).max() < TOLERANCE


def test_frames_that_only_the_end_of_the_sound_has_brought_do_not_move_the_delay(
    graph: Graph, make_model: Callable[..., Path], make_features: Callable[..., np.ndarray]
) -> None:
    """How long it took to notice that nobody speaks any more is no time that a code needs."""
    bench = Bench(graph, make_model())
    bench.start()
    seen: list[float] = []
    bench.node._delay.observe = lambda captured, now, *, heard: seen.append(heard)  # type: ignore[method-assign,union-attr,assignment,return-value]
    features = make_features(40)
    for frame, feature in enumerate(features):
        now = bench.node.now()
        message = AudioFeatures(frame=frame, profile="robot", feature=feature.astype(np.float32))
        message.timing.captured = now - 0.2
        message.timing.heard = now if frame < 30 else 0.0
        arrived = bench.arrived
        bench.publisher.publish(message)
        assert graph.wait(lambda arrived=arrived: bench.arrived > arrived)
    bench.wait(40)
    high = bench.node.stages.percentiles("lookahead")
    assert high is None, "nobody said what was needed"
    assert len(seen) == 30 - load_predictor(bench.node.value("model")).lookahead
    assert min(seen) > 0.0
