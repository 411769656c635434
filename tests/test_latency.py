"""The budget of the time from sound to face: read off diagnostics, printed by a command."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from th_bringup.latency import OUT, STAGES, Budget

from tests.graph import face_graph, listening, process


def test_skew_is_the_difference_of_medians_and_a_bound_beyond() -> None:
    health = {
        "face_renderer": {"latency face ms": "3.0 5.0 9.0", "state": "speaking"},
        "audio_playout": {"latency sound ms": "1.0 2.0 20.0"},
        "face_predictor": {"presentation delay": "0.317", "latency face ms": "99 99 99"},
    }
    budget = Budget.of(health)
    assert set(budget.stages) == {"face", "sound"}
    assert budget.delay == pytest.approx(317.0)
    assert budget.skew == (2.0, 4.0, 17.0)
    assert "317.0" in budget.table()


def test_nothing_said_is_no_number() -> None:
    budget = Budget.of({})
    assert budget.skew is None
    assert budget.delay is None
    assert budget.table().count("-") >= 3 * len(STAGES)


def test_the_command_prints_every_stage_of_a_running_graph() -> None:
    with listening(images=True) as (graph, listener), face_graph("--source", "example", "--loop", "true") as run:
        node = graph.add(lambda context: _listener_to_sound(context))
        wanted = [(name, f"latency {stage} ms") for stage, name, *_ in (*STAGES, *OUT)]
        assert graph.wait(lambda: all(listener.value(n, key) for n, key in wanted), 60.0), run.output
        with process("-m", "th_bringup.latency", "--seconds", "2.5") as command:
            assert graph.wait(lambda: command.popen.poll() is not None, 60.0)
            output = command.output
        assert command.popen.returncode == 0, output
        assert node is not None
        rows = {line[:18].strip(): line[18:45].split() for line in output.splitlines()}
        for _, _, name, _ in STAGES:
            assert len([float(value) for value in rows[name]]) == 3
        # What the features wait for at least; a machine too slow for the network does without its lookahead.
        assert float(rows["lookahead"][0]) > 1e3 * (5 / 60 + 0.014)
        assert float(rows["presentation delay"][0]) > 200.0
        assert len(rows["skew"]) == 3


def test_without_a_graph_the_command_says_so() -> None:
    with listening(), process("-m", "th_bringup.latency", "--seconds", "0.5") as command:
        assert command.finish() == 1
        assert "is the graph running" in command.output


def _listener_to_sound(context):  # type: ignore[no-untyped-def]
    from audio_common_msgs.msg import AudioDataStamped
    from rclpy.node import Node

    node = Node("ear", context=context)
    node.create_subscription(AudioDataStamped, "audio_delayed", lambda _: None, 50)
    return node
