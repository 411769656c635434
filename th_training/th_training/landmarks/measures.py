"""What a set of 68 landmarks (iBUG/Multi-PIE order) says about a face, free of size and place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from th_common.errors import InputError

COUNT = 68
OUTER_EYE_CORNERS = (36, 45)
UPPER_INNER_LIP = [61, 62, 63]
LOWER_INNER_LIP = [67, 66, 65]
MOUTH_CORNERS = (48, 54)
LIP_MIDDLES = [51, 57]
BROWS, EYES = list(range(17, 27)), list(range(36, 48))
UPPER_LIDS, LOWER_LIDS = [37, 38, 43, 44], [41, 40, 47, 46]


def as_landmarks(points: ArrayLike) -> np.ndarray:
    """Points as float64 (..., 68, 2).

    Raises InputError for another shape.
    """
    array = np.asarray(points, np.float64)
    if array.ndim < 2 or array.shape[-2:] != (COUNT, 2):
        raise InputError(f"landmarks must have shape (..., {COUNT}, 2), not {array.shape}")
    return array


def inter_ocular(landmarks: ArrayLike) -> np.ndarray:
    """(..., 68, 2) -> (...) distance of the outer eye corners, in the landmarks' own unit."""
    points = as_landmarks(landmarks)
    left, right = OUTER_EYE_CORNERS
    return np.linalg.norm(points[..., left, :] - points[..., right, :], axis=-1)


def lip_opening(landmarks: ArrayLike) -> np.ndarray:
    """(..., 68, 2) -> (...) mean gap of the inner lips' three pairs, in inter-ocular distances (no unit), at least 0.

    Measured across the line of the eyes: the points of a pair need not lie above each other.
    """
    points, down = _upright(landmarks)
    return np.maximum(_along(points[..., LOWER_INNER_LIP, :] - points[..., UPPER_INNER_LIP, :], down).mean(-1), 0.0)


def lip_width(landmarks: ArrayLike) -> np.ndarray:
    """(..., 68, 2) -> (...) distance of the mouth's corners, in inter-ocular distances."""
    points = as_landmarks(landmarks)
    left, right = MOUTH_CORNERS
    return np.linalg.norm(points[..., left, :] - points[..., right, :], axis=-1) / np.maximum(
        inter_ocular(points), 1e-9
    )


def corner_height(landmarks: ArrayLike) -> np.ndarray:
    """(..., 68, 2) -> (...) height of the mouth's corners above the lips' middle, in inter-ocular distances: a smile is up."""
    points, down = _upright(landmarks)
    return _along(points[..., LIP_MIDDLES, :].mean(-2) - points[..., MOUTH_CORNERS, :].mean(-2), down)


def brow_height(landmarks: ArrayLike) -> np.ndarray:
    """(..., 68, 2) -> (...) mean height of the brows above the eyes, in inter-ocular distances."""
    points, down = _upright(landmarks)
    return _along(points[..., EYES, :].mean(-2) - points[..., BROWS, :].mean(-2), down)


def eye_opening(landmarks: ArrayLike) -> np.ndarray:
    """(..., 68, 2) -> (...) mean gap of the lids' four pairs, in inter-ocular distances, at least 0."""
    points, down = _upright(landmarks)
    return np.maximum(_along(points[..., LOWER_LIDS, :] - points[..., UPPER_LIDS, :], down).mean(-1), 0.0)


def _upright(landmarks: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks, and the vector (..., 2) across the line of the eyes whose product with a way is its part down, in that distance."""
    points = as_landmarks(landmarks)
    left, right = OUTER_EYE_CORNERS
    eyes = points[..., right, :] - points[..., left, :]
    return points, np.stack([-eyes[..., 1], eyes[..., 0]], -1) / np.maximum((eyes**2).sum(-1), 1e-9)[..., None]


def _along(ways: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Parts of ways (..., n, 2) or (..., 2) along `down` (..., 2)."""
    return (ways * (down if ways.ndim == down.ndim else down[..., None, :])).sum(-1)
