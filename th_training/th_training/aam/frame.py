"""The texture frame: pictures warped to one reference shape, triangle by triangle."""

from __future__ import annotations

import cv2
import numpy as np

from th_common.errors import InputError
from th_training.aam.support import least_visibility
from th_training.aam.triangulation import areas


class TextureFrame:
    """Piecewise affine warp of portraits into one frame of height x width px.

    Attributes:
        points (P, 2) float64: the mesh in the frame; triangles (T, 3).
        labels (h, w) int32: the triangle of every pixel, -1 outside the mesh.
        barycentric (h, w, 3) float32: the weights of that triangle's corners.
    """

    def __init__(self, points: np.ndarray, triangles: np.ndarray, size: tuple[int, int]) -> None:
        self.points = np.asarray(points, np.float64)
        self.triangles = np.asarray(triangles)
        self.labels, self.barycentric = _rasterise(self.points, self.triangles, size)
        self._corners = self.triangles[np.maximum(self.labels, 0)]
        self._areas = np.abs(areas(self.points, self.triangles))
        self._least = least_visibility(self.triangles)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px."""
        height, width = self.labels.shape
        return height, width

    def sources(self, points: np.ndarray) -> np.ndarray:
        """(h, w, 2) float32: where each pixel of the frame lies in a picture whose mesh has these points (P, 2)."""
        corners = np.asarray(points, np.float32)[self._corners]
        return np.einsum("hwk,hwkc->hwc", self.barycentric, corners)

    def warp(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        """A picture (H, W, 3) uint8 in the frame: (h, w, 3) uint8. Cubic: a linear filter would soften the face.

        Raises InputError for a picture or points of another kind.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise InputError(f"a picture must be uint8 (height, width, 3), not {image.dtype} {image.shape}")
        if points.shape != self.points.shape or not np.isfinite(points).all():
            raise InputError(f"a picture's points must be {self.points.shape} finite numbers")
        maps = self.sources(points)
        return cv2.remap(
            image,
            np.ascontiguousarray(maps[..., 0]),
            np.ascontiguousarray(maps[..., 1]),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def visibility(self, points: np.ndarray, *, scale: float = 1.0) -> np.ndarray:
        """(..., P, 2) -> (..., T): area that a triangle has in the picture, per area in the frame, at most 1.

        `scale`: px of the frame per px of the picture. Texels of a closed mouth have next to no area: they must not
        cost the appearance model much. Not less than `least_visibility`.
        """
        seen = areas(points, self.triangles) * scale**2 / self._areas
        return np.clip(seen, self._least, 1.0)


def _rasterise(points: np.ndarray, triangles: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Triangle (h, w) of each pixel centre, and its barycentric weights (h, w, 3) float32."""
    labels = np.full(size, -1, np.int32)
    weights = np.zeros((*size, 3), np.float32)
    for index, corners in enumerate(points[triangles]):
        x0, y0 = np.maximum(np.ceil(corners.min(0) - 1e-6), 0).astype(int)
        x1, y1 = np.minimum(np.floor(corners.max(0) + 1e-6) + 1, [size[1], size[0]]).astype(int)
        if x1 <= x0 or y1 <= y0:
            continue
        x, y = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
        edges = np.stack([corners[1] - corners[0], corners[2] - corners[0]], 1)
        if abs(np.linalg.det(edges)) < 1e-9:
            continue
        inner = np.stack([x - corners[0, 0], y - corners[0, 1]], -1) @ np.linalg.inv(edges).T
        bary = np.concatenate([1 - inner.sum(-1, keepdims=True), inner], -1)
        covered = (bary >= -1e-9).all(-1)
        labels[y0:y1, x0:x1][covered] = index
        weights[y0:y1, x0:x1][covered] = bary[covered]
    return labels, weights
