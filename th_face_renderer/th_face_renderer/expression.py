"""Expressions asked for: by one of seven names, or by valence and arousal; they come, stay and go smoothly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import Floats
from th_face_renderer.life import ease

CIRCUMPLEX = {
    "neutral": (0.0, 0.0),
    "happy": (0.81, 0.51),
    "surprised": (0.40, 0.67),
    "scared": (-0.64, 0.60),
    "angry": (-0.51, 0.59),
    "disgusted": (-0.60, 0.35),
    "sad": (-0.63, -0.27),
}
"""The seven, by the names that ROS4HRI's Expression has for them, with valence and arousal: places on the circumplex (Russell,
J. Personality and Social Psychology 39:1161, 1980), with the pleasure and arousal that Russell and Mehrabian (J. Research in
Personality 11:273, 1977) give for these words."""

ALSO = {
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "anger": "angry",
    "surprise": "surprised",
    "disgust": "disgusted",
    "fear": "scared",
    "afraid": "scared",
}
"""Other words for the same."""

RISE, FALL = 0.3, 0.6
"""Time (s) in which an expression comes and goes."""
_NEAR = 0.3  # distance on the circumplex at which a neighbour counts e^-1/2
_MOST = 16  # demands kept; what is older has long been covered


def known(name: str) -> str:
    """The name of one of the seven, whatever its case and whichever word for it.

    Raises:
        InputError: it is none of them.
    """
    word = name.strip().lower()
    word = ALSO.get(word, word)
    if word not in CIRCUMPLEX:
        raise InputError(f"there is no expression {name[:40]!r}: there are {', '.join(CIRCUMPLEX)}")
    return word


def shares(valence: float, arousal: float) -> dict[str, float]:
    """How much of each of the seven a place on the circumplex is; they sum up to 1.

    A soft choice of the nearest (Gaussian weights). Anger and fear lie close together there: only their names tell them apart.

    Raises:
        InputError: a number that is not in -1..1.
    """
    for word, number in (("valence", valence), ("arousal", arousal)):
        if not -1.0 <= number <= 1.0:
            raise InputError(f"{word} of {number} is not in -1..1")
    squares = {name: (valence - v) ** 2 + (arousal - a) ** 2 for name, (v, a) in CIRCUMPLEX.items()}
    nearest = min(squares.values())
    weights = {name: math.exp((nearest - square) / (2 * _NEAR**2)) for name, square in squares.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


@dataclass(frozen=True)
class _Demand:
    name: str
    code: Floats
    intensity: float
    begin: float
    end: float

    def weight(self, time: float) -> float:
        return self.intensity * ease((time - self.begin) / RISE) * (1.0 - ease((time - self.end) / FALL))


class Expressions:
    """What is asked for now, as codes; `codes` has the code (16,) of each expression that the face can show.

    Times in s, of one clock. A new demand covers the one before while that one goes; asking is cheap and forgets nothing.
    """

    def __init__(self, codes: Mapping[str, Floats]) -> None:
        self.codes = dict(codes)
        self._demands: tuple[_Demand, ...] = ()  # replaced, never changed: read without a lock

    def ask(self, name: str, *, intensity: float = 1.0, duration: float = 0.0, now: float) -> None:
        """Show an expression by its name for `duration` s (0: until the next demand), by `intensity` 0..1 of it.

        Raises:
            InputError: no such expression, or not of this face; a number out of range.
        """
        name = known(name)
        self._check(intensity, duration)
        if name not in self.codes:
            raise InputError(f"this face has no expression {name!r}: its card.json has none (th expressions adds them)")
        self._add(name, self.codes[name], intensity, duration, now)

    def feel(
        self, valence: float, arousal: float, *, intensity: float = 1.0, duration: float = 0.0, now: float
    ) -> None:
        """Show what lies at a place on the circumplex, blended of what this face has.

        Raises:
            InputError: a number out of range, or this face has no expressions.
        """
        parts = shares(valence, arousal)
        self._check(intensity, duration)
        parts = {name: part for name, part in parts.items() if name in self.codes}
        if not parts:
            raise InputError("this face has no expressions: its card.json has none (th expressions adds them)")
        total = sum(parts.values())
        code = sum((np.float32(part / total) * self.codes[name] for name, part in parts.items()), np.float32(0))
        words = f"valence {valence:+.2f}, arousal {arousal:+.2f}"
        self._add(words, np.asarray(code, np.float32), intensity, duration, now)

    def rest(self, now: float) -> None:
        """Ask for nothing any more."""
        self._end(now)

    def over(self, time: float) -> list[tuple[Floats, float]]:
        """(code, weight 0..1) of what is asked for at a time, to be laid over the face one after the other."""
        weighted = [(demand.code, demand.weight(time)) for demand in self._demands]
        return [(code, weight) for code, weight in weighted if weight > 0]

    def asked(self, time: float) -> str:
        """The name, or the place on the circumplex, of what is asked for at a time; empty for nothing."""
        last = self._demands[-1] if self._demands else None
        return last.name if last is not None and last.begin <= time < last.end else ""

    @staticmethod
    def _check(intensity: float, duration: float) -> None:
        if not 0.0 <= intensity <= 1.0:
            raise InputError(f"intensity of {intensity} is not in 0..1")
        if not 0.0 <= duration < math.inf:
            raise InputError(f"duration of {duration} s is not a time")

    def _add(self, name: str, code: Floats, intensity: float, duration: float, now: float) -> None:
        self._end(now)
        self._demands += (_Demand(name, code, intensity, now, now + duration if duration else math.inf),)

    def _end(self, now: float) -> None:
        kept = [demand for demand in self._demands if demand.end + FALL > now][-_MOST:]
        self._demands = tuple(replace(demand, end=min(demand.end, now)) for demand in kept)
