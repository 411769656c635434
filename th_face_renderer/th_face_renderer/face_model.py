"""The linear model of one face: a facial code gives the places of its points and the texture between them.

An active appearance model (Cootes, Edwards and Taylor, 1998) as in the paper: with a code (p; lambda),

    points  = shape.mean   + sum_k p_k      * shape.modes[k]        canvas px, x right, y down, pixel centres at integers
    texture = texture.mean + sum_k lambda_k * texture.modes[k]      BGR levels 0..255 in the texture frame

both in units of the training standard deviation of each mode. The first 68 points are the usual landmarks (iBUG order);
points after them support the picture around the face.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from th_common.errors import InputError, ModelError
from th_common.model_folder import FACE, Card, Tensors, read_card, read_tensors, require
from th_face_renderer.mesh import double_areas

LANDMARKS = 68
CODE_LIMIT = 4.0
"""Codes are clamped to this many standard deviations, so that no code, however wild, breaks the mesh."""

LIP_GAP = 0.5
"""Smallest gap between the inner lips [canvas px]: at 0 the triangles between them would fold over."""

_UPPER_LIP_LINE = np.array([60, 61, 62, 63, 64])
_LOWER_LIP_LINE = np.array([60, 67, 66, 65, 64])
_CORNERS = np.array([60, 64])
_ROW_MARGIN = 0.0024
"""Share of the lips' gap that a point inside the mouth keeps from the upper lip and from the next row."""
_LIP_MARGIN = 0.024
"""Share that the lowest row keeps from the lower lip: with less, more triangles fold over where that lip bulges."""
_CORNER_MARGIN = 0.09
"""Share of the mouth's width that the rows' ends keep from the corners: what they have in the open mouth of a reference."""
_CORNER_SOFTNESS = 0.02
"""Share of the mouth's width over which the corners begin to press on the rows, so that nothing jumps between frames."""

MOUTH_CONSTANTS = {
    "code_limit": CODE_LIMIT,
    "lip_gap": LIP_GAP,
    "row_margin": _ROW_MARGIN,
    "lip_margin": _LIP_MARGIN,
    "corner_margin": _CORNER_MARGIN,
    "corner_softness": _CORNER_SOFTNESS,
}
"""For whoever does elsewhere what `points_of` does here (the page, in the browser)."""

_INNER_UPPER_LIP = np.array([61, 62, 63])
_INNER_LOWER_LIP = np.array([67, 66, 65])
_MAX_SIDE = 8192

