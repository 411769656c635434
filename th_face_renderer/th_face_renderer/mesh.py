"""Plane geometry of the face's triangles; x right, y down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Placement:
    """Where the canvas lies in the output: output = canvas * scale + offset, x and y each.

    The centres of the outermost pixels of canvas and output coincide, so a mesh that spans the canvas fills the picture.
    """

    scale: tuple[float, float]
    offset: tuple[float, float]

    @classmethod
    def fit(cls, canvas: tuple[int, int], size: tuple[int, int]) -> Placement:
        """The largest picture of `canvas` (height, width) centred in `size` (height, width).

        Proportions are kept, but for borders of less than a pixel: instead of those the picture is stretched.
        """
        room = (size[1] - 1, size[0] - 1)
        sides = (canvas[1] - 1, canvas[0] - 1)
        even = min(most / side for most, side in zip(room, sides, strict=True))
        border = [(most - even * side) / 2 for most, side in zip(room, sides, strict=True)]
        x, y = ((most / side, 0.0) if d < 1 else (even, d) for most, side, d in zip(room, sides, border, strict=True))
        return cls((x[0], y[0]), (x[1], y[1]))

    def apply(self, points: npt.NDArray) -> Array:
        """Canvas px (P, 2) to output px (P, 2)."""
        return points.astype(np.float64) * self.scale + self.offset


def double_areas(corners: Array) -> Array:
    """Signed double areas (T,) of triangles (T, 3, 2)."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]


def turned_alike(triangles: Indices, points: Array) -> Indices:
    """The same triangles (T, 3), corners swapped where needed so that all areas over `points` (P, 2) are >= 0."""
    back = double_areas(points[triangles]) < 0
    return np.where(back[:, None], triangles[:, [0, 2, 1]], triangles)


def affine_maps(corners: Array, areas: Array, targets: Array) -> Array:
    """Affine maps (T, 2, 3) that take triangles `corners` (T, 3, 2) to `targets` (T, 3, 2).

    target = map @ (x, y, 1). `areas` are the corners' double areas, none of them 0.
    """
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    inverse = np.empty((len(corners), 2, 2))
    inverse[:, 0, 0], inverse[:, 0, 1] = two[:, 1], -two[:, 0]
    inverse[:, 1, 0], inverse[:, 1, 1] = -one[:, 1], one[:, 0]
    inverse /= areas[:, None, None]
    edges = np.stack([targets[:, 1] - targets[:, 0], targets[:, 2] - targets[:, 0]], axis=2)
    maps = np.empty((len(corners), 2, 3))
    np.matmul(edges, inverse, out=maps[:, :, :2])
    maps[:, :, 2] = targets[:, 0] - np.einsum("tij,tj->ti", maps[:, :, :2], corners[:, 0])
    return maps


def outline(triangles: Indices) -> Indices:
    """Edges (E, 2) that only one of the triangles (T, 3) has, each in that triangle's direction."""
    edges = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    _, where, counts = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    return edges[where[counts == 1]]


def outwards(points: Array, edges: Indices) -> npt.NDArray[np.int8]:
    """Steps (P, 2) of -1, 0, 1 away from the mesh, for points on its outline: a pixel centre exactly on it is inside."""
    along = points[edges[:, 1]] - points[edges[:, 0]]
    normals = np.stack([along[:, 1], -along[:, 0]], axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    total = np.zeros_like(points)
    for side in (0, 1):
        np.add.at(total, edges[:, side], normals)
    return np.where(np.abs(total) > 0.1, np.sign(total), 0).astype(np.int8)
