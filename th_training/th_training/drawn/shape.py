"""The drawn character's features as plane curves: what each muscle of a pose does to a face that is not human.

Lengths are px of a portrait of 512 px, y down, mirror-symmetric about x = MIDDLE but for what a pose moves to one side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from th_training.actor.units import INDEX, weights

CANVAS, MIDDLE = 512.0, 256.0
HEAD_X, HEAD_Y, HEAD_TOP, HEAD_CHIN, SQUARE = 134.0, 238.0, 172.0, 160.0, 2.7
EYE_X, EYE_Y, EYE_WIDTH, EYE_UPPER, EYE_LOWER, IRIS = 66.0, 236.0, 41.0, 43.0, 35.0, 28.0
PLATE = 0.90  # of the head's size: the face that is set into it, whose edge is the jaw line
MOUTH_Y, MOUTH_WIDTH, LIP = 334.0, 50.0, 9.0
TEETH_Y, TEETH_HEIGHT = 344.0, 24.0  # lower edge of the upper row, which is still
_JAW = 62.0  # px that the chin goes down for jawOpen 1
_OUTER, _INNER = np.array([-1, -0.62, -0.24, 0, 0.24, 0.62, 1]), np.array([-1, -0.42, 0, 0.42, 1])


@dataclass(frozen=True, kw_only=True)
class Eye:
    """side -1 is on the left of the picture; lids' heights over and below the centre; brow (5, 2) its upper edge from outside
    to inside, and how thick it is there; px."""

    side: int
    centre: np.ndarray
    upper: float
    lower: float
    iris: float
    gaze: np.ndarray
    brow: np.ndarray
    brow_height: np.ndarray

    def lid(self, at: np.ndarray, *, upper: bool) -> np.ndarray:
        """(N, 2) points of a lid's edge at -1 outer .. 1 inner corner."""
        height = -self.upper if upper else self.lower
        x = self.centre[0] - self.side * at * EYE_WIDTH
        return np.stack([x, self.centre[1] + height * (1 - np.abs(at) ** 2.2) ** 0.75 - 3.0 * (1 - at) / 2], 1)


@dataclass(frozen=True, kw_only=True)
class Mouth:
    """Inner lips from corner to corner: half width, heights of middle and corners, roundness 0 .. 1; teeth and tongue."""

    centre: float
    half: float
    corner: float
    upper: float
    lower: float
    round: float
    thickness: tuple[float, float]
    jaw: float
    tongue: tuple[float, float]

    def edge(self, at: np.ndarray, *, upper: bool, grow: float = 0.0) -> np.ndarray:
        """(N, 2) points of a lip's inner edge at -1 .. 1, or of its outer edge, `grow` px further out."""
        height = (self.upper if upper else self.lower) - self.corner
        arc = (1 - self.round) * (1 - at**2) + self.round * np.sqrt(np.maximum(1 - at**2, 0))
        out = grow * (1 - 0.55 * np.abs(at) ** 3) * (-1 if upper else 1)
        x = self.centre + at * (self.half + 0.8 * grow)
        return np.stack([x, self.corner + height * arc + out * np.sqrt(np.maximum(1 - at**2, 0))], 1)


@dataclass(frozen=True, kw_only=True)
class Face:
    """All that moves, and the smile 0 .. 1 that colours the cheeks."""

    chin: float
    eyes: tuple[Eye, Eye]
    mouth: Mouth
    smile: float
    sneer: float

    def outline(self, angle: np.ndarray, *, scale: float = 1.0) -> np.ndarray:
        """(N, 2) points of the head (or what is set into it, `scale` times as large) at angles from the left ear (0) over
        the chin (pi / 2) to the right and on to the top.
        """
        c, s = np.cos(angle), np.sin(angle)
        x = MIDDLE - scale * HEAD_X * np.sign(c) * np.abs(c) ** (2 / SQUARE)
        below = s > 0
        y = scale * np.where(below, HEAD_CHIN, HEAD_TOP) * np.sign(s) * np.abs(s) ** (2 / SQUARE)
        return np.stack([x, HEAD_Y + y + self.chin * np.where(below, s, 0) ** 3], 1)

    def landmarks(self) -> np.ndarray:
        """(68, 2) px of a portrait of 512 px, iBUG/Multi-PIE order."""
        left, right = self.eyes
        nose = np.array([[0, -2.0], [0, 14], [0, 30], [0, 45], [-15, 56], [-8, 58], [0, 59], [8, 58], [15, 56]])
        nose = nose * [1, 1 - 0.06 * self.sneer] + [MIDDLE, EYE_Y]
        mouth, (up, down) = self.mouth, self.mouth.thickness
        points = [
            self.outline(np.linspace(0.04, np.pi - 0.04, 17), scale=PLATE),  # the edge that must not blur
            left.brow,
            right.brow[::-1],
            nose,
            left.lid(np.array([-1, -0.36, 0.36, 1]), upper=True),
            left.lid(np.array([0.36, -0.36]), upper=False),
            right.lid(np.array([1, 0.36, -0.36, -1]), upper=True),
            right.lid(np.array([-0.36, 0.36]), upper=False),
            mouth.edge(_OUTER, upper=True, grow=up),
            mouth.edge(_OUTER[-2:0:-1], upper=False, grow=down),
            mouth.edge(_INNER, upper=True),
            mouth.edge(_INNER[-2:0:-1], upper=False),
        ]
        return np.concatenate(points)


