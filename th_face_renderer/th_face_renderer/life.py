"""What a face does when it has nothing to do: it blinks, looks about a little, breathes and attends.

Each motion is a function of the seed and the time alone: time is cut into slots, every slot draws its own numbers, and a face that
is looked at only now is where it would be had it been looked at all along. Only blinks know more: one that would fall into a viseme
waits for the next pause (`Blinks`).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

BLINK_EVERY = (1.6, 4.0)
"""Shortest and longest time (s) from one planned blink to the next."""
CLOSING, CLOSED, OPENING = 0.075, 0.017, 0.150
"""Time course (s) of a spontaneous blink, faster down than up (VanderWerf et al., J. Neurophysiol. 89:2784, 2003)."""
BLINK = CLOSING + CLOSED + OPENING

_STEP = 1 / 60  # s: a blink that waits for a pause begins on this grid
_FIXATION = 1.9  # s, mean; from a third of it to one and two thirds
_SACCADE = 0.045  # s for shifts as small as these
_HOME = 0.55  # share of fixations that are on the person in front
_FAR = (0.34, 0.16)  # reach of the others, of what the eyes can do: to the sides, up and down
_BREATH = 4.3  # s
_ATTEND = 7.0  # s, mean time between changes of the listening pose
_DUE_KEPT = 8  # planned blinks that are remembered

_GAZE, _GAZE_WHEN, _ATTENTION, _BLINK_WHEN, _BREATH_DEPTH = range(5)


def chance(seed: int, stream: int, number: int, which: int = 0) -> float:
    """A number in 0..1 that depends on these four alone (splitmix64, Steele et al. 2014)."""
    state = (seed * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03 + number * 0x8CB92BA72F3D8DD7 + which) & _WORD
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = ((state ^ state >> shift) * factor + 0x9E3779B97F4A7C15) & _WORD
    return (state ^ state >> 31) / (_WORD + 1)


_WORD = (1 << 64) - 1


def ease(part: float) -> float:
    """0 to 1 with level ends, for `part` 0 to 1; constant beyond."""
    return 0.5 - 0.5 * math.cos(math.pi * min(max(part, 0.0), 1.0))


def lid(since: float) -> float:
    """How far the lids are down, 0 to 1, so long (s) after a blink began."""
    if since <= 0 or since >= BLINK:
        return 0.0
    return min(ease(since / CLOSING), ease((BLINK - since) / OPENING))


class IdleLife:
    """Gaze, breath and attention of one face, and when it means to blink. `scale` 0..1 makes all but the blinks smaller."""

    def __init__(self, *, seed: int = 0, scale: float = 1.0) -> None:
        self.seed, self.scale = seed, scale

    def planned_blink(self, number: int) -> float:
        """When blink `number` is meant to begin; there is one in every slot of the mean of BLINK_EVERY."""
        shortest, longest = BLINK_EVERY
        jitter = (longest - shortest) / 4 * (2 * chance(self.seed, _BLINK_WHEN, number) - 1)
        return (number + 0.5) * (shortest + longest) / 2 + jitter

    def last_planned(self, time: float) -> int:
        """The number of the last blink planned for `time` or before."""
        number = math.floor(time / (sum(BLINK_EVERY) / 2))
        return number if self.planned_blink(number) <= time else number - 1

    def gaze(self, time: float) -> tuple[float, float]:
        """Where the eyes look, x and y of Layer: fixations with saccades between them, mostly at the person in front."""
        number = math.floor(time / _FIXATION)
        began = self._fixation_began(number)
        if time < began:
            number, began = number - 1, self._fixation_began(number - 1)
        part = ease((time - began) / _SACCADE)
        one, two = self._fixation(number - 1), self._fixation(number)
        x, y = (a + part * (b - a) for a, b in zip(one, two, strict=True))
        return self.scale * x, self.scale * y

    def breath(self, time: float) -> float:
        """How far the breath is in, 0 to 1: in somewhat faster than out, no two alike."""
        number, phase = divmod(time / _BREATH, 1.0)
        depth = [0.75 + 0.25 * chance(self.seed, _BREATH_DEPTH, int(number) + k) for k in (0, 1)]
        return self.scale * (depth[0] * ease(phase / 0.42) if phase < 0.42 else depth[0] * ease((1 - phase) / 0.58))

    def attention(self, time: float) -> float:
        """The listening pose, 0 to 1: brows a little up, the mouth friendly, now more, now less."""
        number, phase = divmod(time / _ATTEND, 1.0)
        one, two = (chance(self.seed, _ATTENTION, int(number) + k) for k in (0, 1))
        return self.scale * (0.35 + 0.65 * (one + ease(phase / 0.2) * (two - one)))

    def _fixation_began(self, number: int) -> float:
        return (number + 0.5 + (chance(self.seed, _GAZE_WHEN, number) - 0.5) * 0.66) * _FIXATION

    def _fixation(self, number: int) -> tuple[float, float]:
        if chance(self.seed, _GAZE, number) < _HOME:
            return 0.0, 0.0
        # Two draws make a soft hill: near places are looked at more often than far ones.
        x = chance(self.seed, _GAZE, number, 1) + chance(self.seed, _GAZE, number, 2) - 1
        y = chance(self.seed, _GAZE, number, 3) + chance(self.seed, _GAZE, number, 4) - 1
        return _FAR[0] * x, _FAR[1] * y


class Blinks:
    """Blinks as planned, except that one planned while the mouth is busy waits for a pause, or for the next plan.

    Safe to use from several threads; `quiet(time)` says whether nothing is being said at a time, now or a moment ago.
    """

    def __init__(self, life: IdleLife, quiet: Callable[[float], bool]) -> None:
        self._life, self._quiet = life, quiet
        self._lock = threading.Lock()
        self._began: dict[int, float] = {}
        self._looked: dict[int, float] = {}

    def lids(self, time: float) -> float:
        """How far the lids are down, 0 to 1."""
        with self._lock:
            last = self._life.last_planned(time)
            down = 0.0
            for number in (last - 1, last):
                began = self._beginning(number, time)
                if began is not None:
                    down = max(down, lid(time - began))
            for old in [n for n in self._looked if abs(n - last) > _DUE_KEPT]:
                del self._looked[old]
                self._began.pop(old, None)
            return down

    def _beginning(self, number: int, time: float) -> float | None:
        """When that blink began, if it did by `time`."""
        if number in self._began:
            return self._began[number]
        planned = self._life.planned_blink(number)
        before = self._began.get(number - 1, self._life.planned_blink(number - 1))
        look = self._looked.get(number, max(planned, before + BLINK_EVERY[0]))
        end = min(time, self._life.planned_blink(number + 1) - BLINK)
        while look <= end:
            if self._quiet(look):
                self._began[number] = look
                return look
            look += _STEP
        self._looked[number] = look
        return None
