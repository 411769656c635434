"""Stretch a face's texture over its points: a piecewise-affine warp in a few passes over the pixels.

A label map says which triangle each output pixel lies in, tables give each label's affine map from output to texture,
and one `cv2.remap` fetches the colours:

    labels (h, w)  --cv2.LUT-->  A, B, C (h, w, 2)  -->  A x + B y + C, the place in the texture  --cv2.remap-->  pixels

What cannot move (a portrait's background) is drawn once; a frame draws the rectangle around the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from th_face_renderer.face_model import CODE_LIMIT, FaceModel, Floats
from th_face_renderer.mesh import Array, Indices, affine_maps, double_areas, outline, turned_alike

Colour = tuple[int, int, int]
Image = npt.NDArray[np.uint8]
Labels = npt.NDArray[Any]  # uint8 or int32

_SUBPIXEL_BITS = 8
_MIN_AREA = 1e-3  # double area [px^2]; smaller or turned-over triangles are hidden behind their neighbours
_NO_MAP = np.empty(0, np.float32)
_STRIP_BYTES = 1 << 18  # working arrays small enough to stay in a core's cache between the passes


@dataclass(frozen=True)
class Placement:
    """Where the canvas lies in the output: output = canvas * scale + (dx, dy).

    The centres of the outermost pixels of canvas and output coincide, so a mesh that spans the canvas fills the picture.
    """

    scale: float
    dx: float
    dy: float

    @classmethod
    def fit(cls, canvas: tuple[int, int], size: tuple[int, int]) -> Placement:
        """The largest picture of `canvas` (height, width) centred in `size` (height, width)."""
        high, wide = size[0] - 1, size[1] - 1
        scale = min(high / (canvas[0] - 1), wide / (canvas[1] - 1))
        return cls(scale, (wide - scale * (canvas[1] - 1)) / 2, (high - scale * (canvas[0] - 1)) / 2)

    def apply(self, points: npt.NDArray) -> Array:
        """Canvas px (P, 2) to output px (P, 2)."""
        return points.astype(np.float64) * self.scale + (self.dx, self.dy)


class Warp:
    """Draws one face at one output size; keeps its arrays, so that a frame allocates nothing large."""

    def __init__(self, model: FaceModel, size: tuple[int, int], *, background: Colour, mean_texture: Image) -> None:
        self._placement = Placement.fit(model.canvas, size)
        mean = self._placement.apply(model.points(np.zeros(len(model.rest))))
        reference = model.reference.astype(np.float64)
        # The reference frame shows every triangle's right side; the mean face may hide some, with its mouth closed.
        triangles = turned_alike(model.triangles, reference)
        self._small_texture = _small_texture(mean, reference, triangles, mean_texture)
        if self._small_texture is not None:
            full, small = np.array(mean_texture.shape[1::-1]), np.array(self._small_texture.shape[1::-1])
            reference = (reference + 0.5) * (small / full) - 0.5
        self._frame: Image = np.empty((*size, 3), np.uint8)
        self._frame[...] = background

        moves = np.abs(model.shape_modes).max(axis=(0, 2)) > 1e-4
        moves[model.mouth_rows] = True
        moving = moves[triangles].any(axis=1)
        everything = _Patch((0, 0, *size), triangles, reference[triangles], background)
        everything.draw(mean, self._fitting(mean_texture), self._frame, which=np.arange(len(triangles)))
        still, reach = everything.labels.copy(), np.zeros_like(self._frame)
        everything.draw(mean, self._fitting(_roi_mask(model)), reach, which=np.arange(len(triangles)))
        reach[still == 0] = 0

        # A closed patch of moving triangles always covers the same pixels; one with a moving outline bares the background.
        closed = not moves[outline(triangles[moving])].any()
        if not closed:
            still[np.append(False, moving)[still]] = 0
        y0, x0, y1, x1 = self._rectangle(model, mean, triangles[moving], None if closed else moves, reach)
        self._still = np.ascontiguousarray(still[y0:y1, x0:x1])
        bare = not closed or bool((self._still == 0).any())
        self._moving = np.flatnonzero(moving)
        self._patch = _Patch((y0, x0, y1, x1), triangles, reference[triangles], background if bare else None)

    def draw(self, points: Floats, texture: Image) -> Image:
        """Draw canvas points (P, 2) with a texture (h, w, 3); returns this warp's own frame, good until the next call."""
        placed = self._placement.apply(points)
        self._patch.draw(placed, self._fitting(texture), self._frame, which=self._moving, still=self._still)
        return self._frame

    def _fitting(self, texture: Image) -> Image:
        if self._small_texture is None:
            return texture
        height, width = self._small_texture.shape[:2]
        cv2.resize(texture, (width, height), dst=self._small_texture, interpolation=cv2.INTER_AREA)
        return self._small_texture

    def _rectangle(
        self, model: FaceModel, mean: Array, moving: Indices, moves: npt.NDArray[np.bool_] | None, textured: Image
    ) -> tuple[int, int, int, int]:
        """(y0, x0, y1, x1) around all that can change: places the triangles `moving` reach, and pixels in `textured`."""
        height, width = self._frame.shape[:2]
        x0, y0, wide, high = cv2.boundingRect(textured.max(axis=2))
        x1, y1 = x0 + wide, y0 + high
        used = np.unique(moving)
        if len(used):
            reach = np.zeros((len(used), 2))
            if moves is not None:
                reach = CODE_LIMIT * np.abs(model.shape_modes[:, used]).sum(axis=0) * self._placement.scale
            left, top = np.floor((mean[used] - reach).min(axis=0)).astype(int).tolist()
            right, bottom = np.ceil((mean[used] + reach).max(axis=0)).astype(int).tolist()
            if wide:
                left, top, right, bottom = min(left, x0), min(top, y0), max(right, x1), max(bottom, y1)
            x0, y0, x1, y1 = left - 1, top - 1, right + 2, bottom + 2
        return max(y0, 0), max(x0, 0), max(min(y1, height), 1), max(min(x1, width), 1)


