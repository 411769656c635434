"""What travels over the page's WebSocket, in both directions.

Server to page, binary: a 16-byte little-endian header, then the payload.

    version u8 · kind u8 · flags u16 · word u32 · present_at f64 (s, server clock)
    PICTURE: a JPEG file        SOUND: mono int16 samples, the first one due at present_at; word: their rate in Hz
    CODE: a facial code and the five numbers of the layer over it (layer.Layer), float32, due at present_at; word: the tag of the
          face that it belongs to (page_face.PageFace)

Server to page, text: JSON objects {"type": "hello" | "pong" | "info" | "note" | "estimate" | "stop", ...}; after a stop nothing counts that came before.
Page to server, text only: {"type": "ping", "t0": seconds}, {"type": "sound", "on": bool} and {"type": "do", "action": name,
"numbers": [number, ...]}, a name that the hello offered, with as many numbers in -1..1 as that said it takes. Whether a page wants pictures or codes it says in the address: `socket?face=codes`; an
operator's, that it wants to know what the voice expresses (estimate) and what became of actions (note): `&estimate`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from th_common.errors import InputError
from th_face_renderer.layer import NEUTRAL, Layer

VERSION = 2  # 2: codes come with a layer
STILL = 1  # flag: show at once, out of schedule (the picture that greets a new viewer)
MAX_REQUEST = 1024  # bytes a page may send in one message
MAX_NUMBERS = 4  # that come with an action
MAX_INFO = 4096  # bytes of one info message
HEADER = struct.Struct("<BBHId")
STOP = json.dumps({"type": "stop"})


class Kind(IntEnum):
    """What a binary message carries."""

    PICTURE = 1
    SOUND = 2
    CODE = 3


class Look(Enum):
    """What a page wants to be sent of the face."""

    PICTURES = "pictures"
    CODES = "codes"


@dataclass(frozen=True)
class Message:
    """A binary message, unpacked. `word` is the rate of a sound or the tag of a code; `payload` is a view of the message."""

    kind: Kind
    present_at: float
    word: int
    still: bool
    payload: memoryview


@dataclass(frozen=True)
class Ping:
    """A page asks for the server's time; `t0` is the page's own clock in s and comes back as it was."""

    t0: float


@dataclass(frozen=True)
class Listen:
    """A page turns its sound on or off."""

    on: bool


@dataclass(frozen=True)
class Do:
    """A page asks for one of the actions that it was offered."""

    action: str
    numbers: tuple[float, ...] = ()


def pack_picture(jpeg: bytes, present_at: float, *, still: bool = False) -> bytes:
    """A JPEG due at `present_at` (s); `still` asks for it to be drawn at once. InputError on an empty or undated one."""
    if not len(jpeg):
        raise InputError("An empty picture cannot be shown.")
    header = HEADER.pack(VERSION, Kind.PICTURE, STILL if still else 0, 0, finite_time(present_at))
    return b"".join((header, jpeg))


def pack_code(
    code: npt.ArrayLike, present_at: float, *, tag: int, layer: Layer = NEUTRAL, still: bool = False
) -> bytes:
    """A facial code (N,) of the face with that tag, and what lies over it, due at `present_at` (s); `still`: draw it at once.

    InputError unless it is 2 to 128 finite numbers.
    """
    numbers = np.asarray(code, "<f4")
    if numbers.ndim != 1 or not 2 <= len(numbers) <= 128 or not np.isfinite(numbers).all():
        raise InputError(f"A code for the page must be 2 to 128 finite numbers, not {numbers.shape}.")
    header = HEADER.pack(VERSION, Kind.CODE, STILL if still else 0, tag, finite_time(present_at))
    return header + numbers.tobytes() + np.array(layer.clamped(), "<f4").tobytes()


def as_still(message: bytes) -> bytes:
    """The same picture or code message, to be drawn at once."""
    version, kind, flags, word, present_at = HEADER.unpack_from(message)
    return HEADER.pack(version, kind, flags | STILL, word, present_at) + message[HEADER.size :]


def pack_sound(samples: NDArray[np.floating], rate: int, present_at: float) -> bytes:
    """Mono samples (N,) in [-1, 1] at `rate` Hz, the first due at `present_at` (s).

    Louder ones are clipped, NaN is silence. InputError on another shape or kind of number, or an impossible rate.
    """
    samples = checked_sound(samples, rate)
    scaled = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0) * 32767.0
    header = HEADER.pack(VERSION, Kind.SOUND, 0, int(rate), finite_time(present_at))
    return b"".join((header, np.rint(scaled).astype("<i2").data))


def checked_sound(samples: NDArray[np.floating], rate: int) -> NDArray[np.floating]:
    """The samples, if they and their rate are what the page can play; else InputError."""
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.dtype.kind != "f":
        raise InputError(f"Sound for the page must be float (N,), not {samples.dtype} {samples.shape}.")
    if not 1000 <= rate <= 768_000:
        raise InputError(f"Sound for the page cannot have {rate} samples a second.")
    return samples


def unpack(message: bytes) -> Message:
    """The reverse of the packers, for viewers written in Python. InputError on anything else."""
    view = memoryview(message)
    if len(view) < HEADER.size:
        raise InputError(f"A message of {len(view)} bytes has no whole header.")
    version, kind, flags, word, present_at = HEADER.unpack_from(view)
    if version != VERSION:
        raise InputError(f"A message of protocol version {version}; this one is {VERSION}.")
    if kind not in Kind.__members__.values():
        raise InputError(f"A message of unknown kind {kind}.")
    payload = view[HEADER.size :]
    if kind == Kind.SOUND and (len(payload) % 2 or not word):
        raise InputError("A sound message with half a sample or without a rate.")
    if kind == Kind.CODE and (len(payload) % 4 or len(payload) <= 4 * len(NEUTRAL)):
        raise InputError("A code message with half a number or without a code.")
    return Message(Kind(kind), finite_time(present_at), word, bool(flags & STILL), payload)


def pack_info(values: Mapping[str, object], *, kind: str = "info") -> str:
    """Small values (text, numbers, true/false) as one message of a kind; a number that is not finite becomes null."""
    clean: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, np.generic):
            value = value.item()
        if not isinstance(value, str | int | float | None):
            raise InputError(f"Info for the page takes text and numbers; {key} is {type(value).__name__}.")
        clean[str(key)] = None if isinstance(value, float) and not math.isfinite(value) else value
    text = json.dumps({"type": kind, "values": clean})
    if len(text) > MAX_INFO:
        raise InputError(f"Info for the page is {len(text)} bytes long; {MAX_INFO} is the most.")
    return text


def parse_request(text: str) -> Ping | Listen | Do:
    """What a page asks for. InputError on everything that is not exactly one of the three requests."""
    try:
        request = json.loads(text)
        kind = request["type"]
        if kind == "ping" and isinstance(request["t0"], int | float) and not isinstance(request["t0"], bool):
            return Ping(finite_time(request["t0"]))
        if kind == "sound" and isinstance(request["on"], bool):
            return Listen(request["on"])
        if kind == "do" and isinstance(request["action"], str):
            numbers = tuple(finite_time(number) for number in request.get("numbers", []))
            if len(numbers) <= MAX_NUMBERS and all(-1 <= number <= 1 for number in numbers):
                return Do(request["action"], numbers)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise InputError("A page sent something that is not a request.") from error
    raise InputError("A page sent a request of unknown type.")


def finite_time(seconds: float) -> float:
    """The time as a float, if it is one; InputError if it is NaN, infinite or beyond a float's range."""
    try:
        value = float(seconds)
    except OverflowError as error:
        raise InputError("A time beyond the range of numbers.") from error
    if not math.isfinite(value):
        raise InputError(f"A time for the page must be finite, not {value}.")
    return value
