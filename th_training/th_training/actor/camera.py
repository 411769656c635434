"""The actor's camera: straight in front of a head that never turns."""

from __future__ import annotations

import numpy as np

HEIGHT = 28.4  # cm of the picture at the plane of the face
CENTRE_Y = -0.9  # cm, the middle of the picture
FACE_Z = 12.0  # the plane of lips and eyes
DISTANCE = 85.0  # from that plane: far enough for a portrait's gentle perspective
NEAR, FAR = 40.0, 160.0


class Camera:
    """Perspective camera of a square picture.

    Attributes:
        position: (3,) cm.
        matrix: (4, 4) float32 from cm to clip space, y down, so that the first row is the top.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.position = np.array([0.0, CENTRE_Y, FACE_Z + DISTANCE])
        scale = DISTANCE / (HEIGHT / 2)
        view = np.eye(4)
        view[:3, 3] = -self.position
        lens = np.zeros((4, 4))
        lens[0, 0], lens[1, 1] = scale, -scale
        lens[2, 2], lens[2, 3] = (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)
        lens[3, 2] = -1.0
        self.matrix = (lens @ view).astype(np.float32)

    def project(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) cm -> (N, 2) float64 px, x right, y down, pixel centres at integers."""
        h = np.c_[points, np.ones(len(points))].astype(np.float64) @ self.matrix.T.astype(np.float64)
        return (h[:, :2] / h[:, 3:] * 0.5 + 0.5) * self.size - 0.5
