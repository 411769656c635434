"""The SROS2 policy: what each node may publish, subscribe to, serve and call, and nothing else (least privilege).

usage: ros2 run th_bringup policy [--namespace /robot1] > policy.xml      (or python -m th_bringup.policy)
`config/sros2/policy.xml` is what this prints for no namespace. One enclave per node, one for the composed graph, one for whoever
operates it. Format: ROS 2 access control policies 0.2.0 (sros2/policy/schemas/policy.xsd). docs/security.md says how to use it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

ENCLAVES = "/talking_head"
_NAMESPACE = re.compile(r"(/[A-Za-z_][A-Za-z0-9_]*)+|/")


@dataclass(frozen=True, kw_only=True)
class Uses:
    """Names that a node uses: relative to its namespace, from the root (/), or its own (~/). Actions without their parts."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    reply: tuple[str, ...] = ()
    request: tuple[str, ...] = ()
    execute: tuple[str, ...] = ()
    call: tuple[str, ...] = ()

    def __add__(self, other: Uses) -> Uses:
        """Both."""
        names = {field: (*getattr(self, field), *getattr(other, field)) for field in KINDS}
        return Uses(**names)


KINDS = {
    "publish": ("topics", "topic"),
    "subscribe": ("topics", "topic"),
    "reply": ("services", "service"),
    "request": ("services", "service"),
    "execute": ("actions", "action"),
    "call": ("actions", "action"),
}
"""What a policy can allow: element and child of its list."""

SOUND = ("audio", "audio_stamped", "audio_info")
EVERY_NODE = Uses(
    publish=("/rosout", "/parameter_events"),
    subscribe=("/clock",),
    reply=tuple(
        f"~/{name}"
        for name in (
            "describe_parameters",
            "get_parameter_types",
            "get_parameters",
            "list_parameters",
            "set_parameters",
            "set_parameters_atomically",
            "get_type_description",
        )
    ),
)
"""What rclpy gives to every node; /clock is heard with use_sim_time."""
LIFECYCLE = Uses(
    publish=("/diagnostics", "~/transition_event"),
    reply=tuple(
        f"~/{name}"
        for name in (
            "change_state",
            "get_state",
            "get_available_states",
            "get_available_transitions",
            "get_transition_graph",
        )
    ),
)
"""What every node of the talking face has beyond that."""
STOPPED = Uses(subscribe=("face/stop_now",))

NODES: dict[str, Uses] = {
    "audio_source": STOPPED + Uses(subscribe=("face/code",), publish=(*SOUND, "face/stop_now"), execute=("speak",)),
    "audio_features": STOPPED + Uses(subscribe=SOUND, publish=("audio_features",)),
    "face_predictor": STOPPED
    + Uses(
        subscribe=("audio_features",),
        publish=("face/code", "face/predictor_alive"),
        reply=("face/calibrate", "face/forget_voice"),
    ),
    "face_renderer": STOPPED
    + Uses(
        subscribe=(*SOUND, "face/code", "face/predictor_alive", "face/expression", "face/look_at"),
        publish=("face/image", "face/image/compressed", "face/expression_estimate", "face/stop_now"),
        reply=("face/stop",),
        request=("face/calibrate", "face/forget_voice"),
    ),
    "audio_playout": STOPPED + Uses(subscribe=(*SOUND, "face/code"), publish=("audio_delayed", "audio_delayed_info")),
    "avatar_bridge": STOPPED
    + Uses(
        subscribe=("face/code", "face/predictor_alive", "face/expression", "face/look_at"),
        publish=("face/blendshapes", "face/action_units"),
    ),
}
OPERATOR = Uses(
    publish=("face/expression", "face/look_at", "face/stop_now"),
    subscribe=("/diagnostics", "face/code", "face/expression_estimate"),
    request=("face/stop",),
)
"""For a console: it sees how the face is, says what it shall show, and stops it. It cannot speak, nor set a parameter."""


def policy(namespace: str = "/") -> str:
    """The policy as XML, for a graph in `namespace`. ValueError for what is no namespace."""
    if not _NAMESPACE.fullmatch(namespace):
        raise ValueError(f"{namespace!r} is not a namespace like /robot1")
    profiles = {name: _profile(name, namespace, uses + EVERY_NODE + LIFECYCLE) for name, uses in NODES.items()}
    operator = _profile("operator", namespace, OPERATOR + EVERY_NODE)
    base = ENCLAVES if namespace == "/" else ENCLAVES + namespace
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- Printed by th_bringup.policy; docs/security.md says how to use it. -->",
        '<policy version="0.2.0">',
        "  <enclaves>",
        *_enclave(f"{base}/face_graph", list(profiles.values())),
    ]
    for name, profile in (*profiles.items(), ("operator", operator)):
        lines += _enclave(f"{base}/{name}", [profile])
    return "\n".join([*lines, "  </enclaves>", "</policy>", ""])


def _enclave(path: str, profiles: list[list[str]]) -> Iterator[str]:
    yield f"    <enclave path={quoteattr(path)}>"
    yield "      <profiles>"
    for profile in profiles:
        yield from profile
    yield "      </profiles>"
    yield "    </enclave>"


def _profile(node: str, namespace: str, uses: Uses) -> list[str]:
    lines = [f"        <profile ns={quoteattr(namespace)} node={quoteattr(node)}>"]
    for kind, (plural, single) in KINDS.items():
        names = sorted(set(getattr(uses, kind)))
        if names:
            lines.append(f'          <{plural} {kind}="ALLOW">')
            lines += [f"            <{single}>{name}</{single}>" for name in names]
            lines.append(f"          </{plural}>")
    return [*lines, "        </profile>"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--namespace", default="/", help="of the whole graph, as given to face.launch.py")
    options = parser.parse_args(arguments)
    try:
        print(policy("/" + options.namespace.strip("/")), end="")
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
