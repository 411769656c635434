"""The skin's picture, painted in the space of the neutral portrait: colour and moist lips."""

from __future__ import annotations

import cv2
import numpy as np

SKIN = np.array([0.86, 0.66, 0.55])  # square root of albedo, RGB
LIP = np.array([0.72, 0.36, 0.34])
BROW = np.array([0.27, 0.18, 0.13])


def paint_skin(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Texture (size, size, 4) uint8: RGB square root of albedo, A 255 dry skin .. 0 moist lip.

    landmarks: (68, 2) neutral landmarks in px of this texture.
    """
    scale = float(np.linalg.norm(landmarks[45] - landmarks[36])) / 8.06  # px per cm
    image = np.broadcast_to(SKIN, (size, size, 3)).astype(np.float32).copy()
    for side in (1, -1):
        eye = landmarks[[36, 39] if side > 0 else [42, 45]].mean(0)
        cheek = eye + np.array([-side * 0.9, 3.6]) * scale
        _blend(image, _spot(size, cheek, (1.5 * scale, 1.2 * scale)) * 0.30, (0.90, 0.52, 0.45))
    _brows(image, landmarks, scale)
    lips = _lips(landmarks, scale, size)
    _blend(image, lips * 0.9, LIP)
    alpha = 1 - lips
    rgba = np.dstack([image, alpha])
    return np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8)


def closed_curve(points: np.ndarray, steps: int = 12) -> np.ndarray:
    """Catmull-Rom curve through a ring of points (K, 2) -> (K * steps, 2)."""
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = (np.roll(points, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return curve.reshape(-1, 2)


def fill(size: int, polygon: np.ndarray) -> np.ndarray:
    """Antialiased mask (size, size) float32 of a polygon (K, 2) in px."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon * 16).astype(np.int32)], (255,), cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / 255


def _spot(size: int, centre: np.ndarray, radii: tuple[float, float]) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    return np.exp(-(((x - centre[0]) / radii[0]) ** 2) - ((y - centre[1]) / radii[1]) ** 2)


def _blend(image: np.ndarray, mask: np.ndarray, colour) -> None:
    image += mask[..., None] * (np.asarray(colour, np.float32) - image)


def _lips(landmarks: np.ndarray, scale: float, size: int) -> np.ndarray:
    mask = fill(size, closed_curve(landmarks[48:60]))
    return cv2.GaussianBlur(mask, (0, 0), 0.06 * scale)


def _brows(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """Tapered arches whose upper edge is landmarks 17-21 and 22-26."""
    size = image.shape[0]
    for ids in (range(17, 22), range(26, 21, -1)):
        upper = landmarks[list(ids)]
        thick = np.array([0.08, 0.28, 0.42, 0.52, 0.50])[:, None] * scale
        lower = upper + np.array([0, 1]) * thick
        mask = fill(size, np.concatenate([upper, lower[::-1]]))
        _blend(image, cv2.GaussianBlur(mask, (0, 0), 0.10 * scale) * 0.75, BROW)
