"""Codes that the node takes, drops and refuses by name; and a predictor that dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy
from builtin_interfaces.msg import Time
from rclpy.context import Context
from rclpy.node import Node
from std_msgs.msg import Empty
from th_msgs.msg import FacialCode

from th_common.alive import ALIVE, ALIVE_TOPIC
from th_common.node import time_message
from th_common.testing import Graph
from th_face_renderer import load_face
from th_face_renderer.schedule import LOST_FALL
from th_face_renderer.testing_node import Stage


def test_a_predictor_that_dies_takes_its_last_codes_with_it(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder)
    stage.begin()
    schedule, face = stage.living.schedule, load_face(folder).model_id
    elsewhere = Context()  # a participant of its own, as another process would be
    rclpy.init(context=elsewhere, domain_id=graph.context.get_domain_id())
    predictor = Node("predictor", context=elsewhere)
    predictor.create_publisher(Empty, ALIVE_TOPIC, ALIVE)
    assert stage.wait(lambda: stage.codes.predictors == 1)
    for frame in range(300):
        stage.watcher.say(face, values=np.ones(16), frame=frame, delay=frame / 60)
    assert stage.wait(lambda: schedule.at(stage.watcher.now() + 0.5).speaking)
    predictor.destroy_node()
    elsewhere.shutdown()
    assert stage.wait(lambda: stage.codes.predictors == 0)
    assert not schedule.at(stage.watcher.now() + LOST_FALL).speaking
    assert stage.wait(lambda: "predictor lost" in stage.watcher.message)
    assert stage.speak(face, np.ones(16), until=lambda: schedule.at(stage.watcher.now()).speaking), "others may speak"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"face_model": "f" * 64}, "another face"),
        ({"face_model": ""}, "another face"),
        ({"shape": [0.0] * 7}, "7 + 8 parameters, expected 8 + 8"),
        ({"shape": [float("nan")] * 8}, "NaN"),
        ({"appearance": [float("inf")] * 8}, "NaN or infinity"),
        ({"present_at": Time(sec=2**31 - 1)}, "disagree about the time"),
    ],
)
def test_bad_codes_are_refused_by_name(graph: Graph, folder: Path, change: dict[str, Any], words: str) -> None:
    stage = Stage(graph, folder)
    stage.begin()
    good = {"shape": [1.0] * 8, "appearance": [1.0] * 8, "face_model": load_face(folder).model_id}
    due = {"present_at": time_message(stage.watcher.now() + 0.2)}
    stage.watcher.codes.publish(FacialCode(**{**good, **due, **change}))
    assert stage.wait(lambda: words in stage.watcher.message), stage.watcher.message
    assert stage.watcher.health["refused codes"] == "1"
    assert stage.watcher.health["state"] == "resting"
    assert stage.node.active


def test_late_codes_are_counted(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder)
    stage.begin()
    stage.watcher.say(load_face(folder).model_id, delay=-0.5)
    assert stage.wait(lambda: stage.watcher.health.get("late codes") == "1")
    assert "codes late" in stage.watcher.message
