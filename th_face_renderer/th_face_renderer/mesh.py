"""Plane geometry of the face's triangles; x right, y down."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]


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
    """Points on the edges that only one of the triangles (T, 3) has, each once."""
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    return np.unique(unique[counts == 1])