Floats = npt.NDArray[np.float32]
Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceModel:
    """Arrays of one face, checked on construction (ModelError says what is wrong).

    Shapes: P points (68 landmarks first), T triangles, S shape modes, A appearance modes, texture of (h, w) px.

    canvas: (height, width) of the portrait that the points live in.
    shape_mean (P, 2), shape_modes (S, P, 2): canvas px, px per sd.
    triangles (T, 3): indices of points, the same mesh in canvas and texture.
    reference (P, 2): the points in the texture frame.
    texture_mean (h, w, 3), texture_modes (A, y1 - y0, x1 - x0, 3): levels, levels per sd; modes are zero outside `roi`.
    roi: (y0, x0, y1, x1) in the texture frame.
    mouth_rows (R, C): points inside the mouth (the edges of the teeth), rows from top to bottom, each from left to right;
    they go where the linear model puts them as far as the lips leave room (`arrange_mouth`). None where R is 0.
    rest (S + A,): the code of the face when nobody speaks.
    """

    canvas: tuple[int, int]
    shape_mean: Floats
    shape_modes: Floats
    triangles: npt.NDArray[np.int32]
    reference: Floats
    texture_mean: Floats
    texture_modes: Floats
    rest: Floats
    roi: Rectangle
    mouth_rows: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 0), np.int32))

    def __post_init__(self) -> None:
        _check(self)

    @property
    def dimensions(self) -> tuple[int, int]:
        """Lengths of the two halves of a code: (shape, appearance)."""
        return len(self.shape_modes), len(self.texture_modes)

    def check_code(self, code: npt.ArrayLike) -> Floats:
        """A code as float32 (S + A,), clamped to +-CODE_LIMIT.

        Raises:
            InputError: another length, or NaN or infinity in it.
        """
        try:
            array = np.asarray(code, np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f"facial code is not a list of numbers ({error})") from None
        shape, appearance = self.dimensions
        if array.shape != (shape + appearance,):
            raise InputError(
                f"facial code has shape {array.shape}, this face takes ({shape + appearance},): "
                f"{shape} shape and {appearance} appearance parameters"
            )
        if not np.isfinite(array).all():
            raise InputError("facial code holds NaN or infinity")
        return np.clip(array, -CODE_LIMIT, CODE_LIMIT)

    def points(self, code: npt.ArrayLike) -> Floats:
        """Points (P, 2) of a code in canvas px, the inner lips at least LIP_GAP apart, the teeth between them.

        Raises:
            InputError: see check_code.
        """
        return self.points_of(self.check_code(code)[: len(self.shape_modes)])

    def points_of(self, shape: Floats) -> Floats:
        """Points (P, 2) of the shape half (S,) of a code that is checked already."""
        points = self.shape_mean + (shape @ self.shape_modes.reshape(len(shape), -1)).reshape(-1, 2)
        return arrange_mouth(_part_lips(points), self.mouth_rows)

    def lifted(self, points: Floats, lift: float) -> Floats:
        """Points (P, 2) with the face, landmarks and teeth, so many heights of the canvas higher, in place."""
        if lift:
            points[:LANDMARKS, 1] -= lift * self.canvas[0]
            points[self.mouth_rows, 1] -= lift * self.canvas[0]
        return points

    def landmarks(self, code: npt.ArrayLike) -> Floats:
        """The 68 landmarks (68, 2) of a code in canvas px."""
        return self.points(code)[:LANDMARKS]

    def landmark_track(self, codes: npt.ArrayLike) -> Floats:
        """The 68 landmarks (T, 68, 2) of many codes (T, S + A), as `landmarks` gives them one by one, 70 times as fast.

        Raises:
            InputError: another width than this face's codes, or NaN or infinity in it.
        """
        array = np.asarray(codes, np.float32)
        shape, width = len(self.shape_modes), sum(self.dimensions)
        if array.ndim != 2 or array.shape[1] != width or not np.isfinite(array).all():
            raise InputError(f"codes {array.shape} are not finite numbers (T, {width}) of this face")
        p = np.clip(array[:, :shape], -CODE_LIMIT, CODE_LIMIT)
        return _part_lips(self.shape_mean[:LANDMARKS] + np.tensordot(p, self.shape_modes[:, :LANDMARKS], 1))

    def texture(self, code: npt.ArrayLike) -> Floats:
        """Texture (h, w, 3) of a code, BGR levels, not clipped to 0..255."""
        appearance = self.check_code(code)[len(self.shape_modes) :]
        y0, x0, y1, x1 = self.roi
        texture = self.texture_mean.copy()
        texture[y0:y1, x0:x1] += np.tensordot(appearance, self.texture_modes, 1)
        return texture

    def whole_modes(self) -> Iterator[Floats]:
        """Each texture mode (h, w, 3), levels per sd, over the whole texture: zero outside `roi`."""
        y0, x0, y1, x1 = self.roi
        for mode in self.texture_modes:
            whole = np.zeros_like(self.texture_mean)
            whole[y0:y1, x0:x1] = mode
            yield whole

    def instance(self, code: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Points (P, 2) and texture (h, w, 3) of a code."""
        return self.points(code), self.texture(code)

    def to_tensors(self, *, quantise: bool = True) -> Tensors:
        """The tensors of face.safetensors.

        With `quantise` the texture modes become int8 with a scale each (error at most scale / 2, that is 1/254 of the
        mode's largest value) and the mean 8-bit levels; without, everything is float32 and loads bit for bit.
        """
        tensors: Tensors = {
            "canvas": np.array(self.canvas, np.int32),
            "shape.mean": self.shape_mean,
            "shape.modes": self.shape_modes,
            "triangles": self.triangles,
            "texture.reference": self.reference,
            "texture.roi": np.array(self.roi, np.int32),
            "rest": self.rest,
        }
        if self.mouth_rows.size:
            tensors["mouth.rows"] = self.mouth_rows
        if not quantise:
            return {**tensors, "texture.mean": self.texture_mean, "texture.modes": self.texture_modes}
        peak = np.abs(self.texture_modes).max(axis=(1, 2, 3))
        scale = np.where(peak > 0, peak / 127, 1.0).astype(np.float32)
        steps = np.rint(self.texture_modes / scale[:, None, None, None])
        return {
            **tensors,
            "texture.mean": np.clip(np.rint(self.texture_mean), 0, 255).astype(np.uint8),
            "texture.modes": np.clip(steps, -127, 127).astype(np.int8),
            "texture.scale": scale,
        }

    @classmethod
    def from_tensors(cls, tensors: Tensors, *, source: str = FACE) -> FaceModel:
        """Read the tensors of face.safetensors; texture modes are restored to float32.

        Raises:
            ModelError: a tensor is missing or does not fit the others; the text begins with `source`.
        """
        mean = _numbers(tensors, "texture.mean", (None, None, 3), source)
        height, width = mean.shape[:2]
        roi = (0, 0, height, width)
        if "texture.roi" in tensors:
            roi = _whole(tensors, "texture.roi", (4,), source)
        modes = _numbers(tensors, "texture.modes", (None, roi[2] - roi[0], roi[3] - roi[1], 3), source)
        if require(tensors, "texture.modes", (None,) * 4, source=source).dtype.kind != "f":
            modes *= _numbers(tensors, "texture.scale", (len(modes),), source)[:, None, None, None]
        rows = np.empty((0, 0), np.int32)
        if "mouth.rows" in tensors:
            rows = _names(tensors, "mouth.rows", (None, None), source)
        try:
            return cls(
                canvas=_whole(tensors, "canvas", (2,), source),
                shape_mean=_numbers(tensors, "shape.mean", (None, 2), source),
                shape_modes=_numbers(tensors, "shape.modes", (None, None, 2), source),
                triangles=_names(tensors, "triangles", (None, 3), source),
                reference=_numbers(tensors, "texture.reference", (None, 2), source),
                texture_mean=mean,
                texture_modes=modes,
                rest=_numbers(tensors, "rest", (None,), source),
                roi=roi,
                mouth_rows=rows,
            )
        except ModelError as error:
            raise ModelError(f"{source}: {error}") from None


def load(folder: str | os.PathLike[str]) -> tuple[FaceModel, Card]:
    """Load and check the face of a model folder; returns it with the folder's card.

    Raises:
        ModelError: the folder is missing, damaged, or its face does not fit its card.
    """
    card = read_card(folder)
    source = os.path.join(os.fspath(folder), FACE)
    model = FaceModel.from_tensors(read_tensors(folder, FACE, card), source=source)
    if model.dimensions != (card.shape, card.appearance):
        have, want = "{} + {}".format(*model.dimensions), f"{card.shape} + {card.appearance}"
        raise ModelError(f"{source}: has {have} modes, the card says {want}")
    if card.id != card.files.get(FACE):
        raise ModelError(f"{source}: the card's id is not the SHA-256 of this file: it belongs to another face")
    return model, card


def arrange_mouth(points: npt.NDArray, rows: npt.NDArray[np.int32]) -> npt.NDArray:
    """Move the points inside the mouth (rows (R, C) of points (P, 2)) between the lips, in place; returns points.

    Teeth stay where the skull and the jaw hold them. A mouth too narrow for the rows makes them narrower as a whole, so
    that teeth stay upright and alike; lips that close push the rows together instead of folding over them.
    """
    if not rows.size:
        return points
    x, y = _between_corners(points[rows, 0], *points[_CORNERS, 0].tolist()), points[rows, 1]
    upper, lower = points[_UPPER_LIP_LINE], points[_LOWER_LIP_LINE]
    top = np.interp(x, upper[:, 0], upper[:, 1])
    bottom = np.maximum(np.interp(x, lower[:, 0], lower[:, 1]), top)
    gap = bottom - top
    for k in range(len(rows)):
        lowest = bottom[k] - (_LIP_MARGIN + (len(rows) - 1 - k) * _ROW_MARGIN) * gap[k]
        # minimum and maximum, not np.clip, which takes thrice as long on a handful of numbers
        y[k] = np.minimum(np.maximum(y[k], np.minimum(top[k] + _ROW_MARGIN * gap[k], lowest)), lowest)
        if k + 1 < len(rows):
            top[k + 1] = np.maximum(top[k + 1], y[k])
    points[rows, 0], points[rows, 1] = x, y
    return points


def _between_corners(x: npt.NDArray, left: float, right: float) -> npt.NDArray:
    """Shift and scale places as a whole, the same for all, so that they fit between the corners of the mouth."""
    low, high = float(x.min()), float(x.max())
    margin, soft = _CORNER_MARGIN * (right - left), _CORNER_SOFTNESS * (right - left)
    first = _soft_maximum(low, left + margin, soft)
    last = max(first, -_soft_maximum(-high, margin - right, soft))
    return first + (x - low) * ((last - first) / max(high - low, 1e-6))


def _soft_maximum(one: float, other: float, soft: float) -> float:
    """The larger number, rounded off where they are closer than `soft`: its slope never jumps."""
    overlap = max(soft - abs(one - other), 0.0)
    return max(one, other) + (overlap * overlap / (4 * soft) if overlap else 0.0)


def _part_lips(points: Floats) -> Floats:
    upper, lower = points[..., _INNER_UPPER_LIP, 1], points[..., _INNER_LOWER_LIP, 1]
    lack = np.maximum(upper + LIP_GAP - lower, 0) / 2
    points[..., _INNER_UPPER_LIP, 1] = upper - lack
    points[..., _INNER_LOWER_LIP, 1] = lower + lack
    return points


def _numbers(tensors: Tensors, name: str, shape: tuple[int | None, ...], source: str) -> Floats:
    with np.errstate(over="ignore"):  # infinity is refused later
        return require(tensors, name, shape, source=source).astype(np.float32)


def _names(tensors: Tensors, name: str, shape: tuple[int | None, ...], source: str) -> npt.NDArray[np.int32]:
    """Indices of points; which of them there are is checked later."""
    tensor = require(tensors, name, shape, source=source)
    if tensor.dtype.kind not in "iu":
        raise ModelError(f"{source}: tensor {name!r} must hold integers, not {tensor.dtype}")
    result = tensor.astype(np.int32)
    if (result != tensor).any():  # cut to 32 bits a wrong index might look right
        raise ModelError(f"{source}: {name} must name points, not {tensor[result != tensor][0]}")
    return result


def _whole(tensors: Tensors, name: str, shape: tuple[int, ...], source: str) -> tuple:
    tensor = require(tensors, name, shape, source=source)
    if tensor.dtype.kind not in "iu":
        raise ModelError(f"{source}: tensor {name!r} must hold integers, not {tensor.dtype}")
    return tuple(int(v) for v in tensor)


def _check(face: FaceModel) -> None:
    points, height, width = len(face.shape_mean), *face.texture_mean.shape[:2]
    shape, appearance = face.dimensions
    y0, x0, y1, x1 = face.roi
    wanted = {
        "shape_mean": (points, 2),
        "shape_modes": (shape, points, 2),
        "triangles": (len(face.triangles), 3),
        "reference": (points, 2),
        "texture_mean": (height, width, 3),
        "texture_modes": (appearance, y1 - y0, x1 - x0, 3),
        "rest": (shape + appearance,),
    }
    for name, want in wanted.items():
        array = getattr(face, name)
        if array.shape != want:
            raise ModelError(f"{name} has shape {array.shape}, expected {want}")
        if array.dtype != (np.int32 if name == "triangles" else np.float32):
            raise ModelError(f"{name} has type {array.dtype}")
        if not np.isfinite(array).all():
            raise ModelError(f"{name} holds NaN or infinity")
    if points < LANDMARKS:
        raise ModelError(f"{points} points, expected the {LANDMARKS} landmarks and points of support")
    if not (1 <= shape <= 64 and 1 <= appearance <= 64):
        raise ModelError(f"code of {shape} + {appearance} dimensions is out of range 1..64")
    for name, size in (("canvas", face.canvas), ("texture", (height, width))):
        if not all(2 <= side <= _MAX_SIDE for side in size):
            raise ModelError(f"{name} of {size[0]} x {size[1]} px is out of range 2..{_MAX_SIDE}")
    if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width):
        raise ModelError(f"roi {face.roi} lies outside the texture of {height} x {width} px")
    if not len(face.triangles) or face.triangles.min() < 0 or face.triangles.max() >= points:
        raise ModelError(f"triangles must name points 0..{points - 1}")
    if face.mouth_rows.ndim != 2 or face.mouth_rows.dtype != np.int32:
        raise ModelError(f"mouth_rows must be (rows, columns) of int32, not {face.mouth_rows.dtype}")
    if face.mouth_rows.size and not LANDMARKS <= face.mouth_rows.min() <= face.mouth_rows.max() < points:
        raise ModelError(f"mouth_rows must name points {LANDMARKS}..{points - 1}")
    # Half a pixel beyond the outer pixel centres is the texture's edge.
    if (face.reference < -0.5).any() or (face.reference > [width - 0.5, height - 0.5]).any():
        raise ModelError("reference has points outside the texture")
    if np.abs(face.shape_mean).max() > 2 * _MAX_SIDE or np.abs(face.shape_modes).max() > _MAX_SIDE:
        raise ModelError("shape has points far outside the canvas")
    for name, places in (("shape_mean", face.shape_mean), ("reference", face.reference)):
        if np.abs(double_areas(places[face.triangles].astype(np.float64))).sum() < 1:
            raise ModelError(f"{name} has no area: its triangles are all flat")
    low, high = face.shape_mean.min(axis=0), face.shape_mean.max(axis=0)
    if (high < 0).any() or (low > [face.canvas[1] - 1, face.canvas[0] - 1]).any():
        raise ModelError(f"shape_mean lies outside the canvas of {face.canvas[0]} x {face.canvas[1]} px")
    if (np.abs(face.rest) > CODE_LIMIT).any():
        raise ModelError(f"rest goes beyond {CODE_LIMIT:g} standard deviations")
