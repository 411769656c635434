"""Where the head stands in the portrait: a square cut out of a video's pictures, of any size in px."""

from __future__ import annotations

import numpy as np

from th_common.errors import InputError
from th_training.landmarks.pose import move

FACE_HEIGHT = 0.42  # of the portrait, brow to chin, as the drawn actor's
_CENTRE = 0.53  # of the portrait, from its upper edge to the middle of the landmarks
_ROOM = 0.05  # of the portrait, around all landmarks of all frames
_INSIDE = 0.9  # of the frames shall have a picture everywhere in the portrait


def portrait(landmarks: np.ndarray, maps: np.ndarray, size: tuple[int, int], side: int) -> np.ndarray:
    """(2, 3) scale and shift from aligned pictures to a portrait of side x side px.

    Args:
        landmarks: (N, 68, 2) aligned; maps (N, 2, 3): from each picture of `size` (height, width) onto them.

    The face fills FACE_HEIGHT of the portrait, or more where the pictures do not reach that far.
    Raises InputError where they hold too little around the face.
    """
    height, width = size
    corners = np.array([(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)], np.float64)
    placed = np.stack([move(corners, one) for one in maps])
    low = np.quantile(placed[:, [[0, 2], [0, 1]], [[0], [1]]].max(2), _INSIDE, axis=0)
    high = np.quantile(placed[:, [[1, 3], [2, 3]], [[0], [1]]].min(2), 1 - _INSIDE, axis=0)
    face_low, face_high = landmarks.min((0, 1)), landmarks.max((0, 1))
    mean = landmarks.mean(0)
    wanted = float(np.ptp(mean[:, 1])) / FACE_HEIGHT
    length = min(wanted, *(high - low).tolist())
    middle = (mean.min(0) + mean.max(0)) / 2
    corner = middle - length * np.array([0.5, _CENTRE])
    corner = np.clip(corner, low, np.maximum(high - length, low))
    room = _ROOM * length
    if (face_low < corner + room).any() or (face_high > corner + length - room).any():
        raise InputError("the pictures hold too little around the face for a portrait: film it with more room")
    scale = side / length
    return np.array([[scale, 0, -0.5 - scale * (corner[0] - 0.5)], [0, scale, -0.5 - scale * (corner[1] - 0.5)]])
