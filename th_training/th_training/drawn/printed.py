"""What is printed on the drawn character's skin: eyes, brows and cheeks, as they are at rest; a pose moves the skin alone."""

from __future__ import annotations

import numpy as np

from .eye import Eye
from .layout import BROW_HEIGHT, CHEEK, IRIS, MIDDLE
from .painter import Colour, Painter, Points, ellipse
from .sheet import Print, Sheet

INK, LID, WHITE, BLUSH = (82, 58, 40), (176, 178, 182), (255, 255, 255), (158, 170, 246)
IRIS_OUT, IRIS_IN, GLINT = (120, 92, 24), (190, 160, 60), (236, 226, 190)
_DISCS: tuple[tuple[tuple[float, float], tuple[float, float], Colour], ...] = (
    ((0, 0), (1, 1.08), IRIS_OUT),
    ((0, 0.21), (0.78, 0.74), IRIS_IN),
    ((0, 0), (0.50, 0.54), INK),
    ((-0.33, -0.42), (0.31, 0.33), WHITE),
    ((0.37, 0.46), (0.15, 0.15), GLINT),
)
"""Place, radii and colour of all that is in an eye, in radii of the iris, the lowest first."""
_LASHES, _LOWER = 4.5, 2.5  # px of the lids' lines, all of them outside of the eye: what is inside slides with the gaze
_ACROSS = np.linspace(-1, 1, 61)


class Printed:
    """Eyes, brows and cheeks on a sheet; eyes: those of the face at rest."""

    def __init__(self, sheet: Sheet, eyes: tuple[Eye, Eye]) -> None:
        self._eyes = [_PrintedEye(sheet, eye) for eye in eyes]
        self._cheeks = [sheet.pin(np.array([[MIDDLE + eye.side * CHEEK[0], CHEEK[1]]])) for eye in eyes]

    def draw(self, painter: Painter, points: Points, *, blush: float) -> None:
        """On the skin, where the mesh's points (P, 2) have taken it; blush: 0 .. 1."""
        for cheek in self._cheeks:
            painter.glow(cheek.at(points)[0], (21, 14), BLUSH, blush)
        for eye in self._eyes:
            eye.draw(painter, points)


class _PrintedEye:
    def __init__(self, sheet: Sheet, eye: Eye) -> None:
        upper, lower = (eye.lid(_ACROSS, upper=up) for up in (True, False))
        self._outline = sheet.pin(np.concatenate([upper, lower[::-1]]))
        self._discs: list[tuple[Print, Colour]] = [
            (sheet.pin(ellipse(eye.middle + IRIS * np.array(place), (IRIS * radii[0], IRIS * radii[1]))), colour)
            for place, radii, colour in _DISCS
        ]
        self._lines: list[tuple[Print, Colour]] = [
            (sheet.pin(_band(lower, -_LOWER)), LID),
            (sheet.pin(_band(upper, _LASHES)), INK),
            (sheet.pin(_brow(eye)), INK),
        ]

    def draw(self, painter: Painter, points: Points) -> None:
        outline = self._outline.at(points)
        with painter.inside(outline) as inner:
            inner.fill(outline, WHITE)
            for disc, colour in self._discs:
                inner.fill(disc.at(points), colour)
        for line, colour in self._lines:
            painter.fill(line.at(points), colour)


def _band(edge: Points, height: float) -> Points:
    """Outline of a line that lies on an edge (N, 2), px high in the middle (down: < 0) and thin at its ends."""
    along = np.gradient(edge, axis=0)
    normal = np.stack([along[:, 1], -along[:, 0]], 1) / np.linalg.norm(along, axis=1)[:, None]
    normal *= np.sign(-normal[len(edge) // 2, 1])  # upwards
    return _closed(edge + height * (1 - 0.7 * np.linspace(-1, 1, len(edge)) ** 4)[:, None] * normal, edge)


def _brow(eye: Eye) -> Points:
    """Outline of a brow."""
    fine, ends = np.linspace(0, 1, 40), np.linspace(0, 1, 5)
    low = np.stack([np.polynomial.Polynomial.fit(ends, eye.brow[:, k], 3)(fine) for k in (0, 1)], 1)
    return _closed(low - np.array([0, 1]) * np.interp(fine, ends, BROW_HEIGHT)[:, None], low)


def _closed(upper: Points, lower: Points) -> Points:
    """Two edges (N, 2) in the same direction, joined by half circles."""
    turn = np.linspace(0, np.pi, 14)[1:-1, None]
    ends = []
    for k, other in ((-1, -2), (0, 1)):
        middle, across = (upper[k] + lower[k]) / 2, (upper[k] - lower[k]) / 2
        out = np.array([-across[1], across[0]])
        out *= np.sign(out @ (upper[k] - upper[other]))
        ends.append(middle + (across if k else -across) * np.cos(turn) + out * np.sin(turn))
    return np.concatenate([upper, ends[0], lower[::-1], ends[1]])
