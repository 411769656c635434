"""Every node through every transition, at random, with errors in between: states are those of the standard, nothing is left behind."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.parameter import Parameter as RosParameter

from tests.conftest import NODES
from th_audio_io import playout_node, source_node
from th_common.errors import ModelError
from th_common.node import TalkingHeadNode
from th_common.testing import Graph

IDS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "cleanup": Transition.TRANSITION_CLEANUP,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
}
NEXT = {
    ("unconfigured", "configure"): "inactive",
    ("inactive", "cleanup"): "unconfigured",
    ("inactive", "activate"): "active",
    ("active", "deactivate"): "inactive",
    **{(state, "shutdown"): "finalized" for state in ("unconfigured", "inactive", "active")},
}
SMALL = {
    "audio_source": {"source": "mic"},
    "audio_playout": {"loudspeaker": True},
    "face_renderer": {"height": 64, "width": 64, "port": 0},
    "avatar_bridge": {"vmc": "127.0.0.1:9"},
}
ERRORS = {"model": ModelError("no such model"), "bug": RuntimeError("a bug")}
STEPS = st.lists(
    st.tuples(st.sampled_from([*IDS, "shutdown"]), st.sampled_from([None, None, None, *ERRORS])), min_size=1, max_size=8
)
WHOLE_ROUND = [(step, None) for step in ("configure", "activate", "deactivate", "cleanup")]


class Microphone:
    """Hears silence."""

    def __init__(self, device: str, *, rate: int, channels: int, chunk: float) -> None:
        self.name, self.rate, self.channels, self.overruns, self._chunk = "Fake", rate, channels, 0, chunk

    def read(self, timeout: float) -> tuple[bytes, float]:
        time.sleep(self._chunk)
        return bytes(2 * self.channels * round(self._chunk * self.rate)), time.monotonic()

    def close(self) -> None:
        pass


class Loudspeaker:
    """Swallows everything."""

    name, latency, underflows, playing = "Fake", 0.01, 0, True

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def play(self, samples: np.ndarray, rate: int, due: float) -> None:
        pass

    def clear(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def graph() -> Iterator[Graph]:
    """One graph for all, with a microphone and a loudspeaker that are always there."""
    with pytest.MonkeyPatch.context() as patch, Graph() as graph:
        patch.setattr(source_node, "MicrophoneSource", Microphone)
        patch.setattr(playout_node, "Loudspeaker", Loudspeaker)
        yield graph


def make(graph: Graph, name: str) -> TalkingHeadNode:
    """A node of its own class, unconfigured; to be closed with `end`."""
    values = {"autostart": False, **SMALL.get(name, {})}
    overrides = [RosParameter(key, value=value) for key, value in values.items()]
    node: TalkingHeadNode = NODES[name].load()(context=graph.context, parameter_overrides=overrides)
    graph.executor.add_node(node)
    return node


def end(graph: Graph, node: TalkingHeadNode) -> None:
    graph.executor.remove_node(node)
    node.close()
    node.destroy_node()


def request(graph: Graph, node: TalkingHeadNode, step: str) -> bool:
    """Ask for a transition as a lifecycle manager does, and let the executor do what it brings."""
    service = next(s for s in node.services if s.srv_name.endswith("/change_state"))
    wanted = Transition(label="shutdown") if step == "shutdown" else Transition(id=IDS[step])
    answer = service.callback(ChangeState.Request(transition=wanted), ChangeState.Response())
    for _ in range(3):
        graph.executor.spin_once(timeout_sec=0.0)
    return bool(answer.success)


def threads_of(name: str) -> list[str]:
    """The node's own threads, and the page's."""
    return [t.name for t in threading.enumerate() if t.name.startswith((f"{name}.", "face-page"))]


@pytest.mark.parametrize("name", NODES)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=[*WHOLE_ROUND, ("shutdown", None), *WHOLE_ROUND])
@example(steps=[("configure", "model"), ("configure", "bug"), ("configure", None), ("activate", "bug")])
@example(steps=[*WHOLE_ROUND[:2], ("deactivate", "bug"), *WHOLE_ROUND[:2], ("activate", None), ("shutdown", None)])
@given(steps=STEPS)
def test_any_sequence_of_transitions_is_that_of_the_standard(
    graph: Graph, name: str, steps: list[tuple[str, str | None]]
) -> None:
    node, state = make(graph, name), "unconfigured"
    try:
        for step, broken in steps:
            reached = NEXT.get((state, step))
            fails = reached is not None and broken is not None and step in IDS
            with pytest.MonkeyPatch.context() as patch:
                if fails and broken is not None:
                    patch.setattr(node, step, _raising_once(ERRORS[broken], getattr(node, step)))
                done = request(graph, node, step)
            assert done == (reached is not None and not fails)
            if fails and broken is not None:
                assert str(ERRORS[broken]) in node.health.snapshot().message, "it says why"
                state = state if broken == "model" and step in ("configure", "activate") else "unconfigured"
            elif reached is not None:
                state = reached
            elif step in IDS:
                assert "bad request: change_state" in node.health.snapshot().message
            assert node.lifecycle == state
            assert node.active == (state == "active")
            if state in ("unconfigured", "finalized"):
                assert threads_of(name) == []
    finally:
        end(graph, node)
    assert threads_of(name) == []


@pytest.mark.parametrize("name", NODES)
def test_rounds_leave_nothing_behind(graph: Graph, name: str) -> None:
    """Threads, files and sockets, entities in the graph, and memory after 20 rounds are those after the first ones."""
    node = make(graph, name)
    try:
        held: list[Any] = []
        memory = []
        for round_ in range(20):
            for step, _ in WHOLE_ROUND:
                assert request(graph, node, step), node.health.snapshot().message
            if round_ in (3, 11, 19):
                gc.collect()
                held.append((threads_of(name), _entities(node), len(os.listdir("/proc/self/fd"))))
                memory.append(_resident())
        assert held[0] == held[1] == held[2]
        # What leaks grows from look to look; the process of all tests may grow once by itself.
        assert min(memory[1] - memory[0], memory[2] - memory[1]) < 6.0, f"{memory} MB"
    finally:
        end(graph, node)


def test_a_request_that_is_none_leaves_the_node_alive(graph: Graph) -> None:
    """Transitions and parameter types that do not exist once ended the process, through rclpy."""
    from rcl_interfaces.msg import Parameter, ParameterValue
    from rcl_interfaces.srv import SetParameters
    from rclpy.node import Node

    node = make(graph, "audio_playout")
    try:
        client = graph.add(lambda context: Node("client", context=context))
        no_type = Parameter(name="presentation_delay", value=ParameterValue(type=42))
        for kind, name, asked in (
            (ChangeState, "change_state", ChangeState.Request(transition=Transition(id=99))),
            (ChangeState, "change_state", ChangeState.Request(transition=Transition(id=IDS["activate"]))),
            (SetParameters, "set_parameters", SetParameters.Request(parameters=[no_type])),
        ):
            call = client.create_client(kind, f"audio_playout/{name}")
            assert graph.wait(call.service_is_ready)
            assert graph.wait(call.call_async(asked).done)
        assert node.health.counter("bad request") == 3
    finally:
        end(graph, node)


def _raising_once(error: Exception, then: Callable[[], None]) -> Callable[[], None]:
    errors = [error]

    def fail() -> None:
        if errors:
            raise errors.pop()
        then()

    return fail


def _entities(node: TalkingHeadNode) -> list[int]:
    kinds = (node.subscriptions, node.publishers, node.services, node.clients, node.timers, node.guards, node.waitables)
    return [len(list(kind)) for kind in kinds]


def _resident() -> float:
    """Memory in use, MB; without what malloc keeps for later, which jumps with the arenas of short-lived threads."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
