"""A mesh over fixed points in which chosen lines (lips, lids, jaw) are edges."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.spatial import Delaunay

from th_common.errors import InputError

Edge = tuple[int, int]


def path(points: Iterable[int], *, closed: bool = False) -> list[Edge]:
    """Edges along a line of points."""
    line = list(points)
    return list(zip(line, line[1:] + (line[:1] if closed else []), strict=False))


def triangulate(points: np.ndarray, edges: Iterable[Edge] = ()) -> np.ndarray:
    """Delaunay triangles (T, 3) int32 of points (P, 2), flipped until every wanted edge is one of theirs.

    All triangles turn the same way (positive area, see `areas`).

    Raises InputError where points coincide or wanted edges cross each other.
    """
    triangles = Delaunay(points).simplices.astype(np.int32)
    for a, b in edges:
        _insert(points, triangles, a, b)
    turned = areas(points, triangles) < 0
    triangles[turned] = triangles[turned][:, [0, 2, 1]]
    if len(np.unique(triangles)) != len(points):
        raise InputError("two points of the mesh coincide")
    return triangles


def areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(..., P, 2) -> (..., T) signed areas in px^2; a triangle that turned over has the other sign."""
    a, b, c = (points[..., triangles[:, k], :] for k in range(3))
    return 0.5 * ((b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0]))


def folded(points: np.ndarray, triangles: np.ndarray, *, tolerance: float = 0.5) -> np.ndarray:
    """(..., P, 2) -> (...) number of triangles turned over by more than `tolerance` px^2."""
    return (areas(points, triangles) < -tolerance).sum(-1)


def _insert(points: np.ndarray, triangles: np.ndarray, a: int, b: int) -> None:
    """Make (a, b) an edge by flipping the edges that cross it (Sloan, 1993)."""
    for _ in range(4 * len(triangles)):
        if ((triangles == a).any(1) & (triangles == b).any(1)).any():
            return
        if not _flip_one(points, triangles, a, b):
            break
    raise InputError(f"the mesh cannot have an edge between points {a} and {b}")


def _flip_one(points: np.ndarray, triangles: np.ndarray, a: int, b: int) -> bool:
    sides: dict[frozenset[int], int] = {}
    candidates = []
    for index, triangle in enumerate(triangles):
        for k in range(3):
            c, d = int(triangle[k]), int(triangle[(k + 1) % 3])
            side = frozenset((c, d))
            if side not in sides:
                sides[side] = index
            elif not {a, b} & side and _cross(points, a, b, c, d):
                candidates.append((sides[side], index, c, d))
    for first, second, c, d in candidates:
        e = next(int(v) for v in triangles[first] if v not in (c, d))
        f = next(int(v) for v in triangles[second] if v not in (c, d))
        if _cross(points, e, f, c, d):  # the two triangles form a convex quadrilateral
            triangles[first], triangles[second] = (e, f, c), (f, e, d)
            return True
    return False


def _cross(points: np.ndarray, a: int, b: int, c: int, d: int) -> bool:
    def side(p: int, q: int, r: int) -> float:
        (px, py), (qx, qy), (rx, ry) = points[p], points[q], points[r]
        return (qx - px) * (ry - py) - (qy - py) * (rx - px)

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
