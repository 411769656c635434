"""Speech handed over to the composed graph: real features, network and renderer, and the result when the face has finished."""

from __future__ import annotations

from pathlib import Path

import pysptk.util
import pytest
import soundfile

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.clock import Clock
from rclpy.node import Node
from th_msgs.action import Speak

from tests.graph import face_graph, listening
from th_common.stamps import to_seconds

PATIENT = ("--ros-args", "-p", "face_predictor:presentation_delay:=3.0", "-p", "audio_features:idle_timeout:=3.0")
"""With so much time a busy machine neither hurries a code nor leaves out what is too slow."""


def test_the_composed_graph_says_a_recording_and_falls_silent_when_cancelled(tmp_path: Path) -> None:
    speech, rate = soundfile.read(pysptk.util.example_audio_file(), dtype="int16")
    soundfile.write(tmp_path / "hello.wav", speech[rate : 2 * rate], rate)
    goal = Speak.Goal(path=str(tmp_path / "hello.wav"))
    with listening() as (graph, listener), face_graph("--source", "topic", *PATIENT) as run:
        client = ActionClient(graph.add(lambda context: Node("talker", context=context)), Speak, "speak")
        assert graph.wait(client.server_is_ready, 60.0), run.output
        assert graph.wait(lambda: listener.value("face_renderer", "state") == "resting", 30.0), run.output

        first = client.send_goal_async(goal)
        assert graph.wait(first.done)
        said = first.result().get_result_async()
        assert graph.wait(said.done, 30.0), run.output
        now = Clock().now().nanoseconds * 1e-9
        if said.result().result.outcome == Speak.Result.FAILED and listener.value("face_predictor", "pace") == "rest":
            pytest.skip("this machine was too busy to speak in real time")
        assert said.result().status == GoalStatus.STATUS_SUCCEEDED, said.result().result.message
        begin = to_seconds(listener.codes[0].header.stamp)
        spoken = [code for code in listener.codes if to_seconds(code.header.stamp) < begin + 0.95]
        assert len(spoken) > 50
        assert to_seconds(spoken[-1].present_at) <= now

        second = client.send_goal_async(goal)
        assert graph.wait(second.done)
        cut = second.result().get_result_async()
        seen = len(listener.codes)
        assert graph.wait(lambda: len(listener.codes) > seen, 30.0), run.output
        second.result().cancel_goal_async()
        assert graph.wait(cut.done)
        assert cut.result().status == GoalStatus.STATUS_CANCELED
        assert graph.wait(lambda: listener.value("face_renderer", "stops") == "1", 10.0), run.output
        assert run.end() == 0, run.output
