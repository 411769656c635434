"""Shaping of the neutral face beyond the data's own modifiers: smooth warps, and lips that meet."""

from __future__ import annotations

import numpy as np

from .units import INDEX

_EYES = ((-2.83, 1.95, 11.1), (2.83, 1.95, 11.1))
_EYE_GROWTH, _EYE_REACH = 0.17, 1.8  # share, cm
_LIP_OVERLAP = 0.025  # cm that closed lips press into each other
# Units that move closed lips without parting them, and the weight at which that is made sure of
_CLOSED_UNITS = ("mouthPress", "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch",
                 "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthPucker")  # fmt: skip
_CLOSED_AT = 0.6


def sculpt(vertices: np.ndarray, units: np.ndarray) -> None:
    """Reshape in place: vertices (N, 3) cm and units (U, N, 3) of everything."""
    _slim(vertices)
    _lay_ears_back(vertices)
    for eye in _EYES:
        _enlarge(vertices, units, np.array(eye))


def hold_still(vertices: np.ndarray, units: np.ndarray) -> None:
    """Damp what the units do to shoulders, ears and what hair covers, in place: they belong to the still picture."""
    x, y, z = vertices.T
    body = _step(-y, 8.6, 10.0)
    ears = _step(np.abs(x), 6.0, 6.5) * (1 - _step(z, 6.2, 7.6)) * _step(y, -4.5, -3.5)
    # Hair lies on the sides of the face: what it borders on must not slide away under it
    sides = _step(np.abs(x), 4.9, 5.7) * _step(y, -4.2, -2.6) * 0.9
    units *= ((1 - body) * (1 - ears) * (1 - sides))[None, :, None]


def _slim(vertices: np.ndarray) -> None:
    """A narrower jaw and cheeks, a lower crown."""
    x, y, z = vertices.T
    jaw = np.exp(-(((y + 4.9) / 3.4) ** 2)) * _step(z, 2.0, 7.0)
    vertices[:, 0] = x * (1 - (0.025 + 0.11 * jaw * _step(np.abs(x), 2.4, 4.6)) * (1 - _step(y, 2.0, 6.0)))
    nose = np.exp(-((x / 1.6) ** 2) - ((y + 1.2) / 1.5) ** 2) * _step(z, 12.0, 13.6)
    vertices[:, 0] *= 1 - 0.15 * nose
    # A shorter chin, the apples of the cheeks
    below = np.maximum(-y - 5.0, 0) * _step(z, 5.0, 9.0) * (1 - _step(-y, 8.2, 9.6))
    vertices[:, 1] += 0.10 * below
    for side in (-1, 1):
        apple = np.exp(-(((x - side * 3.5) / 1.5) ** 2) - ((y + 0.9) / 1.3) ** 2) * _step(z, 6.0, 9.0)
        vertices[:, 2] += 0.22 * apple
        vertices[:, 0] += side * 0.06 * apple
    neck = _step(-y, 7.0, 8.6) * (1 - _step(-y, 10.0, 13.5)) * (1 - _step(z, 7.5, 9.0))
    vertices[:, 0] *= 1 - 0.15 * neck
    above = np.maximum(y - 6.0, 0)
    vertices[:, 1] -= 0.10 * above


def _lay_ears_back(vertices: np.ndarray) -> None:
    """Ears closer to the head."""
    x, y, z = vertices.T
    ear = _step(np.abs(x), 6.2, 6.9) * (1 - _step(z, 6.6, 7.4)) * _step(y, -3.4, -2.9)
    ear = ear * (1 - _step(y, 3.6, 4.4))
    out = np.sign(x) * (np.abs(x) - 6.3) * ear
    vertices[:, 0] = x - 0.42 * out
    vertices[:, 1] = y - 0.10 * ear * (y - 0.5)


