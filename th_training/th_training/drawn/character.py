"""The drawn character: flat, clean shapes for robots that should not look human, moved by the same poses."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from th_common.errors import InputError

from . import shape
from .shape import CANVAS, EYE_Y, HEAD_TOP, HEAD_Y, MIDDLE, TEETH_Y, Eye, Face, Mouth

MIN_SIZE, MAX_SIZE = 64, 2048
_FINER = 2  # times per axis; shapes are drawn so much larger, with smooth edges, and made smaller
_MIN_GAP = 0.5  # px between inner lips
_TURN = np.linspace(0, 2 * np.pi, 160, endpoint=False)
_ACROSS = np.linspace(-1, 1, 41)

Colour = tuple[int, int, int]  # BGR
SHELL, SHELL_SHADE = (186, 166, 84), (160, 138, 62)
PLATE, PLATE_SHADE, BLUSH = (226, 240, 250), (200, 220, 236), (158, 170, 246)
INK, LID, WHITE, IRIS_OUT, IRIS_IN = (82, 58, 40), (170, 172, 176), (255, 255, 255), (120, 92, 24), (190, 160, 60)
LIPS, SEAM, THROAT, TONGUE, TEETH, ACCENT = (
    (108, 104, 226),
    (64, 48, 140),
    (58, 34, 84),
    (150, 148, 246),
    (250, 250, 252),
    (92, 128, 246),
)


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
        self._scale = size / CANVAS
        self._behind = self._draw_behind()

    def render(self, pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
        """The portrait (size, size, 3) uint8 BGR. Raises InputError for an unknown unit."""
        face = shape.shape_face(pose)
        image = self._behind.copy()
        self._head(image, face)
        for eye in face.eyes:
            self._eye(image, eye)
        self._mouth(image, face.mouth)
        return cv2.resize(image, (self.size, self.size), interpolation=cv2.INTER_AREA)

    def landmarks(self, pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
        """(68, 2) float64 px of the portrait: iBUG/Multi-PIE order, pixel centres at integers.

        Brow points lie on the upper edge; inner lower lips are at least 0.5 px below the upper.
        """
        points = (shape.shape_face(pose).landmarks() + 0.5) * self._scale - 0.5
        for upper, lower in ((61, 67), (62, 66), (63, 65)):
            points[lower, 1] = max(points[lower, 1], points[upper, 1] + _MIN_GAP)
        return points

    def _fixed(self, points: np.ndarray) -> np.ndarray:
        """px of a portrait of 512 px -> 1/16 px of the finer picture."""
        return np.round(((points + 0.5) * self._scale * _FINER - 0.5) * 16).astype(np.int32)

    def _fill(self, image: np.ndarray, points: np.ndarray, colour: Colour) -> None:
        cv2.fillPoly(image, [self._fixed(points)], colour, cv2.LINE_AA, 4)

    def _line(self, image: np.ndarray, points: np.ndarray, colour: Colour, width: float) -> None:
        thick = max(1, round(width * self._scale * _FINER))
        cv2.polylines(image, [self._fixed(points)], False, colour, thick, cv2.LINE_AA, 4)

    def _inside(self, image: np.ndarray, outline: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[slice, slice]]:
        """A copy of what lies around an outline, to draw on, its mask (h, w, 1) 0..1, and its place."""
        corner = self._fixed(outline) / 16
        left, top = np.maximum(np.floor(corner.min(0)).astype(int) - 2, 0)
        right, bottom = np.ceil(corner.max(0)).astype(int) + 3
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self._fixed(outline)], (255,), cv2.LINE_AA, 4)
        place = (slice(top, bottom), slice(left, right))
        return image.copy(), mask[place][..., None] / np.float32(255), place

    def _put(self, image: np.ndarray, drawn: np.ndarray, mask: np.ndarray, place: tuple[slice, slice]) -> None:
        below = image[place].astype(np.float32)
        image[place] = np.round(below + mask * (drawn[place] - below)).astype(np.uint8)

    def _draw_behind(self) -> np.ndarray:
        """Backdrop, body, neck, ears and antenna: all that is still."""
        side = self.size * _FINER
        y, x = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side
        far = np.clip(np.hypot(x - 0.5, y - 0.45) / 0.75, 0, 1)[..., None] ** 1.5
        image = np.round(np.array([248, 244, 238]) * (1 - far) + np.array([226, 212, 196]) * far).astype(np.uint8)
        half = np.linspace(-1, 1, 80)
        body = np.stack([MIDDLE + 196 * half, 452 + 70 * np.abs(half) ** 3.2], 1)
        self._fill(image, np.concatenate([body, [[470, 540], [42, 540]]]), SHELL)
        chest = np.stack([MIDDLE + 70 * half, 452 + 60 * (1 - half**2)], 1)
        self._fill(image, chest, PLATE_SHADE)
        neck = np.array([[222, 380], [290, 380], [296, 462], [216, 462]], float)
        self._fill(image, neck, SHELL_SHADE)
        for k in range(3):
            self._line(image, np.array([[220, 424 + 12 * k], [292, 424 + 12 * k]], float), SHELL, 3)
        self._line(image, np.array([[MIDDLE, HEAD_Y - HEAD_TOP + 6], [MIDDLE, 38]]), SHELL_SHADE, 7)
        self._ellipse(image, (MIDDLE, 32), (13, 13), ACCENT)
        self._ellipse(image, (MIDDLE - 4, 28), (4, 4), (200, 214, 255))
        for s in (-1, 1):
            self._ellipse(image, (MIDDLE + s * (shape.HEAD_X + 3), HEAD_Y + 2), (19, 36), SHELL_SHADE)
            self._ellipse(image, (MIDDLE + s * (shape.HEAD_X + 11), HEAD_Y + 2), (9, 22), ACCENT)
        return image

    def _ellipse(self, image: np.ndarray, centre, radii: tuple[float, float], colour: Colour) -> None:
        self._fill(image, np.stack([np.cos(_TURN), np.sin(_TURN)], 1) * radii + np.asarray(centre, float), colour)

    def _head(self, image: np.ndarray, face: Face) -> None:
        self._fill(image, face.outline(_TURN), SHELL)
        self._fill(image, face.outline(_TURN, scale=shape.PLATE), PLATE)
        self._flush(image, face)
        nose = np.stack([MIDDLE + 9 * _ACROSS, EYE_Y + 52 + 5 * (1 - _ACROSS**2) - 3 * face.sneer], 1)
        self._line(image, nose, PLATE_SHADE, 6)

    def _flush(self, image: np.ndarray, face: Face) -> None:
        """Cheeks, soft so that they may move with the skin, redder in a smile."""
        share = 0.50 + 0.50 * face.smile
        for side in (-1, 1):
            x, y = ((np.array([MIDDLE + side * 84, 303.0 - 6 * face.smile]) + 0.5) * self._scale * _FINER).tolist()
            wide, high = 19 * self._scale * _FINER, 13 * self._scale * _FINER
            place = (slice(int(y - 3 * high), int(y + 3 * high)), slice(int(x - 2.4 * wide), int(x + 2.4 * wide)))
            rows, columns = (np.arange(part.start, part.stop) + 0.5 for part in place)
            soft = np.exp(-(((rows[:, None] - y) / high) ** 2) - ((columns - x) / wide) ** 2)
            skin = (np.abs(image[place].astype(int) - PLATE).max(2) < 3)[..., None]
            colour = image[place] + (share * soft)[..., None] * skin * (np.array(BLUSH) - PLATE)
            image[place] = np.round(colour).astype(np.uint8)

    def _eye(self, image: np.ndarray, eye: Eye) -> None:
        upper, lower = (eye.lid(_ACROSS, upper=up) for up in (True, False))
        lower[:, 1] = np.maximum(lower[:, 1], upper[:, 1])
        outline = np.concatenate([upper, lower[::-1]])
        inner, mask, place = self._inside(image, outline)
        self._fill(inner, outline, WHITE)
        self._ellipse(inner, eye.gaze, (eye.iris, eye.iris * 1.06), IRIS_OUT)
        self._ellipse(inner, eye.gaze + np.array([0, 6]), (eye.iris * 0.78, eye.iris * 0.72), IRIS_IN)
        self._ellipse(inner, eye.gaze, (eye.iris * 0.50, eye.iris * 0.54), INK)
        self._ellipse(inner, eye.gaze + np.array([-9.0, -11.0]), (8.5, 9.0), WHITE)
        self._ellipse(inner, eye.gaze + np.array([10.0, 12.0]), (4.0, 4.0), (236, 226, 190))
        self._put(image, inner, mask, place)
        self._line(image, lower, LID, 2.5)
        self._line(image, upper, INK, 6)
        brow = eye.brow
        fine = np.linspace(0, 1, 40)
        curve = np.stack([np.polynomial.Polynomial.fit(np.linspace(0, 1, 5), brow[:, k], 3)(fine) for k in (0, 1)], 1)
        thick = np.interp(fine, np.linspace(0, 1, 5), eye.brow_height)
        below = curve + np.array([0, 1]) * thick[:, None]
        self._fill(image, np.concatenate([curve, below[::-1]]), INK)
        for k in (0, -1):
            self._ellipse(image, (curve[k] + below[k]) / 2, (thick[k] / 2, thick[k] / 2), INK)

    def _mouth(self, image: np.ndarray, mouth: Mouth) -> None:
        up, down = mouth.thickness
        outer = [mouth.edge(_ACROSS, upper=True, grow=up), mouth.edge(_ACROSS[::-1], upper=False, grow=down)]
        self._fill(image, np.concatenate(outer), LIPS)
        upper, lower = mouth.edge(_ACROSS, upper=True), mouth.edge(_ACROSS, upper=False)
        lower[:, 1] = np.maximum(lower[:, 1], upper[:, 1])
        gap = float((lower - upper)[:, 1].max())
        if gap > 1.0:
            outline = np.concatenate([upper, lower[::-1]])
            inner, mask, place = self._inside(image, outline)
            self._fill(inner, outline, THROAT)
            raised, out = mouth.tongue
            top = mouth.lower - 0.30 * gap - 10 * raised - 8 * out + 6
            self._ellipse(inner, (mouth.centre, top + 26), (mouth.half * 0.62, 26), TONGUE)
            self._teeth(inner, lower, TEETH_Y + 46 * mouth.jaw + 18, 30.0, 0.60)
            behind_teeth = out <= 0.35
            if behind_teeth and raised > 0.5:
                self._ellipse(inner, (mouth.centre, TEETH_Y + 20), (mouth.half * 0.50, 22), TONGUE)
            self._teeth(inner, upper, TEETH_Y - 12 * mouth.round**2, -shape.TEETH_HEIGHT, 0.80)
            if not behind_teeth:
                self._ellipse(inner, (mouth.centre, TEETH_Y + 16), (mouth.half * 0.50, 20), TONGUE)
            self._put(image, inner, mask, place)
        for edge in (upper, lower):
            self._line(image, edge, SEAM, 2.5)

    def _teeth(self, image: np.ndarray, lip: np.ndarray, edge: float, root: float, share: float) -> None:
        """A row of teeth: a white band as curved as the lip (41, 2), with its edge at height `edge`, `root` px high (up: < 0)."""
        half = round(20 * share)
        bent = lip[20 - half : 21 + half]
        bow = 0.5 * (bent[:, 1] - lip[20, 1])
        rounding = np.sign(root) * 7 * np.abs(np.linspace(-1, 1, len(bent))) ** 6
        edges = [
            np.stack([bent[:, 0], edge + bow + rounding], 1),
            np.stack([bent[:, 0], edge + root + bow + rounding], 1)[::-1],
        ]
        self._fill(image, np.concatenate(edges), TEETH)
