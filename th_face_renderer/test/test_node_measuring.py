"""The operator's page has the voice measured by whoever serves that, and says in words what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.node import Node
from std_srvs.srv import Trigger
from th_msgs.srv import Calibrate

from th_common.testing import Graph
from th_face_renderer import node_measuring
from th_face_renderer.node_measuring import Measuring
from th_face_renderer.testing_node import Stage


class Predictor:
    """Stands in for face_predictor."""

    def __init__(self, graph: Graph) -> None:
        self.node = graph.add(lambda context: Node("face_predictor", context=context))
        self.names: list[str] = []
        self.node.create_service(Calibrate, "face/calibrate", self._calibrate)
        self.node.create_service(Trigger, "face/forget_voice", self._forget)

    def _calibrate(self, request: Calibrate.Request, response: Calibrate.Response) -> Calibrate.Response:
        self.names.append(request.name)
        response.success, response.message = False, "only 3 s of speech"
        return response

    def _forget(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.names.clear()
        response.success, response.message = True, "no measured voice was in use" + 9000 * "!"
        return response


def test_the_buttons_of_the_page_ask_the_predictor(graph: Graph, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, predictor = Stage(graph, folder, display="web", port=0), Predictor(graph)
    stage.begin()
    told: list[str] = []
    note = stage.page._server.note

    def listen(values: dict[str, str]) -> None:
        note(values)
        told.append(f"{values['group']}: {values['text']}")

    monkeypatch.setattr(stage.page._server, "note", listen)
    measuring = stage.page._measuring
    assert graph.wait(lambda: measuring._calibrate.service_is_ready() and measuring._forget.service_is_ready())
    offered = stage.page._server._actions
    offered["voice:measure"].call()
    offered["voice:measure"].call()  # impatient
    assert graph.wait(lambda: told[-1:] == ["voice: only 3 s of speech"])
    assert predictor.names == ["operator"]
    assert told == ["voice: The voice is measured ...", "voice: only 3 s of speech"]
    offered["voice:without"].call()
    assert graph.wait(lambda: told[-1].startswith("voice: no measured voice was in use!"))
    assert predictor.names == []


def test_who_does_not_answer_is_said_and_may_be_asked_again(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    node = graph.add(lambda context: Node("face_renderer", context=context))
    measuring = Measuring(node, told.append)
    measuring.measure()
    assert told == ["face_predictor is not there: nobody measures voices"]
    monkeypatch.setattr(node_measuring, "PATIENCE", -1.0)
    monkeypatch.setattr(measuring._forget, "service_is_ready", lambda: True)
    measuring.forget()
    measuring.look()
    assert told[-1] == "face_predictor did not answer"
    measuring.look()
    measuring.forget()
    assert len(told) == 4
    measuring.destroy()
    measuring.look()
    assert len(told) == 4
