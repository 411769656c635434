"""How true a face model is to its face: round trips, measured and to look at."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel
from th_training.aam.build import PAPER_EXPLAINED


def face_mask(landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(68, 2) px -> (h, w) bool: inside the hull of jaw and brows."""
    mask = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(landmarks[:27]).astype(np.int32)), (1,))
    return mask > 0


def lips_mask(landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(68, 2) px -> (h, w) bool: inside the outer lips."""
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [np.round(landmarks[48:60]).astype(np.int32)], (1,))
    return mask > 0


def psnr(image: np.ndarray, drawn: np.ndarray, mask: np.ndarray) -> float:
    """Peak signal to noise ratio, dB, of uint8 pictures where the mask is set."""
    error = ((image.astype(np.float64) - drawn) ** 2)[mask].mean()
    return float(10 * np.log10(255**2 / max(error, 1e-6)))


def round_trips(
    model: FaceModel, images: Iterable[np.ndarray], landmarks: np.ndarray, codes: np.ndarray
) -> dict[str, float]:
    """Mean and worst PSNR inside the face, mean inside the lips, of pictures drawn again from their codes (N, 16)."""
    decoder = FaceDecoder(model)
    face, lips = [], []
    for image, points, code in zip(images, landmarks, codes, strict=True):
        drawn = decoder.render(code, copy=False)
        face.append(psnr(image, drawn, face_mask(points, model.canvas)))
        lips.append(psnr(image, drawn, lips_mask(points, model.canvas)))
    return {
        "psnr_face_db": round(float(np.mean(face)), 2),
        "psnr_face_worst_db": round(float(np.min(face)), 2),
        "psnr_lips_db": round(float(np.mean(lips)), 2),
    }


def lines(figures: dict[str, float | list[float]]) -> list[str]:
    """Figures of a build, for people: explained variance beside the paper's, then the rest."""
    found = []
    for half, paper in PAPER_EXPLAINED.items():
        share = figures[f"{half}_explained"]
        assert isinstance(share, float)
        found.append(f"{half}: {share:.1%} of the variance explained (paper: {paper:.1%})")
    for name, value in figures.items():
        if not name.endswith("_explained"):
            found.append(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")
    return found
