"""Packets of the VMC protocol: what python-osc writes, message by message, and what a reader gets back."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pythonosc.osc_message_builder import OscMessageBuilder

from th_common.errors import DeviceError, InputError
from th_face_renderer.avatar.link import Link, parse_address
from th_face_renderer.avatar.listen import Applied
from th_face_renderer.avatar.vmc import DIALECTS, MOST, VmcFrames
from th_face_renderer.blendshapes import ARKIT

WEIGHTS = arrays.arrays(np.float32, 52, elements=st.floats(0, 1, width=32))


def message(address: str, *arguments: Any) -> bytes:
    builder = OscMessageBuilder(address=address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


@given(weights=WEIGHTS, time=st.floats(0, 1e5, width=32), dialect=st.sampled_from(sorted(DIALECTS)))
def test_a_frame_is_byte_for_byte_what_python_osc_writes(weights: np.ndarray, time: float, dialect: str) -> None:
    names, values = DIALECTS[dialect].names, DIALECTS[dialect].values(weights)
    expected = [message("/VMC/Ext/OK", 1), message("/VMC/Ext/T", time)]
    expected += [message("/VMC/Ext/Blend/Val", name, float(value)) for name, value in zip(names, values, strict=True)]
    expected.append(message("/VMC/Ext/Blend/Apply"))
    packets = VmcFrames(dialect).of(weights, time)
    assert b"".join(packets) == b"".join(
        b"#bundle\0" + (1).to_bytes(8, "big") + b"".join(len(m).to_bytes(4, "big") + m for m in part)
        for part in _split(expected)
    )
    assert all(len(packet) <= MOST for packet in packets)


def _split(messages: list[bytes]) -> list[list[bytes]]:
    parts: list[list[bytes]] = [[]]
    for one in messages:
        if 16 + sum(4 + len(m) for m in (*parts[-1], one)) > MOST:
            parts.append([])
        parts[-1].append(one)
    return parts


@given(weights=WEIGHTS, time=st.floats(0, 1e5, width=32))
def test_what_was_sent_is_read_back_to_the_bit(weights: np.ndarray, time: float) -> None:
    applied = Applied()
    for packet in VmcFrames("arkit").of(weights, time):
        applied.take(packet)
    assert list(applied.values) == list(ARKIT)
    assert np.array_equal(np.array(list(applied.values.values()), np.float32), weights)
    assert (applied.time, applied.frames) == (time, 1)


def test_nothing_is_in_force_before_it_is_applied() -> None:
    applied, packets = Applied(), VmcFrames().of(np.ones(52, np.float32), 0.0)
    applied.take(packets[0])
    assert (applied.values, len(packets)) == ({}, 2)
    applied.take(packets[1])
    assert set(applied.values.values()) == {1.0}


def test_names_are_those_that_avatar_programs_know() -> None:
    assert {"EyeBlinkLeft", "JawOpen", "MouthLowerDownRight", "TongueOut"} <= set(DIALECTS["perfect_sync"].names)
    assert DIALECTS["vrm0"].names[:6] == ("A", "I", "U", "E", "O", "Blink")
    assert DIALECTS["vrm1"].names[:6] == ("aa", "ih", "ou", "ee", "oh", "blink")
    with pytest.raises(InputError, match="perfect_sync"):
        VmcFrames("live2d")


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"#bundle\0\0\0\0\0\0\0\0\1" + rest))
def test_what_is_no_bundle_is_refused_and_nothing_else(datagram: bytes) -> None:
    applied = Applied()
    with contextlib.suppress(InputError):
        applied.take(datagram)
    assert applied.frames <= 1


@pytest.mark.parametrize("text", ["", "39539", ":39539", "localhost:", "localhost:0", "localhost:65536", "a:b", "h:１"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not an address like"):
        parse_address(text)


def test_addresses() -> None:
    assert parse_address("127.0.0.1:39539") == ("127.0.0.1", 39539)
    assert parse_address(" [::1]:39540 ") == ("::1", 39540)
    with pytest.raises(DeviceError, match="avatar program at"):
        Link("no-such-host.invalid:39539")


def test_a_link_tells_whether_somebody_listens() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5.0)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        link = Link(address)
        link.send([b"one", b"two"])
        assert [listener.recv(10), listener.recv(10)] == [b"one", b"two"]
    assert (link.address, link.local, link.sent, link.problem) == (address, True, 2, "")
    for _ in range(3):  # the machine's answer to the first comes with the second
        link.send([b"three"])
    assert link.unheard >= 1
    link.send([bytes(100_000)])
    assert link.problem, "too long, and so is said"
    link.close()
    link.send([b"after the end"])
    assert link.problem
