"""The sound of a bag, of this project's or of any robot with audio_common: found by type, in order, every message with a stamp."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from th_audio_io.bag_reader import BagMessage, BagReader
from th_audio_io.bag_types import AUDIO, INFO, STAMPED
from th_audio_io.formats import AudioFormat, sample_bytes
from th_audio_io.intake import AudioIntake
from th_common.errors import InputError

REORDER = 250_000_000
"""ns that a message may have come late and is still put in its place (the most that a live graph waits for one)."""
DELAYED = "audio_delayed"
"""The playout's topic: the same sound again."""


@dataclass(frozen=True)
class Piece:
    """One message: its payload, its format, the capture time of its first sample in ns, and how long it lasts in ns (0: not known)."""

    data: bytes
    format: AudioFormat
    stamp: int
    length: int = 0


@dataclass(frozen=True)
class BagSound:
    """Where the sound is: its topic, the topic of its AudioInfo (empty: none), and whether it carries stamps."""

    topic: str
    info: str
    stamped: bool


def find_sound(bag: BagReader, topic: str = "") -> BagSound:
    """The bag's sound: that on `topic`, else the only one there is; of stamped and unstamped twins the stamped.

    Raises:
        InputError: no sound there, or several to choose from.
    """
    kinds = {t: bag.topics[t] == STAMPED for t in bag.of_type(STAMPED, AUDIO)}
    if topic:
        name = next((t for t in kinds if t.strip("/") == topic.strip("/")), None)
        if name is None:
            raise InputError(f"{bag.path} has no sound on {topic!r}; it has {', '.join(kinds) or 'none at all'}")
        return BagSound(name, _info_of(bag, name), kinds[name])
    own = [t for t in kinds if not t.endswith(DELAYED)] or list(kinds)
    chosen = [t for t in own if kinds[t]] or own
    if not chosen:
        raise InputError(f"{bag.path} holds no sound (no messages of {STAMPED} or {AUDIO})")
    if len(chosen) > 1:
        raise InputError(f"{bag.path} holds several sounds: choose a topic of {', '.join(sorted(chosen))}")
    return BagSound(chosen[0], _info_of(bag, chosen[0]), kinds[chosen[0]])


def read_sound(bag: BagReader, sound: BagSound, fallback: AudioFormat | None = None) -> Iterator[Piece]:
    """The messages of a sound in the order of their capture; memory stays bounded.

    Messages that others had overtaken by at most REORDER are put back in their place. Those without a stamp get the one that the
    intake's own clock makes of when they were received, so that a replay says the same every time.

    Args:
        fallback: what the bytes are where no AudioInfo says it (or leaves it open).

    Raises:
        InputError: the bag is damaged, or a format is not supported.
    """
    known = fallback or AudioFormat()
    made = known
    infos = (m.content for m in bag.messages([sound.info])) if sound.info else iter(())
    first = next(infos, None)
    if first is not None:
        made = _format(first, known)
    timer: AudioIntake | None = None
    for message in _in_order(bag.messages([t for t in (sound.topic, sound.info) if t]), sound):
        if message.type_name == INFO:
            made = _format(message.content, known)
            continue
        data = bytes(_audio(message).data)
        if not data:
            continue
        stamp = _stamp(message)
        if not stamp:
            if timer is None:
                timer = _timer(made)
            timer.set_format(
                rate=made.rate, channels=made.channels, sample_format=made.sample_format, coding=made.coding
            )
            stamp = _by_arrival(timer, data, message.time)
        yield Piece(data, made, stamp, _length(data, made))


def cut(pieces: Iterator[Piece], start: float = 0.0, duration: float = 0.0) -> Iterator[Piece]:
    """Those from `start` s after the first on, for `duration` s (0: to the end)."""
    begin: int | None = None
    for piece in pieces:
        if begin is None:
            begin = piece.stamp
        since = (piece.stamp - begin) * 1e-9
        if since < start:
            continue
        if duration and since >= start + duration:
            return
        yield piece


def _info_of(bag: BagReader, topic: str) -> str:
    """The AudioInfo that belongs to a topic: in its namespace, else the only one."""
    if topic.endswith(DELAYED):
        names = [t for t in bag.of_type(INFO) if t.startswith(topic)]
    else:
        names = [t for t in bag.of_type(INFO) if DELAYED not in t.rpartition("/")[2]]
    space = topic.rpartition("/")[0]
    near = [t for t in names if t.rpartition("/")[0] == space] or (names if len(names) == 1 else [])
    return near[0] if near else ""


def _format(info: Any, known: AudioFormat) -> AudioFormat:
    return AudioFormat.of(
        rate=int(info.sample_rate) or known.rate,
        channels=int(info.channels) or known.channels,
        sample_format=str(info.sample_format).strip() or known.sample_format,
        coding=str(info.coding_format).strip() or known.coding,
    )


def _audio(message: BagMessage) -> Any:
    return message.content.audio if message.type_name == STAMPED else message.content


def _stamp(message: BagMessage) -> int:
    """ns, 0 where there is none."""
    if message.type_name != STAMPED:
        return 0
    stamp = message.content.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _in_order(messages: Iterator[BagMessage], sound: BagSound) -> Iterator[BagMessage]:
    """Sound sorted by stamp among what was received within REORDER; time set back by more begins anew."""
    held: list[tuple[int, int, BagMessage]] = []
    newest = 0
    for count, message in enumerate(messages):
        stamp = _stamp(message)
        if not stamp or (held and stamp < newest - REORDER):
            yield from (heapq.heappop(held)[2] for _ in range(len(held)))
            newest = 0
        if not stamp:
            yield message
            continue
        newest = max(newest, stamp)
        heapq.heappush(held, (stamp, count, message))
        while held and held[0][0] < newest - REORDER:
            yield heapq.heappop(held)[2]
    yield from (heapq.heappop(held)[2] for _ in range(len(held)))


def _timer(made: AudioFormat) -> AudioIntake:
    return AudioIntake(rate=made.rate, channels=made.channels, sample_format=made.sample_format, coding=made.coding)


def _by_arrival(timer: AudioIntake, data: bytes, received: int) -> int:
    """The stamp that makes an intake place a payload as this one does that knows when it was received, ns."""
    held, arrival = timer.held, received * 1e-9
    try:
        chunks = timer.push(data, stamp=None, arrival=arrival)
    except InputError:
        chunks = []  # the graph shall refuse it, too
    if not chunks:
        clock = timer.clock
        return round(1e9 * (clock.end if clock is not None and clock.end else arrival))
    first = chunks[0]
    return round(1e9 * (first.time + (first.concealed + held) / first.rate))


def _length(data: bytes, made: AudioFormat) -> int:
    if made.coding != "wave":
        return 0
    return round(1e9 * len(data) / (sample_bytes(made.sample_format) * made.channels * made.rate))
