"""The node on real rclpy: codes in, pictures out; its life cycle, backgrounds, idle life and stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Empty
from std_srvs.srv import Trigger

from th_common.stamps import to_seconds
from th_common.testing import Graph
from th_face_renderer import load_face
from th_face_renderer.testing import synthetic_face
from th_face_renderer.testing_node import SIZE, Stage, picture


def test_a_code_becomes_a_picture_due_at_its_time(graph: Graph, folder: Path) -> None:
    face = load_face(folder)
    stage = Stage(graph, folder, frame_id="screen")
    stage.begin()
    stage.watcher.watch(Image, "face/image")
    code = np.linspace(-1, 1, 16).astype(np.float32)
    expected = face.render(code, SIZE)

    def drawn() -> bool:
        return any(np.array_equal(picture(m), expected) for m in stage.watcher.images)

    assert stage.speak(face.model_id, code, until=drawn)
    image = next(m for m in stage.watcher.images if np.array_equal(picture(m), expected))
    assert (image.height, image.width, image.encoding, image.step) == (*SIZE, "bgr8", 3 * SIZE[1])
    assert (image.is_bigendian, image.header.frame_id) == (0, "screen")
    assert abs(to_seconds(image.header.stamp) - stage.watcher.now()) < 5.0
    stamps = [to_seconds(m.header.stamp) for m in stage.watcher.images]
    assert stamps == sorted(stamps)


def test_compressed_pictures_are_jpeg(graph: Graph, folder: Path) -> None:
    face = load_face(folder)
    stage = Stage(graph, folder, jpeg_quality=95)
    stage.begin()
    stage.watcher.watch(CompressedImage, "face/image/compressed")
    assert stage.wait(lambda: bool(stage.watcher.images))
    message = stage.watcher.images[0]
    assert message.format == "jpeg"
    decoded = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (*SIZE, 3)
    assert np.abs(decoded.astype(int) - face.render(face.rest_code, SIZE)).mean() < 4


def test_pictures_are_drawn_only_while_somebody_subscribes(graph: Graph, folder: Path) -> None:
    face = load_face(folder)
    stage = Stage(graph, folder)
    stage.begin()
    assert stage.speak(face.model_id, np.ones(16), until=lambda: stage.watcher.health.get("state") == "speaking")
    assert stage.watcher.health["pictures"] == "0"
    subscription = stage.watcher.watch(Image, "face/image")
    assert stage.speak(face.model_id, np.ones(16), until=lambda: bool(stage.watcher.images))
    stage.watcher.destroy_subscription(subscription)
    show = stage.show
    assert stage.wait(lambda: show.viewers == 0)
    before, frame = show.drawn, stage.frame
    assert stage.speak(face.model_id, -np.ones(16), until=lambda: stage.frame > frame + 30)
    assert show.drawn == before


def test_a_late_joiner_sees_the_face_at_rest(graph: Graph, folder: Path) -> None:
    face = load_face(folder)
    stage = Stage(graph, folder)
    stage.begin()
    stage.watcher.watch(Image, "face/image")
    assert stage.wait(lambda: bool(stage.watcher.images))
    np.testing.assert_array_equal(picture(stage.watcher.images[0]), face.render(face.rest_code, SIZE))
    assert stage.wait(lambda: stage.watcher.health.get("state") == "resting")


def test_without_codes_the_face_comes_to_rest_again(graph: Graph, folder: Path) -> None:
    face = load_face(folder)
    stage = Stage(graph, folder)
    stage.begin()
    stage.watcher.watch(Image, "face/image")
    spoken = face.render(np.ones(16), SIZE)
    images = stage.watcher.images
    assert stage.speak(
        face.model_id, np.ones(16), until=lambda: any(np.array_equal(picture(i), spoken) for i in images)
    )
    rest = face.render(face.rest_code, SIZE)
    assert stage.wait(lambda: np.array_equal(picture(stage.watcher.images[-1]), rest))


def test_a_stop_drops_what_waits_and_what_is_on_its_way(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder)
    stage.begin()
    schedule, face = stage.living.schedule, load_face(folder).model_id
    for frame in range(30):
        stage.watcher.say(face, values=np.ones(16), frame=frame, delay=2.0 + frame / 60)
    assert stage.wait(lambda: len(schedule) == 30)
    client = stage.watcher.create_client(Trigger, "face/stop")
    heard: list[int] = []
    hear: Any = lambda _, info: heard.append(info["source_timestamp"])  # noqa: E731
    stage.watcher.create_subscription(Empty, "face/stop_now", hear, 10)
    assert stage.wait(client.service_is_ready)
    assert stage.wait(lambda: stage.watcher.count_publishers("face/stop_now") == 1)
    answer = client.call_async(Trigger.Request())
    assert stage.wait(answer.done)
    assert answer.result().success
    assert len(schedule) == 0
    assert stage.wait(lambda: bool(heard) and stage.node.stops.newest == heard[0]), "everybody knows it by one number"

    stage.watcher.say(face, frame=30, delay=2.0)  # of the stream that was stopped
    stage.watcher.say(face, frame=0, delay=2.0, after_stop=heard[0])
    assert stage.wait(lambda: len(schedule) > 0)
    assert len(schedule) == 1
    stage.watcher.say(face, frame=0, delay=2.5, after_stop=heard[0] + 1)  # tells of a stop that is still on its way
    assert stage.wait(lambda: stage.node.stops.newest == heard[0] + 1)
    assert len(schedule) == 1


def test_a_damaged_model_is_named_and_the_node_lives(graph: Graph, tmp_path: Path) -> None:
    stage = Stage(graph, tmp_path / "nothing")
    assert stage.wait(lambda: "does not exist" in stage.watcher.message)
    assert not stage.node.active
    synthetic_face(tmp_path / "nothing", side=64)
    stage.node.trigger_configure()
    stage.node.trigger_activate()
    assert stage.node.active


def test_a_background_that_is_no_picture_is_a_named_fault(graph: Graph, folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "wall.png"
    text.write_text("not a picture")
    stage = Stage(graph, folder, background=str(text))
    assert stage.wait(lambda: "is not a picture" in stage.watcher.message)
    assert not stage.node.active


def test_a_picture_is_seen_behind_the_face(graph: Graph, folder: Path, tmp_path: Path) -> None:
    wall = np.zeros((20, 20, 3), np.uint8)
    wall[:, :10] = (10, 200, 30)
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), wall)
    face = load_face(folder, background=path)
    stage = Stage(graph, folder, background=str(path))
    stage.begin()
    stage.watcher.watch(Image, "face/image")
    code = np.linspace(-1, 1, 16).astype(np.float32)
    expected = face.render(code, SIZE)
    assert tuple(expected[SIZE[0] // 2, 0]) == (10, 200, 30)
    assert stage.speak(
        face.model_id, code, until=lambda: any(np.array_equal(picture(m), expected) for m in stage.watcher.images)
    )
    assert stage.wait(lambda: stage.watcher.health.get("decoder") == face.backend)


def test_idle_life_is_switched_on_and_off_while_it_runs(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder)
    stage.begin()
    stage.watcher.watch(Image, "face/image")
    images, rest = stage.watcher.images, load_face(folder).render(load_face(folder).rest_code, SIZE)
    assert stage.wait(lambda: bool(images) and np.array_equal(picture(images[-1]), rest))
    stage.node.set_parameters([RosParameter("idle_life", value=True)])
    assert stage.wait(lambda: not np.array_equal(picture(images[-1]), rest))
    stage.node.set_parameters([RosParameter("idle_life", value=False)])
    assert stage.wait(lambda: np.array_equal(picture(images[-1]), rest))
    assert not stage.node.set_parameters([RosParameter("idle_motion", value=2.0)])[0].successful
