"""The portable way to draw a face, with numpy and OpenCV: a piecewise-affine warp in a few passes over the pixels.

A label map says which triangle each output pixel lies in, tables give each label's affine map from output to texture,
and one `cv2.remap` fetches the colours:

    labels (h, w)  --cv2.LUT-->  A, B, C (h, w, 2)  -->  A x + B y + C, the place in the texture  --cv2.remap-->  pixels

What cannot move (a portrait's background) is drawn once; a frame draws the rectangle around the rest.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from th_face_renderer import edge
from th_face_renderer.background import Image
from th_face_renderer.edge import Rectangle
from th_face_renderer.eyes import Eyes
from th_face_renderer.face_model import Floats
from th_face_renderer.kernel_calls import Texels
from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.mesh import Array, Indices, affine_maps, double_areas
from th_face_renderer.stage import Stage

Labels = npt.NDArray[Any]  # uint8 or int32

_SUBPIXEL_BITS = 8
_MIN_AREA = 1e-3  # double area [px^2]; smaller or turned-over triangles are hidden behind their neighbours
_NO_MAP: Any = None  # an empty array is a map to OpenCV 5
_STRIP_BYTES = 1 << 18  # working arrays small enough to stay in a core's cache between the passes


class Warp:
    """Draws one face at one size, like raster.Raster; keeps its arrays, so that a frame allocates little."""

    def __init__(self, stage: Stage, texels: Texels, *, background: Image, feather: float) -> None:
        self._stage, self._feather = stage, feather
        self._frame, self._background = background.copy(), background
        everywhere = (0, 0, *stage.size)
        targets = stage.targets[stage.triangles]
        everything = _Patch(everywhere, stage.triangles, targets, background)
        texture = stage.fitting(texels).picture
        everything.draw(stage.mean, texture, self._frame, which=np.arange(len(stage.triangles)))
        opacity = self._rim(stage.mean, everywhere)
        edge.blend(self._frame, background, opacity)
        self._opacity = self._cut(opacity) if (self._cut(opacity) < 255).any() else None
        still = everything.labels
        if not stage.closed:
            still[np.append(False, stage.lively)[still]] = 0
        self._still = self._cut(still)
        bare = not stage.closed or bool((self._still == 0).any())
        self._lively = np.flatnonzero(stage.lively)
        self._patch = _Patch(stage.rectangle, stage.triangles, targets, background if bare else None)
        self._eyes = Eyes(self._frame, kernel=False)
        self._public = self._frame.view()
        self._public.flags.writeable = False

    def draw(self, points: Floats, texels: Texels, layer: Layer = NEUTRAL) -> Image:
        """Draw canvas points (P, 2) and lids and gaze over them; returns this size's own frame, read-only, good until the next call."""
        self._eyes.undo()
        stage, (y0, x0, y1, x1) = self._stage, self._stage.rectangle
        if y0 == y1 or x0 == x1:
            self._eyes.draw(stage.placement.apply(points), layer)
            return self._public
        placed = stage.placement.apply(points)
        self._patch.draw(placed, stage.fitting(texels).picture, self._frame, which=self._lively, still=self._still)
        opacity = self._opacity
        if stage.rim_moves:
            opacity = self._rim(placed, stage.rectangle)
        if opacity is not None:
            edge.blend(self._frame[y0:y1, x0:x1], self._background[y0:y1, x0:x1], opacity)
        self._eyes.draw(placed, layer)
        return self._public

    def _rim(self, points: Array, rectangle: Rectangle) -> Image:
        """Opacity along the outline; without softness, too, a pixel is drawn only if its centre is inside."""
        sharp = edge.cut(points, self._stage.rim, rectangle)
        if not self._feather:
            return sharp
        return np.minimum(sharp, edge.opacity(points, self._stage.rim, self._feather, rectangle))

    def _cut(self, picture: Labels) -> Labels:
        y0, x0, y1, x1 = self._stage.rectangle
        return np.ascontiguousarray(picture[y0:y1, x0:x1])


class _Patch:
    """The working arrays for one rectangle of the frame, drawn in strips of rows."""

    def __init__(self, rectangle: Rectangle, triangles: Indices, targets: Array, background: Image | None) -> None:
        self._y0, self._x0, y1, x1 = rectangle
        self._triangles, self._targets = triangles, targets
        height, width = y1 - self._y0, x1 - self._x0
        few = len(triangles) < 256  # cv2.LUT looks up 8-bit labels only
        self.labels: Labels = np.zeros((height, width), np.uint8 if few else np.int32)
        rows = max(1, min(height, _STRIP_BYTES // max(8 * width, 1)))
        # Pairs (x, y) of float32 travel as one 8-byte element, so that one look-up fetches both.
        self._pairs = np.empty((3, rows, width), np.float64)
        self._tables = np.zeros((3, max(256, len(triangles) + 1)), np.float64)
        self._x = np.ascontiguousarray(np.broadcast_to(np.arange(width, dtype=np.float32).repeat(2), (rows, 2 * width)))
        self._y = np.ascontiguousarray(np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None], (rows, 2 * width)))
        self._background = background

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
                behind = self._background[y : y + n, self._x0 : self._x0 + width]
                cv2.copyTo(behind, (labels == 0).view(np.uint8), target)

    def _look_up(self, labels: Labels, table: npt.NDArray[np.float64], out: npt.NDArray[np.float64]) -> Floats:
        if labels.dtype == np.uint8:
            cv2.LUT(labels, table, out)
        else:
            np.take(table, labels, out=out, mode="clip")
        return out.view(np.float32)
