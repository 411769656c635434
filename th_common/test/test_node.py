"""The node base on real rclpy: parameters refused in words, lifecycle, diagnostics, worker errors survive."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.exceptions import InvalidParameterValueException
from rclpy.parameter import Parameter as RosParameter

from th_common.errors import ModelError
from th_common.health import Level
from th_common.node import TalkingHeadNode, time_message
from th_common.parameters import Parameter
from th_common.stamps import to_seconds
from th_common.testing import Graph


class Probe(TalkingHeadNode):
    parameters = (
        Parameter(name="gain", default=1.0, description="gain", minimum=0.0, maximum=2.0, special=(-1.0,)),
        Parameter(name="display", default="web", description="where", choices=("web", "none")),
        Parameter(name="count", default=3, description="n", minimum=1, maximum=5),
    )

    def __init__(self, **kwargs: Any) -> None:
        self.log: list[str] = []
        self.broken = False
        super().__init__("probe", **kwargs)

    def configure(self) -> None:
        if self.broken:
            raise ModelError("no such model")
        self.log.append("configure")
        self.jobs = self.start_worker("jobs", self.work)

    def activate(self) -> None:
        self.log.append("activate")

    def deactivate(self) -> None:
        self.log.append("deactivate")

    def cleanup(self) -> None:
        self.log.append("cleanup")

    def work(self, item: str) -> None:
        if item == "bad":
            raise RuntimeError("bad item")
        self.log.append(item)

    def parameter_changed(self, name: str, value: object) -> None:
        self.log.append(f"{name}={value}")


def test_autostart_runs_and_close_frees() -> None:
    with Graph() as graph:
        node = graph.add(lambda context: Probe(context=context))
        assert graph.wait(lambda: node.active)
        node.close()
        assert node.log == ["configure", "activate", "deactivate", "cleanup"]


def test_configure_error_leaves_the_node_alive_and_says_why() -> None:
    with Graph() as graph:
        overrides = [RosParameter("autostart", value=False)]
        node = graph.add(lambda context: Probe(context=context, parameter_overrides=overrides))
        node.broken = True
        node.trigger_configure()
        assert not node.active
        assert "no such model" in node.health.snapshot().message
        node.broken = False
        node.trigger_configure()
        node.trigger_activate()
        assert node.active
        assert node.health.snapshot().message == "OK"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("gain", 3.0, "outside 0..2"),
        ("gain", float("nan"), "NaN"),
        ("display", "tv", "one of web, none"),
        ("count", 9, "count"),
    ],
)
def test_bad_values_are_refused_in_words(name: str, value: object, words: str) -> None:
    with Graph() as graph:
        node = graph.add(lambda context: Probe(context=context))
        result = node.set_parameters([RosParameter(name, value=value)])[0]
        assert not result.successful
        assert words in result.reason
        with pytest.raises(InvalidParameterValueException):
            Probe(context=graph.context, parameter_overrides=[RosParameter(name, value=value)])


def test_special_values_and_changes_are_told() -> None:
    with Graph() as graph:
        node = graph.add(lambda context: Probe(context=context))
        assert node.set_parameters([RosParameter("gain", value=-1.0)])[0].successful
        assert "gain=-1.0" in node.log


def test_worker_errors_are_counted_and_the_worker_lives() -> None:
    with Graph() as graph:
        node = graph.add(lambda context: Probe(context=context))
        assert graph.wait(lambda: node.active)
        node.jobs.put("bad")
        node.jobs.put("good")
        assert node.jobs.drain(5.0)
        assert "good" in node.log
        assert node.health.counter("jobs error") == 1


def test_diagnostics_carry_level_name_and_values() -> None:
    with Graph() as graph:
        node = graph.add(lambda context: Probe(context=context))
        got: list[DiagnosticArray] = []
        node.create_subscription(DiagnosticArray, "/diagnostics", got.append, 10)
        node.health.set("input rate", 16000.0)
        node.report("odd bytes", "3 bytes are not whole samples")
        node.publish_diagnostics()
        assert graph.wait(lambda: bool(got))
        status = got[-1].status[0]
        assert status.level == b"\x02"
        assert status.name == "probe: talking head"
        assert {v.key: v.value for v in status.values}["input rate"] == "1.6e+04"


def test_errors_and_warnings_may_follow_each_other() -> None:
    with Graph() as graph:
        node = graph.add(lambda context: Probe(context=context))
        for number, level in enumerate((Level.ERROR, Level.WARN, Level.ERROR, Level.WARN)):
            node.report(f"fault {number}", "told", level=level)
        assert node.health.snapshot().level == Level.ERROR


def test_an_error_that_nobody_expected_is_said_and_the_node_begins_again() -> None:
    with Graph() as graph:
        node = graph.add(
            lambda context: Probe(context=context, parameter_overrides=[RosParameter("autostart", value=False)])
        )
        node.trigger_configure()
        node.activate = lambda: 1 / 0  # type: ignore[method-assign,assignment]
        node.trigger_activate()
        assert (node.lifecycle, node.log[-2:]) == ("unconfigured", ["deactivate", "cleanup"])
        assert "activate: ZeroDivisionError" in node.health.snapshot().message


def test_who_cannot_tell_how_he_is_lives_and_says_so() -> None:
    with Graph() as graph:
        node = graph.add(lambda context: Probe(context=context))
        assert graph.wait(lambda: node.active)
        node.update_health = lambda: 1 / 0  # type: ignore[method-assign,assignment]
        node.publish_diagnostics()
        assert "diagnostics: ZeroDivisionError" in node.health.snapshot().message


def test_times_survive_the_message() -> None:
    assert abs(to_seconds(time_message(1_790_000_000.123456)) - 1_790_000_000.123456) < 1e-6
    assert to_seconds(time_message(-5.0)) == 0.0
