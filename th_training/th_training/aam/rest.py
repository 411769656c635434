"""Which frames show the face at rest, where nobody says so."""

from __future__ import annotations

import numpy as np

from th_training.landmarks.measures import as_landmarks, inter_ocular, lip_opening

_CLOSED = 0.2  # quantile of lip opening up to which a mouth is closed
_AWAKE = 0.5  # quantile of lid opening from which eyes are open
_LIDS = ([37, 38, 43, 44], [41, 40, 47, 46])


def lid_opening(landmarks: np.ndarray) -> np.ndarray:
    """(..., 68, 2) -> (...) mean gap between upper and lower lids, in inter-ocular distances."""
    points = as_landmarks(landmarks)
    upper, lower = _LIDS
    gaps = np.linalg.norm(points[..., lower, :] - points[..., upper, :], axis=-1).mean(-1)
    return gaps / np.maximum(inter_ocular(points), 1e-9)


def calm_frames(landmarks: np.ndarray, codes: np.ndarray, *, most: int = 12) -> list[int]:
    """Of frames with closed lips and open eyes, those whose shape code (N, S) is nearest to the median of theirs, best first.

    A speaker's mouth is closed in pauses too, with the face in some expression; the median is the one most often worn.
    """
    lips, lids = lip_opening(landmarks), lid_opening(landmarks)
    closed = lips <= np.quantile(lips, _CLOSED)
    calm = np.flatnonzero(closed & (lids >= np.quantile(lids, _AWAKE)))
    if not len(calm):
        calm = np.flatnonzero(closed)
    distance = np.linalg.norm(codes[calm] - np.median(codes[calm], axis=0), axis=1)
    return [int(k) for k in calm[np.argsort(distance, kind="stable")[:most]]]
