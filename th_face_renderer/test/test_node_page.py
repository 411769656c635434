"""The node's page: where it is served, what it is sent, and what the operator may do there."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
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

from audio_common_msgs.msg import AudioData, AudioDataStamped
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import Image
from std_msgs.msg import Empty, Header
from th_msgs.msg import FacialCode

from th_common.node import time_message
from th_common.testing import Graph
from th_face_renderer import load_face
from th_face_renderer.display.page_protocol import Kind, Look, unpack
from th_face_renderer.testing_node import SIZE, Stage, picture


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
    assert stage.page.sound.delay == pytest.approx(1000.25, abs=1e-3)


def test_the_page_of_the_operator_stops_the_face(graph: Graph, folder: Path) -> None:
    stage = Stage(graph, folder, display="web", port=0)
    stage.begin()
    schedule, face = stage.living.schedule, load_face(folder)
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
    assert offered == ["voice:measure", "voice:without", "look", "stop"]
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
    assert (stage.show.drawn > 0) == (look is Look.PICTURES), "for pages that draw the node need not"


def test_the_page_of_the_operator_asks_for_expressions_and_looks(graph: Graph, expressive: Path) -> None:
    stage = Stage(graph, expressive, display="web", port=0)
    stage.begin()
    living, url = stage.living, stage.node.health.snapshot().values["page"]

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
    voice = ["voice:measure", "voice:without"]
    assert hello["actions"] == ["expression:happy", "expression:sad", "expression:rest", *voice, "look", "stop"]
    assert hello["takes"] == dict.fromkeys(hello["actions"][:3], 1) | {"look": 2}
    assert stage.wait(lambda: stage.watcher.health.get("expression") == "sad")
    assert stage.wait(lambda: living.expressions.over(stage.watcher.now())[-1][1] == pytest.approx(0.5))
    stage.node._stop_all()
    assert stage.wait(lambda: stage.watcher.health.get("expression") == ""), "a stop ends that, too"


def test_the_background_changes_while_the_face_is_shown(graph: Graph, folder: Path, tmp_path: Path) -> None:
    wall = np.full((20, 20, 3), (10, 200, 30), np.uint8)
    cv2.imwrite(str(tmp_path / "wall.png"), wall)
    face = load_face(folder)
    stage = Stage(graph, folder, display="web", port=0)
    stage.begin()
    stage.watcher.watch(Image, "face/image")
    page = stage.node._page
    assert page is not None
    server = page._server
    for background in (str(tmp_path / "wall.png"), "#204060"):
        assert stage.node.set_parameters([RosParameter("background", value=background)])[0].successful
        expected = load_face(folder, background=background).render(face.rest_code, SIZE)
        assert stage.wait(lambda e=expected: any(np.array_equal(picture(m), e) for m in stage.watcher.images))
        told = json.loads(server._info or "{}")["values"]
        assert told["background"] == ("#000000" if background.endswith("png") else background)
        if told["backdrop"]:
            with urllib.request.urlopen(server.url + told["backdrop"], timeout=10.0) as answer:
                assert answer.headers["Content-Type"] == "image/jpeg"
    refused = stage.node.set_parameters([RosParameter("background", value=str(tmp_path / "nothing.png"))])[0]
    assert not refused.successful
    assert "background: " in refused.reason
    assert "no such file" in refused.reason
    assert stage.node.value("background") == "#204060"
