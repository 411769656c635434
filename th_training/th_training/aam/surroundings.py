"""What is around a filmed face: hair, neck and background, from one frame, melting into the modelled face."""

from __future__ import annotations

import numpy as np

from th_training.aam.frame import TextureFrame
from th_training.aam.support import face_points


def face_share(frame: TextureFrame) -> np.ndarray:
    """(h, w, 1) float32: 1 within the landmarks, smoothly down to 0 at the ring around them, 0 beyond."""
    chosen = face_points(frame.triangles)
    linear = (frame.barycentric * chosen[frame.triangles[np.maximum(frame.labels, 0)]]).sum(-1)
    smooth = np.where(frame.labels >= 0, linear * linear * (3 - 2 * linear), 0)
    return smooth[..., None].astype(np.float32)
