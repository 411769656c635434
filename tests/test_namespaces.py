"""Two robots in one ROS domain, told apart by their namespaces: sound, codes, services, diagnostics and pages do not mix."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.node import Node
from std_srvs.srv import Trigger
from th_msgs.msg import FacialCode

from tests.graph import face_graph, listening, process

ROBOTS = ("robot1", "robot2")
NAMES = ("audio_source", "audio_features", "face_predictor", "face_renderer", "audio_playout")


class Watch(Node):
    """Counts the codes of both robots and keeps the newest diagnostics by hardware id."""

    def __init__(self, context: Context) -> None:
        super().__init__("watch", context=context)
        self.codes: dict[str, list[FacialCode]] = {robot: [] for robot in ROBOTS}
        self.health: dict[str, DiagnosticStatus] = {}
        for robot in ROBOTS:
            self.create_subscription(FacialCode, f"/{robot}/face/code", self.codes[robot].append, 1000)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._diagnose, 50)
        self.stop = self.create_client(Trigger, "/robot1/face/stop")

    def _diagnose(self, message: DiagnosticArray) -> None:
        self.health.update({status.hardware_id: status for status in message.status})

    def value(self, robot: str, node: str, key: str) -> str:
        values = self.health[f"/{robot}/{node}"].values if f"/{robot}/{node}" in self.health else []
        return next((v.value for v in values if v.key == key), "")


def _robot(name: str, source: str) -> Any:
    quick = [word for node in NAMES for word in ("-p", f"{node}:diagnostics_period:=0.2")]
    ros = ("--ros-args", "-r", f"__ns:=/{name}", *quick)
    return face_graph("--source", source, "--loop", "true", "--display", "web", "--port", "0", *ros)


def test_two_robots_in_one_domain_do_not_mix() -> None:
    with (
        listening(node=Watch) as (graph, watch),
        _robot("robot1", "example") as first,
        _robot("robot2", "topic") as second,
    ):
        everybody = {f"/{robot}/{name}" for robot in ROBOTS for name in NAMES}
        assert graph.wait(lambda: everybody <= set(watch.health), 150.0), first.output + second.output
        assert len({status.name for status in watch.health.values()}) == len(everybody), (
            "who sorts by name tells them apart"
        )
        assert watch.health["/robot1/face_renderer"].name == "robot1/face_renderer: talking head"

        assert graph.wait(lambda: all(watch.value(robot, "face_renderer", "page") for robot in ROBOTS), 150.0)
        pages = [watch.value(robot, "face_renderer", "page") for robot in ROBOTS]
        assert len(set(pages)) == 2
        for page in pages:
            with urllib.request.urlopen(page, timeout=10.0) as answer:
                assert answer.status == 200

        assert graph.wait(lambda: len(watch.codes["robot1"]) > 60, 150.0), first.output
        assert watch.codes["robot2"] == [], "robot2 hears nothing: its own topics are silent"
        assert watch.value("robot2", "audio_source", "source") == "topic", "rules for single nodes hold in a namespace"

        with process("-m", "th_bringup.latency", "--seconds", "0.5", "--ros-args", "-r", "__ns:=/robot1") as command:
            assert graph.wait(lambda: command.popen.poll() is not None, 150.0)
            assert "presentation delay" in command.output, command.output
        assert graph.wait(watch.stop.service_is_ready, 60.0)
        answer = watch.stop.call_async(Trigger.Request())
        assert graph.wait(answer.done, 60.0)
        assert graph.wait(lambda: watch.value("robot1", "face_predictor", "stops") == "1", 60.0)
        quiet = watch.value("robot2", "face_predictor", "stops")
        assert quiet == "", "a stop is heard in its own namespace only"
        assert (first.end(), second.end()) == (0, 0), first.output + second.output
