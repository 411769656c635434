"""The mesh's outline fades into the background over a few pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from th_face_renderer.mesh import Array, Indices

Levels = npt.NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]

_BEYOND = 2.0  # px; OpenCV's polygons reach up to a pixel beyond their edges
_ON_IT = 1 / 4096  # px, the kernel's grid


def opacity(points: Array, edges: Indices, width: float, rectangle: Rectangle) -> Levels:
    """How much of the face is seen at each pixel of a rectangle (y0, x0, y1, x1): 0 on the outline, 255 `width` px inside.

    `edges` (E, 2) of `points` (P, 2) run around the mesh with its inside on their right, as x goes right and y down
    (the way round of a triangle of positive area).
    """
    result = np.full((rectangle[2] - rectangle[0], rectangle[3] - rectangle[1]), 255, np.uint8)
    for part, distance, outside in _near(points, edges, width, rectangle):
        level = np.where(outside & (distance < width), 0.0, np.minimum(distance / width, 1.0))
        np.minimum(result[part], (level * 255 + 0.5).astype(np.uint8), out=result[part])
    return result


def cut(points: Array, edges: Indices, rectangle: Rectangle) -> Levels:
    """Opacity without any softness: 0 at pixel centres up to 2 px outside the outline, 255 on and within it."""
    result = np.full((rectangle[2] - rectangle[0], rectangle[3] - rectangle[1]), 255, np.uint8)
    for part, distance, outside in _near(points, edges, _BEYOND, rectangle):
        result[part][outside & (distance > _ON_IT) & (distance < _BEYOND)] = 0
    return result


def _near(
    points: Array, edges: Indices, width: float, rectangle: Rectangle
) -> Iterator[tuple[tuple[slice, slice], Array, npt.NDArray[np.bool_]]]:
    """For every edge: the part of the rectangle around it, its pixels' distances to it, and which lie outside of it."""
    y0, x0, y1, x1 = rectangle
    for one, two in points[edges]:
        low = np.maximum(np.floor(np.minimum(one, two) - width), (x0, y0)).astype(int)
        high = np.minimum(np.ceil(np.maximum(one, two) + width) + 1, (x1, y1)).astype(int)
        if (low >= high).any():
            continue
        x, y = np.arange(low[0], high[0]) - one[0], (np.arange(low[1], high[1]) - one[1])[:, None]
        along = two - one
        length2 = max(float(along @ along), 1e-12)
        share = np.clip((x * along[0] + y * along[1]) / length2, 0.0, 1.0)
        distance = np.hypot(x - share * along[0], y - share * along[1])
        outside = (along[0] * y - along[1] * x < 0) & (share > 0) & (share < 1)
        yield (slice(low[1] - y0, high[1] - y0), slice(low[0] - x0, high[0] - x0)), distance, outside


def blend(frame: Levels, background: Levels, level: Levels) -> None:
    """frame (h, w, 3) = background + level / 255 * (frame - background), in place, where `level` (h, w) is below 255."""
    where = np.nonzero(level < 255)
    back = background[where].astype(np.int32)
    difference = (frame[where] - back) * level[where][:, None].astype(np.int32)
    frame[where] = back + np.floor_divide(2 * difference + 255, 510)


def visible_rim(points: Array, edges: Indices, size: tuple[int, int]) -> Indices:
    """The edges (E, 2) that lie inside a frame of `size` (height, width): beyond them a pixel's centre can be seen."""
    ends = points[edges]
    height, width = size
    low, high = _ON_IT / 2, np.array([width - 1, height - 1]) - _ON_IT / 2
    hidden = (ends <= low).all(axis=1) | (ends >= high).all(axis=1)
    return edges[~hidden.any(axis=1)]
