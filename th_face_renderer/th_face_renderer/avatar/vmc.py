"""Weights as packets of the VMC protocol (protocol.vmc.info, version 3.1): OSC messages in bundles, over UDP.

One frame is /VMC/Ext/OK 1, /VMC/Ext/T s, one /VMC/Ext/Blend/Val NAME VALUE each, and /VMC/Ext/Blend/Apply, in as many datagrams as it
takes. Names matter to their case. All but the numbers is the same in every frame, so python-osc writes it once, and frames only put
their numbers in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pythonosc import osc_bundle_builder, osc_message_builder
from pythonosc.osc_message import OscMessage

from th_common.errors import InputError
from th_face_renderer.avatar.vowels import VRM0, VRM1, vrm
from th_face_renderer.blendshapes import ARKIT
from th_face_renderer.schedule import Floats

PORT = 39539
"""Where a VMC "Marionette" (who draws the avatar) listens unless told otherwise; a "Performer" does at 39540."""
MOST = 1400
"""Bytes of a datagram: the protocol allows 1500, which must hold UDP's and IP's headers, and a tunnel's, too."""

_HEADER = 16  # of a bundle: "#bundle" and its time
_LENGTH = 4  # before every message in it


@dataclass(frozen=True)
class Dialect:
    """Names that an avatar program knows expressions by, and what their values are of weights (52,)."""

    names: tuple[str, ...]
    values: Callable[[Floats], Floats]


DIALECTS: dict[str, Dialect] = {
    "perfect_sync": Dialect(tuple(name[0].upper() + name[1:] for name in ARKIT), lambda weights: weights),
    "arkit": Dialect(ARKIT, lambda weights: weights),
    "vrm0": Dialect(VRM0, vrm),
    "vrm1": Dialect(VRM1, vrm),
}
"""perfect_sync: the 52 in Unity's spelling, as VRM avatars name their clips; arkit: in Apple's; vrm0, vrm1: VRM's presets."""


class VmcFrames:
    """Datagrams of one frame after the other.

    Raises:
        InputError: there is no such dialect.
    """

    def __init__(self, dialect: str = "perfect_sync") -> None:
        if dialect not in DIALECTS:
            raise InputError(f"there is no dialect {dialect!r} of VMC: there are {', '.join(DIALECTS)}")
        self.dialect = DIALECTS[dialect]
        self._packets, self._places = _layout(self.dialect.names)

    def of(self, weights: Floats, time: float) -> list[bytes]:
        """Weights (52,) at a time (s, any clock's; the receiver sees that it goes on) as datagrams, to be sent in order."""
        for (packet, place), value in zip(self._places, [time, *self.dialect.values(weights).tolist()], strict=True):
            struct.pack_into(">f", packet, place, value)
        return [bytes(packet) for packet in self._packets]


def _layout(names: Sequence[str]) -> tuple[list[bytearray], list[tuple[bytearray, int]]]:
    """The datagrams of a frame, and where its numbers go: the time, then the names' values."""
    first = [_message("/VMC/Ext/OK", 1), _message("/VMC/Ext/T", 0.0)]
    values = [_message("/VMC/Ext/Blend/Val", name, 0.0) for name in names]
    numbered = {id(message) for message in (first[1], *values)}
    bundles: list[list[OscMessage]] = [[]]
    for message in (*first, *values, _message("/VMC/Ext/Blend/Apply")):
        if _size(bundles[-1]) + _LENGTH + len(message.dgram) > MOST:
            bundles.append([])
        bundles[-1].append(message)
    packets, places = [], []
    for messages in bundles:
        builder = osc_bundle_builder.OscBundleBuilder(osc_bundle_builder.IMMEDIATELY)
        for message in messages:
            builder.add_content(message)
        packet, end = bytearray(builder.build().dgram), _HEADER
        packets.append(packet)
        for message in messages:
            end += _LENGTH + len(message.dgram)
            if id(message) in numbered:
                places.append((packet, end - 4))  # a message's last argument is its last four bytes
    return packets, places


def _message(address: str, *arguments: str | int | float) -> OscMessage:
    builder = osc_message_builder.OscMessageBuilder(address=address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build()


def _size(messages: Sequence[OscMessage]) -> int:
    return _HEADER + sum(_LENGTH + len(message.dgram) for message in messages)
