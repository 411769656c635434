"""The skin's picture, painted in the space of the neutral portrait: colour and moist lips."""

from __future__ import annotations

import cv2
import numpy as np

from .brows import paint_brows
from .brushes import blend, closed_curve, fill, noise, px_per_cm, spot, stroke, through

SKIN = np.array([0.870, 0.650, 0.530])  # square root of albedo, RGB
FLUSH = np.array([0.90, 0.50, 0.44])
LIP = np.array([0.735, 0.395, 0.375])
_UPPER_LIDS = ([36, 37, 38, 39], [42, 43, 44, 45])


def paint_skin(landmarks: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """Texture (size, size, 4) uint8: RGB square root of albedo, A 255 dry skin .. 0 moist lip.

    landmarks: (68, 2) neutral landmarks in px of this texture.
    hair: (size, size) 0..1, where hair will lie: the scalp below is dark and shades the skin beside it.
    """
    size = len(hair)
    scale = px_per_cm(landmarks)
    image = np.broadcast_to(SKIN, (size, size, 3)).astype(np.float32).copy()
    _complexion(image, landmarks, scale)
    _lids(image, landmarks, scale)
    _scalp(image, hair, scale)
    paint_brows(image, landmarks, scale)
    lips = _lips(landmarks, scale, size)
    blend(image, lips * 0.92, LIP)
    line = landmarks[[60, 61, 62, 63, 64]]
    blend(image, stroke(size, line, 0.10 * scale, 0.09 * scale) * lips * 0.35, (0.58, 0.26, 0.25))
    moist = cv2.GaussianBlur(cv2.erode(lips, np.ones((3, 3)), iterations=round(0.10 * scale)), (0, 0), 0.10 * scale)
    rgba = np.dstack([image, 1 - moist])
    return np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8)


def _complexion(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """Blood and light in the skin: flushed cheeks, nose and chin, a clear forehead, uneven as skin is."""
    size = len(image)
    uneven = noise(size, (0.45 * scale, 0.16 * scale))
    image += uneven[..., None] * np.array([0.003, -0.006, -0.006], np.float32)
    image += (noise(size, (0.03 * scale, 1.2 * scale), seed=6) * 0.005)[..., None]
    for side in (1, -1):
        eye = landmarks[[36, 39] if side > 0 else [42, 45]].mean(0)
        cheek = eye + np.array([-side * 0.75, 3.1]) * scale
        soft = (
            spot(size, cheek, (2.3 * scale, 1.75 * scale)) * 0.23 + spot(size, cheek, (1.2 * scale, 0.9 * scale)) * 0.06
        )
        blend(image, soft, FLUSH)
        blend(
            image, spot(size, eye + np.array([0, 0.95 * scale]), (1.3 * scale, 0.45 * scale)) * 0.14, (0.82, 0.57, 0.52)
        )
        ear = np.array([landmarks[27, 0] - side * 6.9 * scale, landmarks[29, 1]])
        blend(image, spot(size, ear, (0.8 * scale, 2.2 * scale)) * 0.4, FLUSH)
    for place, radii, share in (
        (landmarks[30], (0.95, 0.8), 0.22),
        (landmarks[[8, 57]].mean(0), (1.2, 0.8), 0.12),
        (landmarks[33] + [0, 0.5 * scale], (0.5, 0.4), 0.08),
    ):
        blend(image, spot(size, place, (radii[0] * scale, radii[1] * scale)) * share, FLUSH)
    forehead = (landmarks[21] + landmarks[22]) / 2 - [0, 2.4 * scale]
    blend(image, spot(size, forehead, (3.4 * scale, 1.9 * scale)) * 0.30, (0.90, 0.70, 0.575))
    _freckles(image, landmarks, scale)


def _freckles(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """A few, faint, on nose and cheeks."""
    rng = np.random.default_rng(3)
    layer = np.zeros(image.shape[:2], np.float32)
    middle = landmarks[[29, 30]].mean(0)
    for _ in range(110):
        at = middle + rng.normal(size=2) * [3.0 * scale, 0.75 * scale] + [0, 0.05 * scale]
        radius, shade = max(4, round(rng.uniform(0.022, 0.05) * scale * 16)), float(rng.uniform(0.25, 0.8))
        cv2.circle(layer, tuple(np.round(at * 16).astype(int).tolist()), radius, (shade,), -1, cv2.LINE_AA, 4)
    blend(image, cv2.GaussianBlur(layer, (0, 0), 0.03 * scale) * 0.20, (0.66, 0.44, 0.33))


def _lids(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """Thin, warm skin round the eyes, the crease above them and the dark root of the lashes."""
    size = len(image)
    for ids in _UPPER_LIDS:
        lid = landmarks[ids]
        middle = lid.mean(0)
        blend(image, spot(size, middle - [0, 0.22 * scale], (1.35 * scale, 0.55 * scale)) * 0.34, (0.76, 0.51, 0.44))
        crease = lid + np.array([[0.0, -0.16], [0.0, -0.36], [0.0, -0.34], [0.0, -0.12]]) * scale
        blend(image, stroke(size, through(crease), 0.07 * scale, 0.07 * scale) * 0.50, (0.52, 0.31, 0.25))
    for ids in ([36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]):
        ring = closed_curve(landmarks[ids])
        blend(
            image, stroke(size, np.concatenate([ring, ring[:1]]), 0.07 * scale, 0.07 * scale) * 0.40, (0.55, 0.30, 0.26)
        )


def _scalp(image: np.ndarray, hair: np.ndarray, scale: float) -> None:
    hair = cv2.morphologyEx(hair, cv2.MORPH_CLOSE, np.ones((3, 3)), iterations=round(0.15 * scale))
    ground = cv2.GaussianBlur(hair, (0, 0), 0.10 * scale)
    fall = np.roll(hair, round(0.25 * scale), 0)
    shadow = 0.55 * cv2.GaussianBlur(fall, (0, 0), 0.30 * scale) + 0.45 * cv2.GaussianBlur(hair, (0, 0), 0.9 * scale)
    image *= 1 - shadow[..., None] * np.array([0.20, 0.28, 0.32], np.float32)
    blend(image, np.clip(ground * 1.3 - 0.3, 0, 1) * 0.85, (0.36, 0.25, 0.19))


def _lips(landmarks: np.ndarray, scale: float, size: int) -> np.ndarray:
    """Mask of the lips, paler towards the corners, faintly lined."""
    outline = landmarks[48:60].copy()
    outline[7:12, 1] += np.array([0.05, 0.09, 0.10, 0.09, 0.05]) * scale  # the rounded lower edge
    outline[1:6, 1] -= np.array([0.02, 0.05, 0.04, 0.05, 0.02]) * scale
    mask = cv2.GaussianBlur(fill(size, closed_curve(outline)), (0, 0), 0.085 * scale)
    half = (landmarks[54, 0] - landmarks[48, 0]) / 2
    off = np.abs(np.arange(size) - (landmarks[54, 0] + landmarks[48, 0]) / 2) / half
    rows = np.random.default_rng(8).normal(size=(max(8, size // 40), size)).astype(np.float32)
    lined = cv2.resize(cv2.GaussianBlur(rows, (0, 0), 0.03 * scale), (size, size), interpolation=cv2.INTER_LINEAR)
    ends = 1 - 0.55 * np.clip((off - 0.72) / 0.28, 0, 1) ** 1.5
    return mask * ends.astype(np.float32) * (1 - 0.025 * np.abs(lined / lined.std()).clip(0, 2))
