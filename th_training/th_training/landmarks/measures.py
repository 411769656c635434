"""What a set of 68 landmarks (iBUG/Multi-PIE order) says about a face, free of size and place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from th_common.errors import InputError

COUNT = 68
OUTER_EYE_CORNERS = (36, 45)
UPPER_INNER_LIP = [61, 62, 63]
LOWER_INNER_LIP = [67, 66, 65]


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
    points = as_landmarks(landmarks)
    left, right = OUTER_EYE_CORNERS
    eyes = points[..., right, :] - points[..., left, :]
    down = np.stack([-eyes[..., 1], eyes[..., 0]], -1) / np.maximum((eyes**2).sum(-1), 1e-9)[..., None]
    gaps = points[..., LOWER_INNER_LIP, :] - points[..., UPPER_INNER_LIP, :]
    return np.maximum((gaps * down[..., None, :]).sum(-1).mean(-1), 0.0)
