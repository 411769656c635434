"""The skin's picture, painted in the space of the neutral portrait: colour and moist lips."""

from __future__ import annotations

import cv2
import numpy as np

SKIN = np.array([0.868, 0.668, 0.565])  # square root of albedo, RGB
LIP = np.array([0.72, 0.36, 0.34])
BROW = np.array([0.27, 0.18, 0.13])


def paint_skin(landmarks: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """Texture (size, size, 4) uint8: RGB square root of albedo, A 255 dry skin .. 0 moist lip.

    landmarks: (68, 2) neutral landmarks in px of this texture.
    hair: (size, size) 0..1, where hair will lie: the scalp below is dark and shades the forehead.
    """
    size = len(hair)
    scale = float(np.linalg.norm(landmarks[45] - landmarks[36])) / 8.06  # px per cm
    image = np.broadcast_to(SKIN, (size, size, 3)).astype(np.float32).copy()
    image += _grain(size, scale)[..., None]
    for side in (1, -1):
        eye = landmarks[[36, 39] if side > 0 else [42, 45]].mean(0)
        cheek = eye + np.array([-side * 0.9, 3.6]) * scale
        _blend(image, _spot(size, cheek, (1.5 * scale, 1.2 * scale)) * 0.20, (0.93, 0.54, 0.49))
    for spot, radii, share in (
        (landmarks[30], (0.9, 0.8), 0.16),
        (landmarks[[8, 57]].mean(0), (1.1, 0.8), 0.10),
    ):
        _blend(image, _spot(size, spot, (radii[0] * scale, radii[1] * scale)) * share, (0.90, 0.52, 0.45))
    _scalp(image, hair, scale)
    _brows(image, landmarks, scale)
    lips = _lips(landmarks, scale, size)
    _blend(image, lips * 0.9, LIP)
    moist = cv2.GaussianBlur(cv2.erode(lips, np.ones((3, 3)), iterations=round(0.10 * scale)), (0, 0), 0.08 * scale)
    alpha = 1 - moist
    rgba = np.dstack([image, alpha])
    return np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8)


def _grain(size: int, scale: float) -> np.ndarray:
    """Fine unevenness (size, size), so that skin does not look like wax."""
    noise = np.random.default_rng(5).normal(size=(size, size)).astype(np.float32)
    grain = np.zeros((size, size), np.float32)
    for spread, depth in ((0.025, 0.006), (0.30, 0.004)):
        smooth = cv2.GaussianBlur(noise, (0, 0), spread * scale)
        grain += smooth * (depth / smooth.std())
    return grain


def _scalp(image: np.ndarray, hair: np.ndarray, scale: float) -> None:
    hair = cv2.morphologyEx(hair, cv2.MORPH_CLOSE, np.ones((3, 3)), iterations=round(0.25 * scale))
    ground = cv2.GaussianBlur(hair, (0, 0), 0.14 * scale)
    shadow = cv2.GaussianBlur(np.roll(hair, round(0.30 * scale), 0), (0, 0), 0.40 * scale)
    image *= 1 - shadow[..., None] * np.array([0.16, 0.22, 0.26], np.float32)
    _blend(image, np.clip(ground * 1.2 - 0.1, 0, 1) * 0.85, (0.30, 0.21, 0.16))


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
    outline = landmarks[48:60].copy()
    outline[7:12, 1] += np.array([0.05, 0.09, 0.10, 0.09, 0.05]) * scale  # the rounded lower edge
    mask = fill(size, closed_curve(outline))
    return cv2.GaussianBlur(mask, (0, 0), 0.06 * scale)


def _brows(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """Single hairs below the upper edges that landmarks 21-17 and 22-26 give, on a soft ground."""
    size = image.shape[0]
    rng = np.random.default_rng(11)
    fine = np.linspace(0, 1, 60)
    thickness = np.interp(fine, [0, 0.12, 0.45, 0.75, 1], [0.30, 0.42, 0.40, 0.26, 0.06]) * scale
    hairs = np.zeros((size, size), np.uint8)
    ground = np.zeros((size, size), np.float32)
    for ids in ([21, 20, 19, 18, 17], [22, 23, 24, 25, 26]):
        knots = np.linspace(0, 1, 5)
        spline = [np.polynomial.Polynomial.fit(knots, landmarks[ids, k], 2) for k in (0, 1)]
        upper = np.stack([s(fine) for s in spline], 1)
        lower = upper + np.array([0, 1]) * thickness[:, None]
        ground = np.maximum(ground, fill(size, np.concatenate([upper, lower[::-1]])))
        for _ in range(300):
            u, down = rng.uniform(0, 0.97), rng.uniform(0.05, 1.0)
            k = int(u * 59)
            root = upper[k] + [0, down * thickness[k]]
            along = upper[min(k + 1, 59)] - upper[max(k - 1, 0)]
            along = along / np.linalg.norm(along)
            rise = np.interp(u, [0, 0.25, 0.6, 1.0], [1.6, 0.7, 0.10, -0.15]) * (2 * down - 0.7)
            way = along + np.array([0, -1]) * rise
            length = rng.uniform(0.28, 0.45) * scale * np.interp(u, [0, 0.2, 1], [0.8, 1.0, 0.8])
            tip = root + way / np.linalg.norm(way) * length
            ends = [tuple(round(16 * float(c)) for c in p) for p in (root, tip)]
            cv2.line(hairs, ends[0], ends[1], (255,), max(1, round(0.030 * scale)), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(ground, (0, 0), 0.10 * scale)
    strands = cv2.GaussianBlur(hairs, (0, 0), 0.018 * scale).astype(np.float32) / 255
    _blend(image, soft * 0.45, BROW)
    _blend(image, strands * 0.55, BROW * 0.85)


def paint_backdrop(size: int, hair: np.ndarray) -> np.ndarray:
    """Plain soft background (size, size, 4) uint8 RGBA, lightest behind the face.

    hair: (size, size, 4) uint8, premultiplied: what hangs behind the head.
    """
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    far = np.clip(np.hypot(x - 0.5, (y - 0.42) * 0.9) / 0.72, 0, 1)[..., None]
    far = far * far * (3 - 2 * far)
    light, dark = np.array([232, 236, 238]), np.array([176, 192, 203])
    rgb = light * (1 - far) + dark * far
    rgb = rgb * (1 - hair[..., 3:] / 255.0) + hair[..., :3]
    return np.dstack([np.round(rgb), np.full((size, size), 255)]).astype(np.uint8)
