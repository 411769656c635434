"""Expressions and looks that are asked of the node: shown, ended, refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from geometry_msgs.msg import Point, PointStamped
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from th_msgs.msg import Expression

from th_common.testing import Graph
from th_face_renderer import load_face
from th_face_renderer.testing import HAPPY_CODE
from th_face_renderer.testing_node import SIZE, Stage, picture


def test_an_expression_asked_for_is_shown_and_goes(graph: Graph, expressive: Path) -> None:
    face = load_face(expressive)
    stage = Stage(graph, expressive)
    ask = stage.watcher.create_publisher(Expression, "face/expression", 10)
    stage.begin()
    assert stage.wait(lambda: ask.get_subscription_count() == 1)
    images = stage.watcher.images
    stage.watcher.watch(Image, "face/image")
    happy, rest = face.render(HAPPY_CODE, SIZE), face.render(face.rest_code, SIZE)
    ask.publish(Expression(expression=Expression.HAPPY))
    assert stage.wait(lambda: bool(images) and np.array_equal(picture(images[-1]), happy))
    ask.publish(Expression(expression="sadness", intensity=0.5))
    half = face.render((face.rest_code - HAPPY_CODE.astype(np.float32)) / 2, SIZE).astype(int)
    assert stage.wait(lambda: np.abs(picture(images[-1]) - half).max() <= 3)
    ask.publish(Expression(valence=0.81, arousal=0.51, duration=0.5))
    assert stage.wait(lambda: np.abs(picture(images[-1]) - happy.astype(int)).mean() < 5)
    assert stage.wait(lambda: np.array_equal(picture(images[-1]), rest)), "after its time the face is its own"
    ask.publish(Expression(expression="happy"))
    assert stage.wait(lambda: not np.array_equal(picture(images[-1]), rest))
    ask.publish(Expression(intensity=0.0))
    assert stage.wait(lambda: np.array_equal(picture(images[-1]), rest))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Expression(expression="hungry"), "there is no expression 'hungry'"),
        (Expression(expression="angry"), "this face has no expression 'angry'"),
        (Expression(expression="happy", intensity=7.0), "intensity of 7.0"),
        (Expression(valence=-3.0), "valence of -3.0"),
        (Expression(arousal=float("nan")), "arousal of nan"),
        (Expression(expression="happy", duration=-1.0), "duration of -1.0"),
        (Expression(expression="happy", intensity=float("nan")), "intensity of nan"),
        (Expression(expression="happy", duration=float("inf")), "duration of inf"),
        (PointStamped(point=Point(z=-1.0)), "not in front of the face"),
        (PointStamped(point=Point(x=float("nan"), z=1.0)), "not in front of the face"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_named_on_diagnostics(
    graph: Graph, expressive: Path, message: Expression | PointStamped, words: str
) -> None:
    stage = Stage(graph, expressive)
    topic = "face/expression" if isinstance(message, Expression) else "face/look_at"
    ask = stage.watcher.create_publisher(type(message), topic, 10)
    stage.begin()
    assert stage.wait(lambda: ask.get_subscription_count() == 1)
    ask.publish(message)
    assert stage.wait(lambda: words in stage.watcher.message), stage.watcher.message
    assert stage.node.active


def test_a_point_to_look_at_moves_the_gaze_if_its_frame_is_ours(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder, look_at_frame="face_display")
    ask = stage.watcher.create_publisher(PointStamped, "face/look_at", 10)
    stage.begin()
    assert stage.wait(lambda: ask.get_subscription_count() == 1)
    living = stage.living
    ask.publish(PointStamped(header=Header(frame_id="map"), point=Point(x=1.0, z=1.0)))
    assert stage.wait(lambda: "the point is in frame 'map', not in 'face_display'" in stage.watcher.message)
    assert living.at(stage.watcher.now()).layer.gaze_x == 0
    ask.publish(PointStamped(header=Header(frame_id="face_display"), point=Point(x=-1.0, z=1.0)))
    assert stage.wait(lambda: living.at(stage.watcher.now()).layer.gaze_x == 1.0), "its left is on our right"
    assert stage.wait(lambda: living.at(stage.watcher.now()).layer.gaze_x == 0.0), "and then back"
