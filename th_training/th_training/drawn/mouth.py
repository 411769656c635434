"""Mouth of the drawn character: the lips' edges, and what is to be seen of teeth and tongue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .layout import JAW, LIP, MIDDLE, MOUTH_WIDTH, MOUTH_Y
from .painter import Points

_PLACES, _THICK = np.array([0, 0.24, 0.62, 1]), np.array([1, 0.97, 0.70, 0])
"""How thick a lip is at the landmarks of its outer edge; straight between them, as the mesh of a face model is."""


@dataclass(frozen=True, kw_only=True)
class Mouth:
    """Inner lips from corner to corner: half width, heights of middle and corners, roundness 0 .. 1; px. tongue: up, out.

    dark: 0 .. 1, how little is seen of the teeth, because the lips are rounded.
    """

    centre: float
    half: float
    corner: float
    upper: float
    lower: float
    round: float
    thickness: tuple[float, float]
    dark: float
    tongue: tuple[float, float]

    def edge(self, at: Points, *, upper: bool, grow: float = 0.0) -> Points:
        """(N, 2) points of a lip's inner edge at -1 .. 1, or of its outer edge, `grow` px further out."""
        height = (self.upper if upper else self.lower) - self.corner
        arc = (1 - self.round) * (1 - at**2) + self.round * np.sqrt(np.maximum(1 - at**2, 0))
        out = grow * np.interp(np.abs(at), _PLACES, _THICK) * (-1 if upper else 1)
        x = self.centre + at * (self.half + 0.8 * grow)
        return np.stack([x, self.corner + height * arc + out], 1)


def shape_mouth(unit: Callable[[str], float]) -> Mouth:
    """unit: weight of a muscle by name."""

    def both(name: str) -> float:
        return (unit(name + "Left") + unit(name + "Right")) / 2

    jaw, pucker, funnel = unit("jawOpen"), unit("mouthPucker"), unit("mouthFunnel")
    smile, frown, stretch = both("mouthSmile"), both("mouthFrown"), both("mouthStretch")
    shut = sum(share * max(weight, 0) for share, weight in (
        (0.5, both("mouthPress")), (0.35, unit("mouthRollLower")), (0.35, unit("mouthRollUpper"))))  # fmt: skip
    narrow = 0.42 * pucker + 0.24 * funnel
    bow = 10.0 + 30 * smile - 30 * frown  # the corners' height over the middle: a friendly line at rest
    middle = MOUTH_Y + 0.28 * bow - 8 * unit("mouthShrugLower") - 3 * both("noseSneer")
    raised = 24 * both("mouthUpperUp") + 8 * max(funnel, 0) + 4 * max(unit("mouthShrugUpper"), 0)
    raised -= 5 * unit("mouthRollUpper")
    ajar = float(np.clip(jaw / 0.15, 0, 1))
    lowered = JAW * jaw + 20 * both("mouthLowerDown") + 11 * max(funnel, 0)
    lowered += ajar * (9 * max(pucker, 0) - 6 * unit("mouthRollLower"))
    upper, lower = middle - raised, middle + lowered
    if lower - upper < 0.5:
        upper = lower = (upper + lower) / 2
        lower += 0.5
    side = unit("mouthLeft") - unit("mouthRight") + 0.5 * (unit("jawLeft") - unit("jawRight"))
    thin = 1 - float(np.clip(shut, 0, 0.62))
    full = 1 + 0.35 * float(np.clip(pucker + 0.6 * funnel, 0, 1.4))
    tucked = float(np.clip(1 - 0.75 * unit("mouthRollLower"), 0.35, 1))  # f, v: what is left shows the teeth
    return Mouth(
        centre=MIDDLE + 14 * side,
        half=MOUTH_WIDTH * max(0.34, 1 + 0.30 * smile + 0.16 * stretch - 0.06 * frown - narrow - 0.08 * jaw),
        corner=MOUTH_Y - 0.62 * bow + 0.35 * JAW * jaw * (0.35 + 0.5 * min(narrow, 1)),
        upper=upper,
        lower=lower,
        round=float(np.clip(0.25 * np.clip((lower - upper) / 22, 0, 1) + 0.75 * np.clip(narrow * 2.2, 0, 1), 0, 1)),
        thickness=(LIP * 0.85 * thin * full, LIP * thin * full * tucked),
        dark=float(np.clip((narrow - 0.1) / 0.25, 0, 1)),
        tongue=(max(unit("tongueUp"), 0.0), max(unit("tongueOut"), 0.0)),
    )
