"""Which face is due now: codes wait until they are due, and when they stop the face comes to rest.

    rest ... rise | codes, interpolated | hold, fall to rest ... rest

The pose is a function of the waiting codes and the time asked for alone; nothing that happened before shows through. What a face at
rest does (a breath, a blink) is the business of `rest`, a function of time; here it is where the face comes from and goes to.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.life import ease

Floats = npt.NDArray[np.float32]

LATE = 0.05
"""A code that arrives this long (s) past due is dropped."""
HORIZON = 60.0
"""A code due further ahead (s) than this is refused: its clock is not ours, or its stamp is damaged."""
BRIDGE = 0.1
"""Codes up to this far apart (s) belong together and are interpolated; beyond, the face goes towards rest between them."""
HOLD = 0.05
"""The last code stays this long (s) before the face goes to rest: codes that are a little late must not make it twitch."""
FALL = 0.2
"""Time (s) from the end of the hold to rest."""
LOST_FALL = 0.08
"""Time (s) to rest when whoever makes the codes has died: what waits of its last word is cut short."""
RISE = 0.1
"""Time (s) in which the face goes from rest to the first code, before that is due."""
_KEPT = 0.75
_MOST = 4096


@dataclass(frozen=True)
class Pose:
    """The face due at a time: its code (16,), whether codes shape it (else it is exactly what rest says), what lies over it."""

    code: Floats
    speaking: bool
    layer: Layer = NEUTRAL


@dataclass(frozen=True)
class _Entry:
    due: float
    code: Floats
    measure: float


class CodeSchedule:
    """Codes in, poses out; safe to use from several threads. All times in s, of one clock."""

    def __init__(
        self, rest: Floats | Callable[[float], Floats], *, measure: Callable[[Floats], float] = lambda code: 0.0
    ) -> None:
        """`rest`: the code of a face that does not speak, at every time or as a function of it.

        `measure` is taken of every code that comes in; `measures` tells what it gave.
        """
        self.rest = rest if callable(rest) else _still(rest)
        self._measure = measure
        self._lost: float | None = None
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []
        self._frame = -1
        self.late = 0
        """Codes dropped because they came too late."""
        self.early = 0
        """Codes refused because they are due absurdly far ahead."""
        self.restarts = 0
        """How often a stream began anew or went back."""

    def push(self, code: Floats, *, due: float, frame: int, now: float) -> bool:
        """Take a code that is due at `due`; `frame` is its number in its stream. False if it was dropped.

        A frame number that does not grow, or a time that goes back, is a new stream: what waits of the old one from the
        new code's time on is forgotten.
        """
        measure = self._measure(code)
        with self._lock:
            if due < now - LATE:
                self.late += 1
                return False
            if due > now + HORIZON:
                self.early += 1
                return False
            if self._frame >= 0 and (frame <= self._frame or (self._entries and due <= self._entries[-1].due)):
                self.restarts += 1
                self._entries = [e for e in self._entries if e.due < due]
            self._frame = frame
            self._found(now)
            self._entries.append(_Entry(due, code, measure))
            self._forget(now)
            return True

    def at(self, time: float) -> Pose:
        """The pose due at `time`; asking forgets nothing, so several displays may look at different times."""
        rest = self.rest(time)
        with self._lock:
            lost = self._lost
            index = bisect_right(self._entries, time, key=lambda e: e.due)
            before = self._entries[index - 1] if index else None
            after = self._entries[index] if index < len(self._entries) else None
        code = _pose(rest, before, after, time)
        if code is not rest and lost is not None:
            code = _between(code, rest, ease((time - lost) / LOST_FALL))
        return Pose(code, code is not rest)

    def measures(self, first: float, last: float) -> list[tuple[float, float]]:
        """(due, measure) of the codes due from `first` to `last`; they are kept for 0.75 s."""
        with self._lock:
            begin = bisect_left(self._entries, first, key=lambda e: e.due)
            end = bisect_right(self._entries, last, key=lambda e: e.due)
            return [(e.due, e.measure) for e in self._entries[begin:end]]

    def lose(self, now: float) -> None:
        """Whoever makes the codes has died: the face is at rest LOST_FALL s from now, until another code comes.

        What waits is kept for the moment: on a busy machine somebody may be taken for dead who is not.
        """
        with self._lock:
            if self._lost is None and self._entries:
                self._lost = now

    def clear(self) -> None:
        """Forget all codes: the face is at rest at once."""
        with self._lock:
            self._entries.clear()
            self._frame = -1
            self._lost = None

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def _found(self, now: float) -> None:
        """A code has come: a false alarm if that is soon; else what still waits is the last word of the one who died."""
        lost, self._lost = self._lost, None
        if lost is not None and not 0.0 <= now - lost < LOST_FALL:
            self._entries = [e for e in self._entries if e.due < lost + LOST_FALL]

    def _forget(self, now: float) -> None:
        """Drop what no pose from `now` on can need, and the oldest where there are absurdly many."""
        past = bisect_right(self._entries, now - _KEPT, key=lambda e: e.due)
        excess = len(self._entries) - _MOST
        if past or excess > 0:
            del self._entries[: max(past, excess)]


def _pose(rest: Floats, before: _Entry | None, after: _Entry | None, time: float) -> Floats:
    """The code between the last one due before `time` and the first one after it; `rest` itself where neither reaches."""
    if before is not None and after is not None and after.due - before.due <= BRIDGE:
        return _between(before.code, after.code, (time - before.due) / (after.due - before.due))
    code = rest
    if before is not None:
        code = _between(before.code, code, ease((time - before.due - HOLD) / FALL))
    if after is not None:
        code = _between(code, after.code, ease(1 - (after.due - time) / RISE))
    return code


def _still(rest: Floats) -> Callable[[float], Floats]:
    code = rest.copy()
    return lambda time: code


def _between(one: Floats, two: Floats, part: float) -> Floats:
    if part <= 0:
        return one
    if part >= 1:
        return two
    return one + np.float32(part) * (two - one)
