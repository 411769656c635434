"""Calls of the C kernel: every pointer that it gets is made here, from arrays checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from th_face_renderer.kernel import EyeStruct, MeshStruct, RimStruct, TallStruct, TextureStruct, library

_RUN = 1024
_MEAN_BITS, _WEIGHT_BITS = 7, 13
_MOST_MODES, _MOST_WEIGHT = 128, (1 << 15) - 1
_MOST_SIDE = 8192  # texture offsets are products of 16-bit numbers
_SLACK = 16

Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True)
class Texels:
    """A texture (h, w, 3) with slack after its end, so that eight bytes and the row below may be read at any texel."""

    flat: npt.NDArray[np.uint8]
    picture: npt.NDArray[np.uint8]

    @classmethod
    def empty(cls, height: int, width: int) -> Texels:
        flat = np.zeros(3 * width * (height + 1) + _SLACK, np.uint8)
        return cls(flat, flat[: 3 * width * height].reshape(height, width, 3))

    @classmethod
    def of(cls, picture: npt.NDArray[np.uint8]) -> Texels:
        """A copy of a picture (h, w, 3)."""
        texels = cls.empty(*picture.shape[:2])
        texels.picture[...] = picture
        return texels

    def pointer(self) -> int:
        height, width = self.picture.shape[:2]
        if not (2 <= height <= _MOST_SIDE and 2 <= width <= _MOST_SIDE):
            raise ValueError(f"texture of {height} x {width}")
        if len(self.flat) < 3 * width * (height + 1) + _SLACK or self.picture.ctypes.data != self.flat.ctypes.data:
            raise ValueError("texture without slack")
        return _pointer(self.flat, np.uint8, self.flat.shape)


class TextureRuns:
    """Texels that codes change, as runs of bytes with their mean and modes.

    `mean` (h, w, 3) levels, `steps` (M, y1 - y0, x1 - x0, 3) int8 inside `roi`. `most`: the largest weight that there will
    be, levels per step; larger ones are cut off.
    """

    def __init__(
        self, texels: Texels, mean: npt.NDArray, steps: npt.NDArray[np.int8], roi: Rectangle, *, most: float
    ) -> None:
        height, width = texels.picture.shape[:2]
        y0, x0, y1, x1 = roi
        modes = len(steps)
        if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width) or not 1 <= modes <= _MOST_MODES:
            raise ValueError(f"roi {roi}, {modes} modes")
        if steps.shape != (modes, y1 - y0, x1 - x0, 3) or mean.shape != (height, width, 3):
            raise ValueError(f"steps {steps.shape}, mean {mean.shape}")
        if modes % 2:
            steps = np.concatenate([steps, np.zeros_like(steps[:1])])
        # The kernel takes modes two by two: rows (pairs, y, bytes, 2).
        rows = np.moveaxis(steps.reshape(len(steps) // 2, 2, y1 - y0, -1), 1, 3)
        fixed = np.rint(np.clip(mean, 0, 255) * (1 << _MEAN_BITS)).astype(np.int16).reshape(height, -1)
        runs, means, packed = [], [], []
        for row, used in enumerate((rows != 0).any(axis=(0, 3))):
            where = np.flatnonzero(used)
            for begin in range(int(where[0]), int(where[-1]) + 1, _RUN) if len(where) else ():
                end = min(begin + _RUN, int(where[-1]) + 1)
                first = 3 * x0 + begin
                runs.append((3 * width * (y0 + row) + first, end - begin))
                means.append(fixed[y0 + row, first : first + end - begin])
                packed.append(rows[:, row, begin:end].ravel())
        self._bits = int(np.clip(np.floor(np.log2(_MOST_WEIGHT / max(most, 1e-9))), _MEAN_BITS, _WEIGHT_BITS))
        self._weights = np.zeros(len(steps), np.int16)
        self._kept = (
            texels.flat,
            np.concatenate(means) if means else np.zeros(0, np.int16),
            np.concatenate(packed) if packed else np.zeros(0, np.int8),
            self._weights,
            np.array(runs, np.int64).reshape(-1, 2),
        )
        lib = library()
        assert lib is not None
        texels.pointer()
        types = (np.uint8, np.int16, np.int8, np.int16, np.int64)
        pointers = [_pointer(a, t, a.shape) for a, t in zip(self._kept, types, strict=True)]
        self._struct, self._call = TextureStruct(*pointers, len(rows), len(runs), self._bits), lib.th_texture

    def draw(self, weights: npt.NDArray) -> None:
        """Texture of `weights` (M,): levels per step of each mode."""
        fixed = np.rint(weights * (1 << self._bits))
        self._weights[: len(weights)] = np.minimum(np.maximum(fixed, -_MOST_WEIGHT), _MOST_WEIGHT)
        self._call(self._struct)


class Mesh:
    """Triangles of one frame; `points` (P, 2) float64 may be changed between drawings, all else is fixed.

    `keep` (h, w) is 1 where a pixel must stay as it is, 0 elsewhere.
    """

    def __init__(
        self,
        *,
        frame: npt.NDArray[np.uint8],
        texels: Texels,
        points: npt.NDArray[np.float64],
        targets: npt.NDArray[np.float64],
        nudge: npt.NDArray[np.int8],
        triangles: npt.NDArray[np.int32],
        rectangle: Rectangle,
        keep: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        (height, width), count = frame.shape[:2], len(points)
        lib = library()
        assert lib is not None
        _check_triangles(triangles, count)
        _check_rectangle(rectangle, height, width)
        order = np.zeros((len(triangles), 2), np.int64)
        self._kept = (frame, keep, texels, points, targets, nudge, triangles, order)
        self._struct = MeshStruct(
            _pointer(frame, np.uint8, (height, width, 3)),
            None if keep is None else _pointer(keep, np.uint8, (height, width)),
            texels.pointer(),
            _pointer(points, np.float64, (count, 2)),
            _pointer(targets, np.float64, (count, 2)),
            _pointer(nudge, np.int8, (count, 2)),
            _pointer(triangles, np.int32, (len(triangles), 3)),
            _pointer(order, np.int64, (len(triangles), 2)),
            *(width, height, *texels.picture.shape[1::-1], count, len(triangles)),
            *rectangle,
        )
        self._call = lib.th_draw

    def draw(self, rectangle: Rectangle | None = None) -> int:
        """Draw, inside a `rectangle` if one is given; returns how many triangles show their back."""
        if rectangle is not None:
            _check_rectangle(rectangle, self._struct.height, self._struct.width)
            self._struct.y0, self._struct.x0, self._struct.y1, self._struct.x1 = rectangle
        return self._call(self._struct)


class Rim:
    """The soft outline of one frame: see edge.opacity and edge.blend. Without `edges` opacity stays as it is."""

    def __init__(
        self,
        *,
        frame: npt.NDArray[np.uint8],
        background: npt.NDArray[np.uint8],
        opacity: npt.NDArray[np.uint8],
        points: npt.NDArray[np.float64],
        edges: npt.NDArray[np.int32],
        feather: float,
        keep: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        (height, width), count = frame.shape[:2], len(points)
        lib = library()
        assert lib is not None
        if edges.size and not 0 <= edges.min() <= edges.max() < count:
            raise ValueError("edges of points that there are not")
        if not 0 < feather < 1e4:
            raise ValueError(f"feather {feather}")
        self._kept = (frame, background, keep, opacity, points, edges)
        self._struct = RimStruct(
            _pointer(frame, np.uint8, (height, width, 3)),
            _pointer(background, np.uint8, (height, width, 3)),
            None if keep is None else _pointer(keep, np.uint8, (height, width)),
            _pointer(opacity, np.uint8, (height, width)),
            _pointer(points, np.float64, (count, 2)),
            _pointer(edges, np.int32, (len(edges), 2)),
            *(width, height, count, len(edges), 0, 0, 0, 0, feather),
        )
        self._call = lib.th_soften

    def draw(self, rectangle: Rectangle) -> None:
        """Blend frame and background inside a rectangle."""
        place = self._struct
        _check_rectangle(rectangle, place.height, place.width)
        place.y0, place.x0, place.y1, place.x1 = rectangle
        self._call(place)


class Tall:
    """A part of a frame with each of its rows several times, and back."""

    def __init__(self, *, frame: npt.NDArray[np.uint8], tall: npt.NDArray[np.uint8], rows: int) -> None:
        (height, width), (tall_height, tall_width) = frame.shape[:2], tall.shape[:2]
        lib = library()
        assert lib is not None
        if not 1 <= rows <= 64:
            raise ValueError(f"{rows} rows")
        self._kept = (frame, tall)
        self._struct = TallStruct(
            _pointer(frame, np.uint8, (height, width, 3)),
            _pointer(tall, np.uint8, (tall_height, tall_width, 3)),
            *(width, height, tall_width, tall_height, rows, 0, 0, 0, 0),
        )
        self._lib = lib

    def spread(self, rectangle: Rectangle) -> None:
        """Write a rectangle of the frame into tall, from its upper left corner, every row several times."""
        (y0, x0, y1, x1), place = rectangle, self._struct
        _check_rectangle(rectangle, place.height, place.width)
        _check_rectangle((0, 0, (y1 - y0) * place.rows, x1 - x0), place.tall_height, place.tall_width)
        place.y0, place.x0, place.y1, place.x1 = rectangle
        self._lib.th_spread(place)

    def average(self) -> None:
        """Write it back, each pixel as the mean of its rows."""
        self._lib.th_average(self._struct)


class EyeCall:
    """Lids and gaze in one frame: see eyes.pixels."""

    def __init__(self, frame: npt.NDArray[np.uint8]) -> None:
        height, width = frame.shape[:2]
        lib = library()
        assert lib is not None
        self._frame = frame
        self._struct = EyeStruct(_pointer(frame, np.uint8, (height, width, 3)), None, width, height)
        self._call = lib.th_eye

    def draw(self, before: npt.NDArray[np.uint8], rectangle: Rectangle, numbers: tuple[float, ...]) -> None:
        """`before`: a copy of the rectangle, at least 2 x 2; `numbers`: eyes.Eye.numbers."""
        (y0, x0, y1, x1), place = rectangle, self._struct
        _check_rectangle(rectangle, place.height, place.width)
        if y1 - y0 < 2 or x1 - x0 < 2 or len(numbers) != len(place.eye):
            raise ValueError(f"eye of {len(numbers)} numbers in {rectangle}")
        place.before = _pointer(before, np.uint8, (y1 - y0, x1 - x0, 3))
        place.y0, place.x0, place.y1, place.x1 = rectangle
        place.eye[:] = numbers
        self._call(place)


def _pointer(array: npt.NDArray, dtype: Any, shape: tuple[int, ...]) -> int:
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous or not array.flags.aligned:
        raise ValueError(f"array {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape} in one piece")
    return array.ctypes.data


def _check_triangles(triangles: npt.NDArray, count: int) -> None:
    if triangles.size and not 0 <= triangles.min() <= triangles.max() < count:
        raise ValueError("triangles of points that there are not")


def _check_rectangle(rectangle: Rectangle, height: int, width: int) -> None:
    y0, x0, y1, x1 = rectangle
    if not (0 <= y0 <= y1 <= height and 0 <= x0 <= x1 <= width):
        raise ValueError(f"rectangle {rectangle} in a frame of {height} x {width}")
