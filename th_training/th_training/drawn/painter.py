"""Flat shapes with smooth edges: polygons, lines and ellipses on a picture that is made larger than it will be shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import numpy.typing as npt

from .layout import CANVAS

FINER = 2  # times per axis
TURN = np.linspace(0, 2 * np.pi, 160, endpoint=False)

Colour = tuple[int, int, int]  # BGR
Points = npt.NDArray[np.float64]


class Painter:
    """Draws in px of a portrait of 512 px on `image`, which is FINER times as large as a portrait of `size` px."""

    def __init__(self, image: npt.NDArray[np.uint8], size: int) -> None:
        self.image = image
        self.scale = size / CANVAS * FINER
        self.corner = np.zeros(2)  # px of the larger picture

    def fill(self, outline: npt.ArrayLike, colour: Colour) -> None:
        """A polygon (N, 2)."""
        cv2.fillPoly(self.image, [self._fixed(outline)], colour, cv2.LINE_AA, 4)

    def line(self, points: npt.ArrayLike, colour: Colour, width: float) -> None:
        """A line through points (N, 2), with round ends."""
        cv2.polylines(
            self.image, [self._fixed(points)], False, colour, max(1, round(width * self.scale)), cv2.LINE_AA, 4
        )

    def ellipse(self, centre: npt.ArrayLike, radii: tuple[float, float], colour: Colour) -> None:
        """A filled ellipse, its axes upright."""
        self.fill(ellipse(centre, radii), colour)

    def glow(self, centre: npt.ArrayLike, radii: tuple[float, float], colour: npt.ArrayLike, share: float) -> None:
        """A soft spot: `share` of a colour in its middle, none beyond two and a half radii."""
        x, y = self._place(centre)
        wide, high = radii[0] * self.scale, radii[1] * self.scale
        (last_row, last_column), reach = self.image.shape[:2], 2.5
        rows = np.arange(max(int(y - reach * high), 0), min(int(y + reach * high), last_row))
        columns = np.arange(max(int(x - reach * wide), 0), min(int(x + reach * wide), last_column))
        place = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        soft = share * np.exp(-(((rows[:, None] - y) / high) ** 2) - ((columns - x) / wide) ** 2)[..., None]
        part = self.image[place].astype(np.float32)
        self.image[place] = np.round(part + soft * (np.asarray(colour, np.float32) - part))

    @contextmanager
    def inside(self, outline: npt.ArrayLike) -> Iterator[Painter]:
        """What is drawn with the painter that this gives is seen inside of an outline (N, 2) only."""
        corners = self._fixed(outline) / 16
        left, top = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
        right, bottom = np.ceil(corners.max(0)).astype(int) + 3
        place = np.s_[top:bottom, left:right]
        mask = np.zeros(self.image[place].shape[:2], np.uint8)
        cv2.fillPoly(mask, [self._fixed(outline) - 16 * np.array([left, top], np.int32)], (255,), cv2.LINE_AA, 4)
        inner = Painter(self.image[place].copy(), 1)
        inner.scale, inner.corner = self.scale, np.array([left, top])
        yield inner
        below, share = self.image[place].astype(np.float32), mask[..., None] / np.float32(255)
        self.image[place] = np.round(below + share * (inner.image - below))

    def _place(self, points: npt.ArrayLike) -> Points:
        return (np.asarray(points, float) + 0.5) * self.scale - 0.5 - self.corner

    def _fixed(self, points: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """1/16 px of the image."""
        return np.round(self._place(points) * 16).astype(np.int32)


def ellipse(centre: npt.ArrayLike, radii: tuple[float, float]) -> Points:
    """(160, 2) points around a centre."""
    return np.stack([np.cos(TURN), np.sin(TURN)], 1) * radii + np.asarray(centre, float)
