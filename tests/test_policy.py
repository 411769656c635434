"""The SROS2 policy allows what the running nodes use: nothing is missing, and nothing is too much."""

from __future__ import annotations

import importlib
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from audio_common_msgs.msg import AudioDataStamped
from rclpy.node import Node
from rclpy.parameter import Parameter
from th_bringup import policy

from th_common.testing import Graph

CLASSES = {
    "audio_source": "th_audio_io.source_node:AudioSourceNode",
    "audio_features": "th_audio_features.node:AudioFeaturesNode",
    "face_predictor": "th_face_predictor.node:FacePredictorNode",
    "face_renderer": "th_face_renderer.node:FaceRendererNode",
    "audio_playout": "th_audio_io.playout_node:AudioPlayoutNode",
    "avatar_bridge": "th_face_renderer.avatar_node:AvatarBridgeNode",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "face_renderer": {"display": "web", "port": 0},
    "audio_source": {"use_sim_time": True},
}
SOMETIMES: dict[str, dict[str, set[str]]] = {
    **{name: {"subscribe": {"/clock"}} for name in CLASSES if not OPTIONS.get(name, {}).get("use_sim_time")},
    "audio_source": {"subscribe": {"/face/code"}},  # while it speaks for the action
}
"""What a node may, and uses only now and then, not in this test."""
_ACTION = re.compile(r"(.+)/_action/(\w+)")


def allowed(path: Path, node: str) -> dict[str, set[str]]:
    """What the file allows a node, names in full, by kind."""
    (enclave,) = [
        e for e in ElementTree.parse(path).getroot().iter("enclave") if e.get("path", "").endswith(f"/{node}")
    ]
    (profile,) = enclave.iter("profile")
    assert (profile.get("ns"), profile.get("node")) == ("/", node)
    found: dict[str, set[str]] = {kind: set() for kind in policy.KINDS}
    for kind, (plural, _) in policy.KINDS.items():
        for rules in profile.findall(plural):
            assert len(rules.attrib) == 1, "one right per list"
            if rules.get(kind) == "ALLOW":
                found[kind] |= {in_full(name.text or "", node) for name in rules}
    return found


def in_full(name: str, node: str) -> str:
    return name if name.startswith("/") else f"/{node}{name[1:]}" if name.startswith("~") else f"/{name}"


def used(node: Node, name: str) -> dict[str, set[str]]:
    """What a running node uses, as the middleware tells."""
    ways = {
        "publish": node.get_publisher_names_and_types_by_node,
        "subscribe": node.get_subscriber_names_and_types_by_node,
        "reply": node.get_service_names_and_types_by_node,
        "request": node.get_client_names_and_types_by_node,
    }
    found = {kind: {topic for topic, _ in ask(name, "/")} for kind, ask in ways.items()}
    served = {m[1] for topic in found["reply"] if (m := _ACTION.fullmatch(topic))}
    called = {m[1] for topic in found["request"] if (m := _ACTION.fullmatch(topic))}
    plain = {kind: {topic for topic in topics if not _ACTION.fullmatch(topic)} for kind, topics in found.items()}
    return plain | {"execute": served, "call": called}


@pytest.mark.parametrize("name", CLASSES)
def test_a_running_node_uses_exactly_what_it_may(name: str, root: Path) -> None:
    module, _, kind = CLASSES[name].partition(":")
    node_class = getattr(importlib.import_module(module), kind)
    overrides = [Parameter(key, value=value) for key, value in OPTIONS.get(name, {}).items()]
    may = allowed(root / "config" / "sros2" / "policy.xml", name)
    for right, names in SOMETIMES.get(name, {}).items():
        assert names <= may[right]
        may[right] -= names
    with Graph() as graph:
        node = graph.add(lambda context: node_class(context=context, parameter_overrides=overrides))
        assert graph.wait(lambda: node.active, timeout=20.0)
        if name == "audio_playout":  # it hears only what somebody wants of it
            listener = graph.add(lambda context: Node("listener", context=context))
            listener.create_subscription(AudioDataStamped, "audio_delayed", print, 10)
        graph.wait(lambda: used(node, name) == may, timeout=30.0)
        assert used(node, name) == may


def test_the_file_is_what_the_table_says(root: Path) -> None:
    assert (root / "config" / "sros2" / "policy.xml").read_text() == policy.policy()


def test_the_composed_graph_may_what_its_nodes_may(root: Path) -> None:
    tree = ElementTree.parse(root / "config" / "sros2" / "policy.xml").getroot()
    by_path = {
        e.get("path"): [ElementTree.tostring(p).strip() for p in e.iter("profile")] for e in tree.iter("enclave")
    }
    together = by_path.pop("/talking_head/face_graph")
    del by_path["/talking_head/operator"]
    assert sorted(together) == sorted(profile for profiles in by_path.values() for profile in profiles)


def test_an_operator_can_neither_speak_nor_change_parameters(root: Path) -> None:
    may = allowed(root / "config" / "sros2" / "policy.xml", "operator")
    assert not {f"/{name}" for name in policy.SOUND} & may["publish"]
    assert may["request"] == {"/face/stop"}
    assert not any("*" in name or "?" in name for names in may.values() for name in names), "no wildcards"


def test_another_namespace_is_another_set_of_enclaves() -> None:
    text = policy.policy("/robot1")
    assert '<enclave path="/talking_head/robot1/face_renderer">' in text
    assert 'ns="/robot1"' in text
    with pytest.raises(ValueError, match="not a namespace"):
        policy.policy("/a b")
