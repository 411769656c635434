"""What is around a filmed face: hair, neck and background, from one frame, melting into the modelled face."""

from __future__ import annotations

import numpy as np

from th_training.aam.frame import TextureFrame
from th_training.aam.support import face_points

_STILL = 0.35  # of the way from the ring to the landmarks belongs to the surroundings alone


def face_share(frame: TextureFrame) -> np.ndarray:
    """(h, w, 1) float32: 1 within the landmarks, smoothly down to 0 on the way to the ring around them, 0 beyond."""
    chosen = face_points(frame.triangles)
    linear = (frame.barycentric * chosen[frame.triangles[np.maximum(frame.labels, 0)]]).sum(-1)
    near = np.clip((linear - _STILL) / (1 - _STILL), 0, 1)
    smooth = np.where(frame.labels >= 0, near * near * (3 - 2 * near), 0)
    return smooth[..., None].astype(np.float32)