class _Patch:
    """The working arrays for one rectangle of the frame, drawn in strips of rows."""

    def __init__(
        self, rectangle: tuple[int, int, int, int], triangles: Indices, targets: Array, background: Colour | None
    ) -> None:
        self._y0, self._x0, y1, x1 = rectangle
        self._triangles, self._targets = triangles, targets
        height, width = y1 - self._y0, x1 - self._x0
        few = len(triangles) < 256  # cv2.LUT looks up 8-bit labels only
        self.labels: Labels = np.zeros((height, width), np.uint8 if few else np.int32)
        rows = max(1, min(height, _STRIP_BYTES // (8 * width)))
        # Pairs (x, y) of float32 travel as one 8-byte element, so that one look-up fetches both.
        self._pairs = np.empty((3, rows, width), np.float64)
        self._tables = np.zeros((3, max(256, len(triangles) + 1)), np.float64)
        self._x = np.ascontiguousarray(np.broadcast_to(np.arange(width, dtype=np.float32).repeat(2), (rows, 2 * width)))
        self._y = np.ascontiguousarray(np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None], (rows, 2 * width)))
        self._background: Image | None = None
        if background is not None:
            self._background = np.empty((rows, width, 3), np.uint8)
            self._background[...] = background

    def draw(
        self,
        points: Array,
        texture: Image,
        frame: Image,
        *,
        which: npt.NDArray[np.int64],
        still: Labels | None = None,
    ) -> None:
        """Draw into `frame`: labels of `still` (or background), the triangles `which` over them, then the colours."""
        corners = (points - (self._x0, self._y0))[self._triangles]
        areas = double_areas(corners)
        if still is None:
            self.labels.fill(0)
        else:
            np.copyto(self.labels, still)
        self._label(corners, areas, which)
        self._fill_tables(corners, areas)
        self._colour(texture, frame)

    def _label(self, corners: Array, areas: Array, which: npt.NDArray[np.int64]) -> None:
        # Ascending area: a pixel on a shared edge goes to the larger triangle, whose map is the gentler one beyond its
        # edge, and the slivers between closed lips vanish below the lips.
        which = which[areas[which] > _MIN_AREA]
        which = which[np.argsort(areas[which])]
        polygons = np.rint(corners[which] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        labels, fill = self.labels, cv2.fillConvexPoly
        for label, polygon in zip((which + 1).tolist(), polygons, strict=True):
            fill(labels, polygon, label, cv2.LINE_8, _SUBPIXEL_BITS)

    def _fill_tables(self, corners: Array, areas: Array) -> None:
        good = np.flatnonzero(areas > _MIN_AREA)
        maps = affine_maps(corners[good], areas[good], self._targets[good])
        self._tables.view(np.float32).reshape(3, -1, 2)[:, good + 1] = maps.transpose(2, 0, 1)

    def _colour(self, texture: Image, frame: Image) -> None:
        (height, width), rows = self.labels.shape, self._pairs.shape[1]
        along_x, along_y, origin = self._tables
        shifted = origin.copy()
        for top in range(0, height, rows):
            labels = self.labels[top : top + rows]
            n = len(labels)
            # Rows count from the strip's top: the constant moves along.
            shifted.view(np.float32)[:] = origin.view(np.float32) + np.float32(top) * along_y.view(np.float32)
            a, b, place = (
                self._look_up(labels, t, p[:n]) for t, p in zip((along_x, along_y, shifted), self._pairs, strict=True)
            )
            cv2.accumulateProduct(a, self._x[:n], place)
            cv2.accumulateProduct(b, self._y[:n], place)
            y = self._y0 + top
            target = frame[y : y + n, self._x0 : self._x0 + width]
            where = place.reshape(n, width, 2)
            cv2.remap(texture, where, _NO_MAP, cv2.INTER_LINEAR, dst=target, borderMode=cv2.BORDER_REPLICATE)
            if self._background is not None:
                cv2.copyTo(self._background[:n], (labels == 0).view(np.uint8), target)

    def _look_up(self, labels: Labels, table: npt.NDArray[np.float64], out: npt.NDArray[np.float64]) -> Floats:
        if labels.dtype == np.uint8:
            cv2.LUT(labels, table, out)
        else:
            np.take(table, labels, out=out, mode="clip")
        return out.view(np.float32)


def _roi_mask(model: FaceModel) -> Image:
    """A texture that is white where the texture modes are, with a pixel around."""
    mask = np.zeros(model.texture_mean.shape, np.uint8)
    y0, x0, y1, x1 = model.roi
    mask[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1] = 255
    return mask


def _small_texture(mean: Array, reference: Array, triangles: Indices, texture: Image) -> Image | None:
    """A smaller texture to average into where the output has less than half the texture's resolution, against aliasing."""
    shrink = np.sqrt(double_areas(reference[triangles]).sum() / max(double_areas(mean[triangles]).sum(), 1e-9))
    if shrink < 2:
        return None
    height, width = (max(2, round(side / shrink)) for side in texture.shape[:2])
    return np.empty((height, width, 3), np.uint8)
