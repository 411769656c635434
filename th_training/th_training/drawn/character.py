"""The drawn character: flat, clean shapes for robots that should not look human, moved by the same poses."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from th_common.errors import InputError
from th_training.actor.poses import EMOTIONS, VISEMES

from .layout import CANVAS, EYE_Y, HEAD_TOP, HEAD_X, HEAD_Y, MIDDLE, PLATE
from .painter import FINER, TURN, Colour, Painter, Points
from .printed import Printed
from .shape import Face, shape_face
from .sheet import Sheet

MIN_SIZE, MAX_SIZE = 64, 2048
SPEECH = 0.6  # of full expression in the faces that the mesh is made of, as in the corpus
_MIN_GAP = 0.5  # px between inner lips
_SEAM = 2.5  # px of the dark line along a lip's inner edge, half of it inside: closed lips show nothing else
_BEHIND = np.array([0.0, 2.0])  # px that teeth and tongue reach under the lips
_ACROSS = np.linspace(-1, 1, 41)

SHELL, SHELL_SHADE, SKIN_SHADE = (186, 166, 84), (160, 138, 62), (200, 220, 236)
LIPS, SEAM, THROAT, TONGUE = (108, 104, 226), (64, 48, 140), (58, 34, 84), (134, 128, 232)
SKIN = np.array([228, 241, 251])
MOODS = np.array([[-22, -26, 0], [10, -6, -20], [-16, 0, -18]])
"""Levels that are added to the skin in anger, sorrow, disgust."""
TEETH, ACCENT = (250, 250, 252), (92, 128, 246)


class DrawnActor:
    """Draws the drawn character; a stand-in for Actor where one that is not human is wanted, without OpenGL.

    The same pose gives the same picture on every machine with the same OpenCV.

    Args:
        size: side of the square portrait, px.

    Raises InputError for a bad size.
    """

    def __init__(self, size: int = 512) -> None:
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise InputError(f"the portrait's size must be {MIN_SIZE} to {MAX_SIZE} px, not {size}")
        self.size = size
        self._behind = self._draw_behind()
        rest = shape_face({})
        spoken = [{name: SPEECH * weight for name, weight in pose.items()} for pose in EMOTIONS.values()]
        faces = [shape_face(pose).landmarks() for pose in (*spoken, *VISEMES.values())]
        self._sheet = Sheet(rest.landmarks(), faces)
        self._printed = Printed(self._sheet, rest.eyes)

    def render(self, pose: Mapping[str, float] | npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """The portrait (size, size, 3) uint8 BGR. Raises InputError for an unknown unit."""
        face = shape_face(pose)
        painter = Painter(self._behind.copy(), self.size)
        points = self._sheet.points(face.landmarks())
        _head(painter, face)
        self._printed.draw(painter, points, blush=0.55 + 0.40 * face.smile)
        self._mouth(painter, face, points)
        small = cv2.resize(painter.image, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

    def landmarks(self, pose: Mapping[str, float] | npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """(68, 2) px of the portrait: iBUG/Multi-PIE order, pixel centres at integers.

        The jaw begins at the temples; brow points lie on the lower edge; inner lower lips are at least 0.5 px below the upper.
        """
        points = (shape_face(pose).landmarks() + 0.5) * (self.size / CANVAS) - 0.5
        for upper, lower in ((61, 67), (62, 66), (63, 65)):
            points[lower, 1] = max(points[lower, 1], points[upper, 1] + _MIN_GAP)
        return points

    def _draw_behind(self) -> npt.NDArray[np.uint8]:
        """Backdrop, body, neck, ears and antenna: all that is still."""
        side = self.size * FINER
        y, x = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side
        far = np.clip(np.hypot(x - 0.5, y - 0.45) / 0.75, 0, 1)[..., None] ** 1.5
        image = np.round(np.array([248, 244, 238]) * (1 - far) + np.array([226, 212, 196]) * far).astype(np.uint8)
        painter = Painter(image, self.size)
        half = np.linspace(-1, 1, 80)
        body = np.stack([MIDDLE + 196 * half, 456 + 70 * np.abs(half) ** 3.2], 1)
        painter.fill(np.concatenate([body, [[470, 540], [42, 540]]]), SHELL)
        painter.fill(np.stack([MIDDLE + 70 * half, 456 + 60 * (1 - half**2)], 1), SKIN_SHADE)
        painter.fill([[222, 380], [290, 380], [296, 466], [216, 466]], SHELL_SHADE)
        for k in range(3):
            painter.line([[220, 430 + 12 * k], [292, 430 + 12 * k]], SHELL, 3)
        top = HEAD_Y - HEAD_TOP
        painter.line([[MIDDLE, top + 6], [MIDDLE, top - 26]], SHELL_SHADE, 7)
        painter.ellipse((MIDDLE, top - 30), (13, 13), ACCENT)
        painter.ellipse((MIDDLE - 4, top - 34), (4, 4), (200, 214, 255))
        for s in (-1, 1):
            painter.ellipse((MIDDLE + s * (HEAD_X + 3), HEAD_Y + 2), (19, 36), SHELL_SHADE)
            painter.ellipse((MIDDLE + s * (HEAD_X + 11), HEAD_Y + 2), (9, 22), ACCENT)
        return image

    def _mouth(self, painter: Painter, face: Face, points: Points) -> None:
        lips, (up, down) = face.mouth, face.mouth.thickness
        outer = [lips.edge(_ACROSS, upper=True, grow=up), lips.edge(_ACROSS[::-1], upper=False, grow=down)]
        painter.fill(np.concatenate(outer), LIPS)
        upper, lower = lips.edge(_ACROSS, upper=True), lips.edge(_ACROSS, upper=False)
        lower[:, 1] = np.maximum(lower[:, 1], upper[:, 1])
        gap = float((lower - upper)[:, 1].max())
        if gap > 1.0:
            with painter.inside(np.concatenate([upper, lower[::-1]])) as inner:
                _inside_mouth(inner, face, upper, lower, self._sheet.teeth(points))
        for edge in (upper, lower):
            painter.line(edge, SEAM, _SEAM)


def _inside_mouth(
    painter: Painter, face: Face, upper: npt.NDArray, lower: npt.NDArray, edges: tuple[npt.NDArray, npt.NDArray]
) -> None:
    """Throat, tongue, teeth: all between lips (41, 2) and the teeth's edges (7, 2), so that they go with the mesh.

    What the mesh cannot move changes its colour as a whole, which an appearance mode can do: teeth in the shade of rounded lips, the
    tongue that is raised.
    """
    above, below = edges
    painter.fill(np.concatenate([upper, lower[::-1]]), THROAT)
    painter.fill(np.concatenate([below, lower[::-1] + _BEHIND]), TONGUE)
    painter.fill(np.concatenate([above, upper[::-1] - _BEHIND]), _mixed(TEETH, THROAT, face.mouth.dark))
    raised = min(1.3 * sum(face.mouth.tongue), 1.0)
    if raised > 0:  # the tongue's tip, against the teeth or between them
        middle = np.concatenate([above, below[::-1]])
        painter.fill(middle, _mixed(THROAT, TONGUE, raised))


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two."""
    blue, green, red = (round(a + share * (b - a)) for a, b in zip(one, other, strict=True))
    return blue, green, red


def skin_colour(mood: tuple[float, float, float]) -> Colour:
    """Of the face in a mood (hot, cold, sour): redder in anger, paler in sorrow and fear, greener in disgust."""
    blue, green, red = np.clip(np.round(SKIN + np.array(mood) @ MOODS), 0, 255).astype(int).tolist()
    return blue, green, red


def _head(painter: Painter, face: Face) -> None:
    painter.fill(face.outline(TURN, follow=0.5), SHELL)
    plate = face.outline(TURN, scale=PLATE)
    painter.fill(plate, skin_colour((0, 0, 0)))
    with painter.inside(plate) as inner:  # none of it at the top, where no mode of a face model reaches
        inner.glow((MIDDLE, 300), (125, 112), skin_colour(face.mood), 1.0)
    across = _ACROSS
    painter.line(np.stack([MIDDLE + 8 * across, EYE_Y + 50 + 5 * (1 - across**2)], 1), SKIN_SHADE, 6)
