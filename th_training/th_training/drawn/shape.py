"""The drawn character's face as plane curves: what each muscle of a pose does to a face that is not human. px, as in layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from th_training.actor.units import INDEX, weights

from .eye import Eye, shape_eye
from .layout import CHIN, EYE_Y, HEAD_CHIN, HEAD_TOP, HEAD_X, HEAD_Y, JAW, MIDDLE, PLATE, SQUARE, TEMPLE
from .mouth import Mouth, shape_mouth
from .painter import Points

_OUTER, _INNER = np.array([-1, -0.62, -0.24, 0, 0.24, 0.62, 1]), np.array([-1, -0.55, 0, 0.55, 1])
_NOSE = np.array([[0, -2.0], [0, 14], [0, 30], [0, 43], [-13, 53], [-7, 55], [0, 56], [7, 55], [13, 53]]) + np.array(
    [MIDDLE, EYE_Y]
)


@dataclass(frozen=True, kw_only=True)
class Face:
    """All that moves, and what colours it: the smile on the cheeks, the mood (hot, cold, sour) of the skin."""

    chin: float
    eyes: tuple[Eye, Eye]
    mouth: Mouth
    smile: float
    mood: tuple[float, float, float]

    def outline(self, angle: Points, *, scale: float = 1.0, follow: float = 1.0) -> Points:
        """(N, 2) points of the head (or what is set into it, `scale` times as large) at angles from the left ear (0) over
        the chin (pi / 2) to the right and on to the top; `follow`: how far it goes with the chin.
        """
        c, s = np.cos(angle), np.sin(angle)
        x = MIDDLE - scale * HEAD_X * np.sign(c) * np.abs(c) ** (2 / SQUARE)
        below = s > 0
        y = scale * np.where(below, HEAD_CHIN, HEAD_TOP) * np.sign(s) * np.abs(s) ** (2 / SQUARE)
        return np.stack([x, HEAD_Y + y + follow * self.chin * np.where(below, s, 0) ** 3], 1)

    def landmarks(self) -> Points:
        """(68, 2) px, iBUG/Multi-PIE order."""
        left, right = self.eyes
        mouth, (up, down) = self.mouth, self.mouth.thickness
        points = [
            self.outline(np.linspace(-TEMPLE, np.pi + TEMPLE, 17), scale=PLATE),  # the edge that must not blur
            left.brow,
            right.brow[::-1],
            _NOSE,
            left.landmarks(),
            right.landmarks(),
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

    return Face(
        chin=CHIN * JAW * max(unit("jawOpen"), 0.0),
        eyes=(shape_eye(unit, -1), shape_eye(unit, 1)),
        mouth=shape_mouth(unit),
        smile=float(np.clip(both("mouthSmile"), -0.5, 1)),
        mood=(both("browDown"), unit("browInnerUp") - both("browOuterUp"), both("noseSneer")),
    )
