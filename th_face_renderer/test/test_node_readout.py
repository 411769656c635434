"""face/expression_estimate: said while somebody wants to know, and what the operator's page is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from th_msgs.msg import ExpressionEstimate

from th_common.model_folder import EXPRESSION, add_tensors
from th_common.testing import Graph
from th_face_renderer import load_face
from th_face_renderer.readout import NAMES, ReadOut
from th_face_renderer.testing import synthetic_face
from th_face_renderer.testing_node import Stage

OPEN = np.eye(16)[0] * 3


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that is angry when its mouth is open."""
    folder = tmp_path_factory.mktemp("reader")
    synthetic_face(folder, side=64)
    weights = np.zeros((32, 7))
    weights[0, NAMES.index("angry")] = 3.0
    made = ReadOut(
        mean=np.zeros(32), scale=np.ones(32), weights=weights, prior=np.zeros(7), forget=4.0, half=0.1, worth=(0.6, 0.4)
    )
    add_tensors(folder, EXPRESSION, made.tensors())
    return folder


def test_estimates_come_while_somebody_subscribes(graph: Graph, reader: Path) -> None:
    stage, heard = Stage(graph, reader), []
    stage.begin()
    face = load_face(reader).model_id
    assert stage.wait(lambda: stage.watcher.health.get("read-out") == "nobody asks")
    subscription = stage.watcher.create_subscription(ExpressionEstimate, "face/expression_estimate", heard.append, 10)
    assert stage.wait(lambda: bool(heard))
    assert not heard[0].speaking
    assert heard[0].evidence == 0.0
    assert stage.speak(face, OPEN, until=lambda: heard[-1].expression == "angry")
    said = heard[-1]
    assert said.speaking
    assert said.face_model == face
    assert said.mouth_opening > 0.05
    assert said.probability[ExpressionEstimate.ANGRY] > 0.5
    assert sum(said.probability) == pytest.approx(1, abs=1e-5)
    assert said.valence < -0.2
    assert said.arousal > 0.2
    assert said.header.stamp.sec > 0
    assert said.present_at.sec > 0
    assert stage.wait(lambda: not heard[-1].speaking), "when codes stop"
    assert stage.wait(lambda: stage.watcher.health.get("read-out") == "angry"), "it is remembered for a while"
    stage.node._stop_all()
    assert stage.wait(lambda: heard[-1].evidence == 0.0), "a stop forgets"
    stage.watcher.destroy_subscription(subscription)
    assert stage.wait(lambda: stage.watcher.health.get("read-out") == "nobody asks")


def test_the_operators_page_is_told_without_a_subscriber(
    graph: Graph, reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(graph, reader, display="web", port=0)
    stage.begin()
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(stage.page._server, "estimate", told.append)
    monkeypatch.setattr(type(stage.page._server), "readers", property(lambda server: 1))
    assert stage.speak(load_face(reader).model_id, OPEN, until=lambda: bool(told) and told[-1]["mood"] == "angry")
    assert told[-1]["speaking"] is True
    assert told[-1]["odds"] > 0.5
    assert (told[-1]["right"], told[-1]["commonest"]) == pytest.approx((0.6, 0.4))


def test_a_model_without_a_read_out_offers_no_topic_and_says_why(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder)
    stage.begin()
    assert stage.wait(lambda: "th readout" in stage.watcher.health.get("read-out", ""))
    assert stage.watcher.count_publishers("face/expression_estimate") == 0
