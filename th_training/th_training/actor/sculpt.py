"""Shaping of the neutral face beyond the data's own modifiers: smooth warps, and lips that meet."""

from __future__ import annotations

import numpy as np

from .units import INDEX

_EYES = ((-2.83, 1.95, 11.1), (2.83, 1.95, 11.1))
_EYE_GROWTH, _EYE_REACH = 0.10, 1.7  # share, cm
_LIP_OVERLAP = 0.025  # cm that closed lips press into each other


def sculpt(vertices: np.ndarray, units: np.ndarray) -> None:
    """Reshape in place: vertices (N, 3) cm and units (U, N, 3) of everything."""
    _slim(vertices)
    _lay_ears_back(vertices)
    for eye in _EYES:
        _enlarge(vertices, units, np.array(eye))


def _slim(vertices: np.ndarray) -> None:
    """A narrower jaw and cheeks, a lower crown."""
    x, y, z = vertices.T
    jaw = np.exp(-(((y + 4.8) / 3.6) ** 2)) * _step(z, 2.0, 7.0)
    vertices[:, 0] = x * (1 - (0.025 + 0.07 * jaw * _step(np.abs(x), 2.6, 4.6)) * (1 - _step(y, 2.0, 6.0)))
    nose = np.exp(-((x / 1.6) ** 2) - ((y + 1.2) / 1.5) ** 2) * _step(z, 12.0, 13.6)
    vertices[:, 0] *= 1 - 0.10 * nose
    neck = _step(-y, 7.0, 8.6) * (1 - _step(-y, 10.0, 13.5)) * (1 - _step(z, 7.5, 9.0))
    vertices[:, 0] *= 1 - 0.07 * neck
    above = np.maximum(y - 6.0, 0)
    vertices[:, 1] = y - 0.10 * above


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


def close_lips(vertices: np.ndarray, units: np.ndarray, skin: np.ndarray) -> None:
    """Move both lips' rims so that they meet along the whole mouth, in place.

    Which lip a vertex is of is told by the units that lift the upper and lower the lower one.
    """
    lowers = _lift(units, "mouthLowerDown")
    raises = _lift(units, "mouthUpperUp")
    x, y, z = vertices[skin].T
    mouth = skin[(np.abs(x) < 2.5) & (y < -3.0) & (y > -5.6) & (z > 11.2)]
    lower = mouth[lowers[mouth] > raises[mouth]]
    upper = mouth[(raises[mouth] >= lowers[mouth]) & (raises[mouth] > 0.02)]
    columns = np.linspace(-1.8, 1.8, 37)
    rim_low = _rim(vertices[lower], columns, np.max)
    rim_up = _rim(vertices[upper], columns, np.min)
    gap = np.maximum(rim_up - rim_low + _LIP_OVERLAP, 0)
    middle = (rim_up + rim_low) / 2
    for ids, way in ((lower, 1), (upper, -1)):
        px, py, _ = vertices[ids].T
        near = np.exp(-(((py - np.interp(px, columns, middle)) / 0.35) ** 2))
        vertices[ids, 1] += way * 0.5 * np.interp(px, columns, gap) * (1 - _step(np.abs(px), 2.1, 2.35)) * near


def _lift(units: np.ndarray, name: str) -> np.ndarray:
    return np.abs(units[INDEX[name + "Left"], :, 1] + units[INDEX[name + "Right"], :, 1])


def _rim(points: np.ndarray, columns: np.ndarray, extreme) -> np.ndarray:
    half = 0.13
    return np.array([extreme(points[np.abs(points[:, 0] - c) < half, 1]) for c in columns])


def _step(x: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
