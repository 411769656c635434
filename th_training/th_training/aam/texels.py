"""Which pixels of the texture frame make up the face, and in what order the appearance model takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from th_training.aam.frame import TextureFrame
from th_training.aam.support import importance, inside


@dataclass(frozen=True)
class Layout:
    """The K pixels inside the ring, those of one triangle side by side.

    rows, columns (K,): places in the frame; starts (T + 1,): pixels of triangle t are starts[t]:starts[t + 1];
    weights (T,): importance of a triangle's texels; roi: (y0, x0, y1, x1) around all pixels.
    """

    rows: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    weights: np.ndarray
    roi: tuple[int, int, int, int]

    @classmethod
    def of(cls, frame: TextureFrame) -> Layout:
        """The layout of a texture frame."""
        kept = np.flatnonzero(inside(frame.triangles))
        labels = np.where(np.isin(frame.labels, kept), frame.labels, -1)
        rows, columns = np.nonzero(labels >= 0)
        order = np.argsort(labels[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
        starts = np.searchsorted(labels[rows, columns], np.arange(len(frame.triangles) + 1))
        roi = (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
        return cls(rows, columns, starts, importance(frame.triangles), roi)

    def take(self, texture: np.ndarray) -> np.ndarray:
        """(..., h, w, 3) -> (..., K, 3)."""
        return texture[..., self.rows, self.columns, :]

    def take_roi(self, patch: np.ndarray) -> np.ndarray:
        """(..., y1 - y0, x1 - x0, 3) of the roi -> (..., K, 3)."""
        return patch[..., self.rows - self.roi[0], self.columns - self.roi[1], :]

    def put_roi(self, texels: np.ndarray) -> np.ndarray:
        """(..., K, 3) -> (..., y1 - y0, x1 - x0, 3): zero outside the face."""
        y0, x0, y1, x1 = self.roi
        patch = np.zeros((*texels.shape[:-2], y1 - y0, x1 - x0, 3), texels.dtype)
        patch[..., self.rows - y0, self.columns - x0, :] = texels
        return patch

    def crop(self, picture: np.ndarray) -> np.ndarray:
        """(h, w, ...) -> (y1 - y0, x1 - x0, ...): the roi."""
        y0, x0, y1, x1 = self.roi
        return picture[y0:y1, x0:x1]

    def spans(self) -> list[tuple[int, slice]]:
        """(triangle, its pixels) of all triangles that have some."""
        pairs = zip(self.starts[:-1], self.starts[1:], strict=True)
        return [(t, slice(int(a), int(b))) for t, (a, b) in enumerate(pairs) if b > a]
