"""Pictures as JPEG files, for the page and for the compressed topic."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def encode_jpeg(picture: npt.NDArray[np.uint8], quality: int) -> bytes:
    """A picture (h, w, 3) BGR as a JPEG file; quality 1..100."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
