"""Lids and brows of the drawn character. Blinks and gaze are the renderer's (th_face_renderer.eyes), which takes lids for parabolas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .layout import BROW, EYE_LOWER, EYE_UPPER, EYE_WIDTH, EYE_X, EYE_Y, MIDDLE
from .painter import Points

_MOST_CLOSED = 0.35  # of a blink, the rest of which is the renderer's
# The renderer takes an eye for a fifth wider than its corners' landmarks are apart, and its upper edge for a little higher
_CORNER = 1 / 1.2  # where these landmarks are, in half widths of the eye
_EDGE = 0.018 * 2 * EYE_WIDTH  # px
_LID = 0.33  # where the landmarks of a lid are
_ALONG = np.linspace(0, 1, 5)  # of a brow, outer .. inner
_ARCH = 12 * np.sin(np.pi * (0.15 + 0.75 * _ALONG))


@dataclass(frozen=True, kw_only=True)
class Eye:
    """side -1 is on the left of the picture; upper, lower: the lids' heights over and below the middle; brow (5, 2): its lower edge
    from outside to inside; px.
    """

    side: int
    upper: float
    lower: float
    brow: Points

    @property
    def middle(self) -> Points:
        """(2,)"""
        return np.array([MIDDLE + self.side * EYE_X, EYE_Y])

    def lid(self, at: Points, *, upper: bool) -> Points:
        """(N, 2) points of a lid's edge at -1 outer .. 1 inner corner."""
        return self._at(at, -self.upper - _EDGE if upper else self.lower)

    def landmarks(self) -> Points:
        """(6, 2): corner, upper lid twice, corner, lower lid twice, around from the left of the picture, as eyes.py reads them."""
        upper, lower = (self._at(np.array([-_LID, _LID]), height) for height in (-self.upper, self.lower))
        outer, inner = self._at(np.array([-_CORNER, _CORNER]), 0.0)
        if self.side < 0:
            return np.stack([outer, *upper, inner, *lower[::-1]])
        return np.stack([inner, *upper[::-1], outer, *lower])

    def _at(self, at: Points, height: float) -> Points:
        """(N, 2) points of the arc of a height below the line between the corners, the outer of which is higher."""
        x = self.middle[0] - self.side * at * EYE_WIDTH
        return np.stack([x, self.middle[1] + height * (1 - at**2) - 1.5 * (1 - at)], 1)


def shape_eye(unit: Callable[[str], float], side: int) -> Eye:
    """The eye on one side of the picture; unit: weight of a muscle by name. The character's right eye is on the left."""
    name = "Right" if side < 0 else "Left"
    squint = float(np.clip(unit("eyeSquint" + name), 0, 1.2))
    pressed = float(np.clip(unit("eyeSquint" + name) + 0.8 * unit("cheekSquint" + name), 0, 1.2))
    blink, wide = float(np.clip(0.6 * unit("eyeBlink" + name), 0, _MOST_CLOSED)), unit("eyeWide" + name)
    lower = EYE_LOWER * (1 - 0.40 * pressed + 0.08 * wide)
    opened = EYE_UPPER * (0.90 + 0.16 * wide - 0.20 * squint) - 6 * max(unit("eyeLookDown" + name), 0)
    return Eye(
        side=side,
        upper=opened * (1 - blink) - 0.80 * lower * blink,
        lower=lower,
        brow=_brow(unit, name, side),
    )


def _brow(unit: Callable[[str], float], name: str, side: int) -> Points:
    inner, outer, lowered = unit("browInnerUp"), unit("browOuterUp" + name), unit("browDown" + name)
    at = _ALONG
    lift = outer * 21 * (1 - at) ** 0.8 + inner * 21 * at**1.3 - lowered * (18 * at**1.1 - 2 * (1 - at))
    arch = _ARCH * (1 - 0.45 * float(np.clip(lowered, 0, 1.3)))
    x = MIDDLE + side * (EYE_X + 37 - 70 * at - 7 * lowered * at)
    return np.stack([x, EYE_Y - BROW - arch - lift + 5 * unit("noseSneer" + name) * at], 1)