def shape_face(pose: Mapping[str, float] | np.ndarray) -> Face:
    """The face in a pose. Raises InputError for an unknown unit."""
    vector = weights(pose).astype(float)

    def unit(name: str) -> float:
        return float(vector[INDEX[name]])

    def both(name: str) -> float:
        return (unit(name + "Left") + unit(name + "Right")) / 2

    sneer = max(both("noseSneer"), 0.0)
    return Face(
        chin=0.55 * _JAW * max(unit("jawOpen"), 0.0),
        eyes=(_eye(unit, -1, "Right"), _eye(unit, 1, "Left")),
        mouth=_mouth(unit, both),
        smile=float(np.clip(both("mouthSmile"), 0, 1)),
        sneer=sneer,
    )


def _eye(unit, side: int, name: str) -> Eye:
    """The character's right eye is on the left of the picture."""
    squint = unit("eyeSquint" + name) + 0.8 * unit("cheekSquint" + name)
    blink = float(np.clip(unit("eyeBlink" + name), 0, 1))
    wide = unit("eyeWide" + name)
    lower = EYE_LOWER * (1 - 0.42 * float(np.clip(squint, 0, 1.2)) + 0.10 * wide)
    opened = EYE_UPPER * (0.90 + 0.22 * wide - 0.20 * float(np.clip(unit("eyeSquint" + name), 0, 1.2)))
    down = unit("eyeLookDown" + name)
    upper = (opened - 8 * max(down, 0)) * (1 - blink) - (0.80 * lower) * blink
    look = side * (unit("eyeLookOut" + name) - unit("eyeLookIn" + name))
    centre = np.array([MIDDLE + side * EYE_X, EYE_Y])
    gaze = centre + np.array([14.0 * look, 12.0 * (down - unit("eyeLookUp" + name)) + 1.0])
    inner, outer, lowered = unit("browInnerUp"), unit("browOuterUp" + name), unit("browDown" + name)
    at = np.linspace(0, 1, 5)  # outer .. inner
    lift = outer * 23 * (1 - at) ** 0.8 + inner * 30 * at**1.3 - lowered * (19 * at**1.1 - 2 * (1 - at))
    arch = 12 * np.sin(np.pi * (0.15 + 0.75 * at)) * (1 - 0.45 * float(np.clip(lowered, 0, 1.3)))
    x = centre[0] + side * (38 - 72 * at) - side * 8 * lowered * at
    brow = np.stack([x, EYE_Y - 66 - arch - lift + 6 * unit("noseSneer" + name) * at], 1)
    # A brow is as thick as the skin between it and the lid is stretched
    room = (EYE_Y - 0.85 * opened - brow[:, 1]) / (66 + 12 * np.sin(np.pi * (0.15 + 0.75 * at)) - 0.85 * EYE_UPPER)
    height = np.array([9.0, 13.0, 15.0, 15.0, 13.0]) * np.clip(room, 0.45, 1.5)
    return Eye(brow_height=height, side=side, centre=centre, upper=upper, lower=lower, iris=IRIS, gaze=gaze, brow=brow)


def _mouth(unit, both) -> Mouth:
    jaw, pucker, funnel = unit("jawOpen"), unit("mouthPucker"), unit("mouthFunnel")
    smile, frown, stretch = both("mouthSmile"), both("mouthFrown"), both("mouthStretch")
    upper_up, lower_down = both("mouthUpperUp"), both("mouthLowerDown")
    shut = (
        max(both("mouthPress"), 0) * 0.5 + max(unit("mouthRollLower"), 0) * 0.35 + max(unit("mouthRollUpper"), 0) * 0.35
    )
    narrow = 0.42 * pucker + 0.24 * funnel
    half = MOUTH_WIDTH * max(0.34, 1 + 0.30 * smile + 0.16 * stretch - 0.06 * frown - narrow - 0.08 * jaw)
    bow = 9.0 + 30 * smile - 34 * frown  # the corners' height over the middle: a friendly line at rest
    middle = MOUTH_Y + 0.28 * bow - 9 * unit("mouthShrugLower") - 4 * both("noseSneer")
    raised = 26 * upper_up + 9 * max(funnel, 0) + 4 * max(unit("mouthShrugUpper"), 0) - 5 * unit("mouthRollUpper")
    lowered = _JAW * jaw + 22 * lower_down + 13 * max(funnel, 0) - 6 * unit("mouthRollLower") * (jaw > 0.1)
    upper, lower = middle - raised, middle + lowered
    if lower - upper < 0.5:
        upper = lower = (upper + lower) / 2
        lower += 0.5
    corner = MOUTH_Y - 0.62 * bow + 0.35 * _JAW * jaw * (0.35 + 0.5 * min(narrow, 1))
    gap = lower - upper
    open_ = float(np.clip(gap / 22, 0, 1))
    thin = 1 - float(np.clip(shut, 0, 0.62))
    full = 1 + 0.35 * float(np.clip(pucker + 0.6 * funnel, 0, 1.4))
    # The upper lip of f and v is thin, the lower one tucked in: what is left shows the teeth
    roll = float(np.clip(1 - 0.75 * unit("mouthRollLower"), 0.35, 1))
    side = unit("mouthLeft") - unit("mouthRight") + 0.5 * (unit("jawLeft") - unit("jawRight"))
    return Mouth(
        centre=MIDDLE + 14 * side,
        half=half,
        corner=corner,
        upper=upper,
        lower=lower,
        round=float(np.clip(0.25 * open_ + 0.75 * np.clip(narrow * 2.2, 0, 1), 0, 1)),
        thickness=(LIP * 0.85 * thin * full, LIP * thin * full * roll),
        jaw=jaw,
        tongue=(unit("tongueUp"), unit("tongueOut")),
    )