def _enlarge(vertices: np.ndarray, units: np.ndarray, eye: np.ndarray) -> None:
    """Eye, lids and their motion grow together."""
    distance = np.linalg.norm((vertices - eye) * [1, 1, 0.5], axis=1)
    grow = _EYE_GROWTH * np.exp(-((distance / _EYE_REACH) ** 2))
    vertices += (vertices - eye) * grow[:, None] * [0.8, 1, 0.3]
    units *= (1 + grow)[None, :, None]


def close_lips(vertices: np.ndarray, units: np.ndarray, skin: np.ndarray, corner: int) -> None:
    """Make the lips meet along the whole mouth, at rest and under each unit of closed lips.

    Changes vertices (N, 3) and units (U, N, 3) in place. skin: vertices of the head's surface;
    corner: vertex at a corner of the mouth.
    """
    vertices[:, 1] += _closure(vertices, units, skin, corner)
    _round_pucker(vertices, units, vertices[corner])
    left = _step(vertices[:, 0], -0.6, 0.6)
    for name in _CLOSED_UNITS:
        sides = {name: np.ones(len(left))} if name in INDEX else {name + "Left": left, name + "Right": 1 - left}
        moved = vertices + _CLOSED_AT * sum(units[INDEX[side]] for side in sides)
        missing = _closure(moved, units, skin, corner) / _CLOSED_AT
        for side, share in sides.items():
            units[INDEX[side], :, 1] += missing * share


def _round_pucker(vertices: np.ndarray, units: np.ndarray, corner: np.ndarray) -> None:
    """In the data, puckered lips dip in the middle like a beak: there the upper lip stays up, so that they open round."""
    x, y, z = (vertices - [0, corner[1], 0]).T
    upper = _lift(units, "mouthUpperUp") >= _lift(units, "mouthLowerDown")
    lip = np.exp(-((x / 0.62) ** 2)) * np.exp(-(((y + 0.25) / 0.55) ** 2)) * _step(z, corner[2] - 1.2, corner[2] - 0.2)
    units[INDEX["mouthPucker"], :, 1] += 0.19 * lip * upper


def _closure(vertices: np.ndarray, units: np.ndarray, skin: np.ndarray, corner: int) -> np.ndarray:
    """How far (N,) cm each vertex must rise so that the rims of both lips touch.

    Which lip a vertex is of is told by the units that lift the upper and lower the lower one.
    """
    lowers = _lift(units, "mouthLowerDown")
    raises = _lift(units, "mouthUpperUp")
    half = abs(vertices[corner, 0])
    x, y, z = (vertices[skin] - [0, vertices[corner, 1], 0]).T
    mouth = skin[(np.abs(x) < half + 0.5) & (np.abs(y) < 1.4) & (z > vertices[corner, 2] - 1.4)]
    lower = mouth[lowers[mouth] > raises[mouth]]
    upper = mouth[(raises[mouth] >= lowers[mouth]) & (raises[mouth] > 0.02)]
    columns = np.linspace(-0.89 * half, 0.89 * half, 37)
    rim_low = _rim(vertices[lower], columns, np.max)
    rim_up = _rim(vertices[upper], columns, np.min)
    gap = np.maximum(rim_up - rim_low + _LIP_OVERLAP, 0)
    middle = (rim_up + rim_low) / 2
    rise = np.zeros(len(vertices))
    for ids, way in ((lower, 1), (upper, -1)):
        px, py, _ = vertices[ids].T
        near = np.exp(-(((py - np.interp(px, columns, middle)) / 0.35) ** 2))
        ends = 1 - _step(np.abs(px), 1.03 * half, 1.15 * half)
        rise[ids] = way * 0.5 * np.interp(px, columns, gap) * ends * near
    return rise


def _lift(units: np.ndarray, name: str) -> np.ndarray:
    return np.abs(units[INDEX[name + "Left"], :, 1] + units[INDEX[name + "Right"], :, 1])


def _rim(points: np.ndarray, columns: np.ndarray, extreme) -> np.ndarray:
    half = 0.13
    return np.array([extreme(points[np.abs(points[:, 0] - c) < half, 1]) for c in columns])


def _step(x: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
