"""The node on real rclpy: codes in, pictures out, strangers refused, everything named on /diagnostics."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from socket import create_server
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy
from audio_common_msgs.msg import AudioData, AudioDataStamped
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Point, PointStamped
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Empty, Header
from std_srvs.srv import Trigger
from th_msgs.msg import Expression, FacialCode

from th_common.alive import ALIVE, ALIVE_TOPIC
from th_common.model_folder import add_expressions
from th_common.node import time_message
from th_common.stamps import to_seconds
from th_common.testing import Graph
from th_face_renderer import load_face
from th_face_renderer.display.page_protocol import Kind, Look, unpack
from th_face_renderer.node import FaceRendererNode
from th_face_renderer.schedule import LOST_FALL
from th_face_renderer.testing import synthetic_face

SIZE = (96, 128)


class Watcher(Node):
    """Publishes codes, collects diagnostics, and pictures when asked to."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("watcher", **kwargs)
        self.codes = self.create_publisher(FacialCode, "face/code", 10)
        self.images: list[Any] = []
        self.health: dict[str, str] = {}
        self.message = ""
        self.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)

    def _note(self, array: DiagnosticArray) -> None:
        for status in array.status:
            self.message = status.message
            self.health = {v.key: v.value for v in status.values}

    def watch(self, kind: type, topic: str) -> Any:
        return self.create_subscription(kind, topic, self.images.append, 1)

    def now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def say(
        self, face: str, *, values: np.ndarray | None = None, frame: int = 0, delay: float = 0.1, after_stop: int = 0
    ) -> float:
        code = np.zeros(16) if values is None else np.asarray(values, float)
        due = self.now() + delay
        self.codes.publish(
            FacialCode(
                header=Header(stamp=time_message(due - 0.2)),
                frame=frame,
                after_stop=after_stop,
                present_at=time_message(due),
                shape=code[:8].tolist(),
                appearance=code[8:].tolist(),
                face_model=face,
            )
        )
        return due


class Stage:
    """A renderer and a watcher on one graph."""

    def __init__(self, graph: Graph, folder: Path, **parameters: Any) -> None:
        given = {
            "model": str(folder),
            "display": "none",
            "height": SIZE[0],
            "width": SIZE[1],
            "diagnostics_period": 0.1,
            "idle_life": False,
        }
        overrides = [RosParameter(name, value=value) for name, value in {**given, **parameters}.items()]
        self.graph = graph
        self.node = graph.add(lambda context: FaceRendererNode(context=context, parameter_overrides=overrides))
        self.watcher = graph.add(lambda context: Watcher(context=context))
        self.wait = graph.wait

    def begin(self) -> None:
        assert self.wait(lambda: self.node.active)
        assert self.wait(lambda: self.watcher.codes.get_subscription_count() == 1)

    def speak(self, face: str, code: np.ndarray, *, until: Any) -> bool:
        """Send the same code 60 times a second until a condition holds."""
        self.frame = getattr(self, "frame", 0)
        last = 0.0

        def step() -> bool:
            nonlocal last
            if self.watcher.now() > last + 1 / 60:
                last = self.watcher.now()
                self.watcher.say(face, values=code, frame=self.frame)
                self.frame += 1
            return until()

        return self.wait(step)


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("face")
    synthetic_face(path, side=96)
    return path


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


def picture(image: Image) -> np.ndarray:
    return np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)


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
    show = stage.node._show
    assert show is not None
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
    schedule, face = stage.node._schedule, load_face(folder).model_id
    assert schedule is not None
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


def test_a_predictor_that_dies_takes_its_last_codes_with_it(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder)
    stage.begin()
    schedule, face = stage.node._schedule, load_face(folder).model_id
    assert schedule is not None
    elsewhere = Context()  # a participant of its own, as another process would be
    rclpy.init(context=elsewhere, domain_id=graph.context.get_domain_id())
    predictor = Node("predictor", context=elsewhere)
    predictor.create_publisher(Empty, ALIVE_TOPIC, ALIVE)
    assert stage.wait(lambda: stage.node._predictors == 1)
    for frame in range(60):
        stage.watcher.say(face, values=np.ones(16), frame=frame, delay=frame / 60)
    assert stage.wait(lambda: len(schedule) > 30)
    assert schedule.at(stage.watcher.now() + 0.5).speaking
    predictor.destroy_node()
    elsewhere.shutdown()
    assert stage.wait(lambda: stage.node._predictors == 0)
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


