"""The node avatar_bridge: codes in, topics and packets out; what it refuses, and what it says of itself."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.parameter import Parameter as RosParameter
from std_msgs.msg import Empty
from th_msgs.msg import ActionUnits, Blendshapes

from th_common.model_folder import BLENDSHAPES, add_tensors
from th_common.node import STOP_TOPIC
from th_common.testing import Graph
from th_face_renderer import load_face
from th_face_renderer.avatar.action_units import intensities
from th_face_renderer.avatar.listen import Applied
from th_face_renderer.avatar_node import AvatarBridgeNode
from th_face_renderer.blendshapes import ARKIT, load_blendshapes, monomials
from th_face_renderer.testing import synthetic_face
from th_face_renderer.testing_node import Watcher

CODE = np.linspace(-1, 1, 16).astype(np.float32)


@pytest.fixture(scope="module")
def teller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that knows blendshapes: its rest is none of them."""
    folder = tmp_path_factory.mktemp("teller")
    synthetic_face(folder, side=64)
    coefficients = np.zeros((monomials(16), 52), np.float32)
    coefficients[1:17] = np.random.default_rng(0).uniform(0, 0.3, (16, 52))
    coefficients[0] = -load_face(folder).rest_code @ coefficients[1:17]
    add_tensors(folder, BLENDSHAPES, {"coefficients": coefficients})
    return folder


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """An avatar program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)
        yield made


class Bridge:
    """The node, and a watcher who sends codes and hears what comes of them."""

    def __init__(self, graph: Graph, folder: Path, listener: socket.socket | None = None, **values: Any) -> None:
        given = {"model": str(folder), "diagnostics_period": 0.1, "idle_life": False, **values}
        if listener is not None:
            given["vmc"] = f"127.0.0.1:{listener.getsockname()[1]}"
        overrides = [RosParameter(name, value=value) for name, value in given.items()]
        self.graph, self.listener, self.applied = graph, listener, Applied()
        self.node = graph.add(lambda context: AvatarBridgeNode(context=context, parameter_overrides=overrides))
        self.watcher = graph.add(lambda context: Watcher(context=context))

    def begin(self) -> None:
        assert self.graph.wait(lambda: self.node.active)
        assert self.graph.wait(lambda: self.watcher.codes.get_subscription_count() == 1)

    def hear(self) -> Applied:
        """What the avatar shows now."""
        assert self.listener is not None
        while True:
            try:
                self.applied.take(self.listener.recv(65535))
            except BlockingIOError:
                return self.applied

    def shown(self, name: str = "JawOpen") -> float:
        return self.hear().values.get(name, -1.0)


def test_a_code_becomes_weights_and_units_with_its_times(graph: Graph, teller: Path) -> None:
    bridge, weights, units = Bridge(graph, teller), [], []
    told, face = load_blendshapes(teller), load_face(teller).model_id
    assert told is not None
    bridge.begin()
    bridge.watcher.create_subscription(Blendshapes, "face/blendshapes", weights.append, 10)
    bridge.watcher.create_subscription(ActionUnits, "face/action_units", units.append, 10)
    publishers = bridge.node._blendshapes, bridge.node._units
    assert graph.wait(lambda: all(p is not None and p.get_subscription_count() for p in publishers))
    due = bridge.watcher.say(face, values=CODE, frame=7)
    assert graph.wait(lambda: bool(weights and units))
    np.testing.assert_array_equal(weights[0].weight, told.weights(CODE))
    np.testing.assert_array_equal(units[0].intensity, intensities(told.weights(CODE)))
    assert list(units[0].told).count(True) == 30
    for message in (weights[0], units[0]):
        assert (message.frame, message.face_model) == (7, face)
        at = message.present_at.sec + 1e-9 * message.present_at.nanosec
        assert at == pytest.approx(due, abs=1e-6)
        assert message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec == pytest.approx(due - 0.2, abs=1e-6)
    constants = [re.sub("(?<!^)([A-Z])", r"_\1", name).upper() for name in ARKIT]
    assert [getattr(Blendshapes, name) for name in constants] == list(range(52))


def test_an_avatar_program_sees_the_face_when_it_is_due(graph: Graph, teller: Path, listener: socket.socket) -> None:
    bridge = Bridge(graph, teller, listener)
    told, face = load_blendshapes(teller), load_face(teller).model_id
    assert told is not None
    bridge.begin()
    assert graph.wait(lambda: bridge.shown() == 0.0), "at rest"
    wanted = float(told.weights(CODE)[ARKIT.index("jawOpen")])
    for frame in range(600):
        bridge.watcher.say(face, values=CODE, frame=frame, delay=0.1 + frame / 60)
    assert graph.wait(lambda: bridge.shown() == pytest.approx(wanted, abs=1e-6))
    assert graph.wait(lambda: bridge.watcher.health.get("state") == "speaking")
    assert bridge.watcher.health["avatar"] == bridge.node.value("vmc")
    stop = bridge.watcher.create_publisher(Empty, STOP_TOPIC, 1)
    assert graph.wait(lambda: stop.get_subscription_count() > 0)
    stop.publish(Empty())
    assert graph.wait(lambda: bridge.shown() == 0.0), "a stop is rest"
    assert len(bridge.applied.values) == 52


def test_an_avatar_blinks_as_the_face_does_and_rests_when_it_is_left(
    graph: Graph, teller: Path, listener: socket.socket
) -> None:
    bridge = Bridge(graph, teller, listener, idle_life=True, idle_seed=3)
    bridge.begin()
    assert graph.wait(lambda: bridge.shown("EyeBlinkLeft") > 0.5, 10.0)
    bridge.node.trigger_deactivate()
    assert not any(bridge.hear().values.values()), "nobody is left with closed eyes"


def test_a_face_without_blendshapes_is_refused_and_the_node_lives(graph: Graph, folder: Path) -> None:
    bridge = Bridge(graph, folder)
    assert graph.wait(lambda: "knows nothing of blendshapes" in bridge.watcher.message)
    assert bridge.watcher.health["lifecycle"] == "unconfigured"


@pytest.mark.parametrize(("address", "words"), [("here", "is not an address"), ("no.invalid:1", "avatar program at")])
def test_a_bad_address_is_said(graph: Graph, teller: Path, address: str, words: str) -> None:
    bridge = Bridge(graph, teller, vmc=address)
    assert graph.wait(lambda: words in bridge.watcher.message)
    assert bridge.watcher.health["lifecycle"] == "unconfigured"


def test_that_nobody_listens_and_codes_of_another_face_are_told(
    graph: Graph, teller: Path, listener: socket.socket
) -> None:
    bridge = Bridge(graph, teller, listener)
    listener.close()
    bridge.begin()
    assert graph.wait(lambda: "nobody listens" in bridge.watcher.health.get("avatar", ""))
    bridge.watcher.say("f" * 64, values=CODE)
    assert graph.wait(lambda: "give face_predictor and avatar_bridge the same model" in bridge.watcher.message)