def test_a_damaged_model_is_named_and_the_node_lives(graph: Graph, tmp_path: Path) -> None:
    stage = Stage(graph, tmp_path / "nothing")
    assert stage.wait(lambda: "does not exist" in stage.watcher.message)
    assert not stage.node.active
    synthetic_face(tmp_path / "nothing", side=64)
    stage.node.trigger_configure()
    stage.node.trigger_activate()
    assert stage.node.active


def test_lifecycle_round_trip_frees_the_page(graph: Graph, folder: Path) -> None:
    with closing(create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    stage = Stage(graph, folder, display="web", port=port)
    stage.begin()
    for _ in range(2):
        stage.node.trigger_deactivate()
        stage.node.trigger_cleanup()
        with closing(create_server(("127.0.0.1", port))):
            pass
        stage.node.trigger_configure()
        stage.node.trigger_activate()
        assert stage.node.active


def test_a_busy_port_is_one_clear_sentence(graph: Graph, folder: Path) -> None:
    with closing(create_server(("127.0.0.1", 0))) as taken:
        stage = Stage(graph, folder, display="web", port=taken.getsockname()[1])
        assert stage.wait(lambda: str(taken.getsockname()[1]) in stage.watcher.message), stage.watcher.message
    assert not stage.node.active
    assert stage.node._images is None, "a configure that failed leaves nothing open"


def test_voice_to_face_is_told_without_the_clocks_offset(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder, display="web", port=0)
    stage.begin()
    face, due = load_face(folder).model_id, stage.watcher.now() + 0.1
    code = FacialCode(
        header=Header(stamp=time_message(due - 0.25 - 1000.0)),  # a clock that is 1000 s behind
        present_at=time_message(due),
        shape=[0.0] * 8,
        appearance=[0.0] * 8,
        face_model=face,
    )
    code.timing.captured = due - 0.25
    stage.watcher.codes.publish(code)
    assert stage.wait(lambda: "presentation delay ms" in stage.watcher.health)
    assert float(stage.watcher.health["presentation delay ms"]) == pytest.approx(250.0, abs=1.0)
    assert stage.node._sound is not None
    assert stage.node._sound.delay == pytest.approx(1000.25, abs=1e-3)


def test_the_page_of_the_operator_stops_the_face(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder, display="web", port=0)
    stage.begin()
    schedule, face = stage.node._schedule, load_face(folder)
    assert schedule is not None
    for frame in range(30):
        stage.watcher.say(face.model_id, values=np.ones(16), frame=frame, delay=2.0 + frame / 60)
    assert stage.wait(lambda: len(schedule) == 30)
    heard: list[Empty] = []
    stage.watcher.create_subscription(Empty, "face/stop_now", heard.append, 10)
    assert stage.wait(lambda: stage.watcher.count_publishers("face/stop_now") == 1)
    url = stage.node.health.snapshot().values["page"]
    threads: list[str] = []
    rest_now = stage.node._rest_now

    def note() -> None:
        threads.append(threading.current_thread().name)
        rest_now()

    stage.node._rest_now = note  # type: ignore[method-assign]

    async def operator() -> tuple[list[str], bytes]:
        async with aiohttp.ClientSession() as http, http.ws_connect(url + "socket?face=codes") as socket:
            offered = (await socket.receive_json())["actions"]
            await socket.send_str('{"type": "do", "action": "stop"}')
            stopped = False
            while True:
                message = await socket.receive(15.0)
                if message.type is aiohttp.WSMsgType.TEXT:
                    stopped = stopped or '"stop"' in message.data
                elif stopped:
                    return offered, message.data

    with ThreadPoolExecutor(1) as pool:
        visit = pool.submit(asyncio.run, operator())
        assert stage.wait(visit.done, 20.0)
        assert stage.wait(lambda: bool(heard)), "everybody is told"
    offered, after = visit.result()
    assert offered == ["look", "stop"]
    assert len(schedule) == 0
    assert set(threads) == {threading.current_thread().name}, "the executor's, not the page's"
    code = unpack(after)
    assert code.kind is Kind.CODE
    np.testing.assert_array_equal(np.frombuffer(code.payload, "<f4"), [*face.rest_code, 0, 0, 0, 0, 0])
    assert stage.node.active


@pytest.mark.parametrize("look", list(Look))
def test_the_page_gets_the_face_and_the_sound_in_step(
    graph: Graph, folder: Path, monkeypatch: pytest.MonkeyPatch, look: Look
) -> None:
    shown: dict[Look, list[float]] = {Look.PICTURES: [], Look.CODES: []}
    played: list[float] = []
    server = "th_face_renderer.display.page.PageServer."
    monkeypatch.setattr(server + "looking", lambda self, wanted: int(wanted is look))
    monkeypatch.setattr(server + "show", lambda self, jpeg, due: shown[Look.PICTURES].append(due))
    monkeypatch.setattr(server + "show_code", lambda self, code, due, layer: shown[Look.CODES].append(due))
    monkeypatch.setattr(server + "play", lambda self, s, rate, due: played.append(due))
    stage = Stage(graph, folder, display="web", port=0, page_lead=0.5)
    stage.begin()
    assert "http://127.0.0.1:" in stage.node.health.snapshot().values["page"]
    speaker = stage.watcher.create_publisher(AudioDataStamped, "audio_stamped", 50)
    assert stage.wait(lambda: speaker.get_subscription_count() == 1)
    begin, sent, face = stage.watcher.now(), 0, load_face(folder).model_id

    def step() -> bool:
        nonlocal sent
        if stage.watcher.now() > begin + sent * 0.1:
            audio = AudioData(data=bytes(3200))
            speaker.publish(AudioDataStamped(header=Header(stamp=time_message(begin + sent * 0.1)), audio=audio))
            sent += 1
            stage.watcher.say(face, frame=sent)
        return len(played) > 3

    assert stage.wait(step)
    np.testing.assert_allclose(np.diff(played), 0.1, atol=0.01)
    assert min(abs((played[0] - 0.2 - begin) / 0.1 - k) for k in range(30)) < 0.1  # capture + the codes' delay of 0.2 s
    assert stage.wait(lambda: abs(float(stage.watcher.health.get("presentation delay ms", 0)) - 200.0) < 5.0)
    assert shown[look]
    assert shown[look][0] > begin
    other = Look.CODES if look is Look.PICTURES else Look.PICTURES
    assert not shown[other]
    assert stage.node._show is not None
    assert (stage.node._show.drawn > 0) == (look is Look.PICTURES), "for pages that draw the node need not"


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


def test_the_background_changes_while_the_face_is_shown(graph: Graph, folder: Path, tmp_path: Path) -> None:
    wall = np.full((20, 20, 3), (10, 200, 30), np.uint8)
    cv2.imwrite(str(tmp_path / "wall.png"), wall)
    face = load_face(folder)
    stage = Stage(graph, folder, display="web", port=0)
    stage.begin()
    stage.watcher.watch(Image, "face/image")
    page = stage.node._page
    assert page is not None
    for background in (str(tmp_path / "wall.png"), "#204060"):
        assert stage.node.set_parameters([RosParameter("background", value=background)])[0].successful
        expected = load_face(folder, background=background).render(face.rest_code, SIZE)
        assert stage.wait(lambda e=expected: any(np.array_equal(picture(m), e) for m in stage.watcher.images))
        told = json.loads(page._info or "{}")["values"]
        assert told["background"] == ("#000000" if background.endswith("png") else background)
        if told["backdrop"]:
            with urllib.request.urlopen(page.url + told["backdrop"], timeout=10.0) as answer:
                assert answer.headers["Content-Type"] == "image/jpeg"
    refused = stage.node.set_parameters([RosParameter("background", value=str(tmp_path / "nothing.png"))])[0]
    assert not refused.successful
    assert "background: " in refused.reason
    assert "no such file" in refused.reason
    assert stage.node.value("background") == "#204060"


WISH = np.linspace(-1, 1, 16).round(2)


@pytest.fixture
def expressive(tmp_path: Path) -> Path:
    """A face that can look happy and sad."""
    synthetic_face(tmp_path / "face", side=64, seed=3)
    add_expressions(tmp_path / "face", {"happy": WISH.tolist(), "sad": (-WISH).tolist()})
    return tmp_path / "face"


def test_an_expression_asked_for_is_shown_and_goes(graph: Graph, expressive: Path) -> None:
    face = load_face(expressive)
    stage = Stage(graph, expressive)
    ask = stage.watcher.create_publisher(Expression, "face/expression", 10)
    stage.begin()
    assert stage.wait(lambda: ask.get_subscription_count() == 1)
    images = stage.watcher.images
    stage.watcher.watch(Image, "face/image")
    happy, rest = face.render(WISH, SIZE), face.render(face.rest_code, SIZE)
    ask.publish(Expression(expression=Expression.HAPPY))
    assert stage.wait(lambda: bool(images) and np.array_equal(picture(images[-1]), happy))
    ask.publish(Expression(expression="sadness", intensity=0.5))
    half = face.render((face.rest_code - WISH.astype(np.float32)) / 2, SIZE).astype(int)
    assert stage.wait(lambda: np.abs(picture(images[-1]) - half).max() <= 3)
    ask.publish(Expression(valence=0.81, arousal=0.51, duration=0.5))
    assert stage.wait(lambda: np.abs(picture(images[-1]) - happy.astype(int)).mean() < 5)
    assert stage.wait(lambda: np.array_equal(picture(images[-1]), rest)), "after its time the face is its own"
    ask.publish(Expression(expression="happy"))
    assert stage.wait(lambda: not np.array_equal(picture(images[-1]), rest))
    ask.publish(Expression(intensity=0.0))
    assert stage.wait(lambda: np.array_equal(picture(images[-1]), rest))


def test_the_page_of_the_operator_asks_for_expressions_and_looks(graph: Graph, expressive: Path) -> None:
    stage = Stage(graph, expressive, display="web", port=0)
    stage.begin()
    living, url = stage.node._living, stage.node.health.snapshot().values["page"]
    assert living is not None

    async def operator() -> dict[str, Any]:
        async with aiohttp.ClientSession() as http, http.ws_connect(url + "socket?face=codes") as socket:
            hello = await socket.receive_json()
            await socket.send_json({"type": "do", "action": "expression:sad", "numbers": [0.5]})
            await socket.send_json({"type": "do", "action": "look", "numbers": [-0.5, 0.25]})
            while True:
                message = await socket.receive(15.0)
                if message.type is aiohttp.WSMsgType.BINARY and unpack(message.data).kind is Kind.CODE:
                    numbers = np.frombuffer(unpack(message.data).payload, "<f4")
                    if numbers[18:20].tolist() == [-0.5, 0.25]:
                        return hello

    with ThreadPoolExecutor(1) as pool:
        visit = pool.submit(asyncio.run, operator())
        assert stage.wait(visit.done, 20.0)
    hello = visit.result()
    assert hello["actions"] == ["expression:happy", "expression:sad", "expression:rest", "look", "stop"]
    assert hello["takes"] == dict.fromkeys(hello["actions"][:3], 1) | {"look": 2}
    assert stage.wait(lambda: stage.watcher.health.get("expression") == "sad")
    assert stage.wait(lambda: living.expressions.over(stage.watcher.now())[-1][1] == pytest.approx(0.5))
    stage.node._stop_all()
    assert stage.wait(lambda: stage.watcher.health.get("expression") == ""), "a stop ends that, too"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Expression(expression="hungry"), "there is no expression 'hungry'"),
        (Expression(expression="angry"), "this face has no expression 'angry'"),
        (Expression(expression="happy", intensity=7.0), "intensity of 7.0"),
        (Expression(valence=-3.0), "valence of -3.0"),
        (Expression(arousal=float("nan")), "arousal of nan"),
        (Expression(expression="happy", duration=-1.0), "duration of -1.0"),
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
    living = stage.node._living
    assert living is not None
    ask.publish(PointStamped(header=Header(frame_id="map"), point=Point(x=1.0, z=1.0)))
    assert stage.wait(lambda: "the point is in frame 'map', not in 'face_display'" in stage.watcher.message)
    assert living.at(stage.watcher.now()).layer.gaze_x == 0
    ask.publish(PointStamped(header=Header(frame_id="face_display"), point=Point(x=-1.0, z=1.0)))
    assert stage.wait(lambda: living.at(stage.watcher.now()).layer.gaze_x == 1.0), "its left is on our right"
    assert stage.wait(lambda: living.at(stage.watcher.now()).layer.gaze_x == 0.0), "and then back"


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
