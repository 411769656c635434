"""The skin's picture, painted in the space of the neutral portrait: colour, moist lips, and folds."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.special import expit

SKIN = np.array([0.870, 0.650, 0.530])  # square root of albedo, RGB
FLUSH = np.array([0.90, 0.50, 0.44])
LIP = np.array([0.735, 0.395, 0.375])
BROW = np.array([0.225, 0.145, 0.10])
_EYES = (([36, 37, 38, 39], -1), ([42, 43, 44, 45], 1))  # upper lids, and the way to the outer corner's side


def paint_skin(landmarks: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """Texture (size, size, 4) uint8: RGB square root of albedo, A 255 dry skin .. 0 moist lip.

    landmarks: (68, 2) neutral landmarks in px of this texture.
    hair: (size, size) 0..1, where hair will lie: the scalp below is dark and shades the skin beside it.
    """
    size = len(hair)
    scale = _scale(landmarks)
    image = np.broadcast_to(SKIN, (size, size, 3)).astype(np.float32).copy()
    _complexion(image, landmarks, scale)
    _lids(image, landmarks, scale)
    _scalp(image, hair, scale)
    _brows(image, landmarks, scale)
    lips = _lips(landmarks, scale, size)
    _blend(image, lips * 0.92, LIP)
    line = landmarks[[60, 61, 62, 63, 64]]
    _blend(image, _stroke(size, line, 0.10 * scale, 0.09 * scale) * lips * 0.35, (0.58, 0.26, 0.25))
    moist = cv2.GaussianBlur(cv2.erode(lips, np.ones((3, 3)), iterations=round(0.10 * scale)), (0, 0), 0.10 * scale)
    rgba = np.dstack([image, 1 - moist])
    return np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8)


def paint_folds(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Texture (size, size, 4) uint8 of what skin folds do to its brightness, 128: nothing, below: a furrow's shade.

    Channels: frown between the brows, forehead, from nose to mouth, beside the nose's bridge.
    """
    scale = _scale(landmarks)
    out = np.zeros((size, size, 4), np.float32)
    brow = (landmarks[21] + landmarks[22]) / 2
    for side in (-1, 1):
        lines = [(0, [(0.36, -0.95), (0.44, -0.25), (0.32, 0.45)], 1.0)]
        for channel, line, depth in lines:
            _furrow(out, channel, brow + np.array(line) * [side * scale, scale], scale, depth)
        wing, corner = landmarks[31 if side < 0 else 35], landmarks[48 if side < 0 else 54]
        line = np.array([wing + np.array([side * 0.30, -0.55]) * scale, wing + np.array([side * 0.95, 0.15]) * scale,
                         corner + np.array([side * 0.62, -0.85]) * scale, corner + np.array([side * 0.75, 0.15]) * scale])  # fmt: skip
        _furrow(out, 2, line, scale, 0.75, spread=2.2)
        bridge = landmarks[28]
        for down in (-0.25, 0.12, 0.48):
            line = bridge + np.array([[0.30, down], [0.62, down - 0.16], [0.92, down - 0.02]]) * [side * scale, scale]
            _furrow(out, 3, line, scale, 0.5, spread=1.3)
    for up, wide, depth in ((1.15, 2.6, 0.7), (1.95, 3.2, 0.9), (2.75, 2.9, 0.7)):
        x = np.linspace(-wide, wide, 15)
        y = -up - 0.20 * np.cos(x * 0.9) + 0.10 * np.cos(x * 2.1 + up)
        _furrow(out, 1, brow + np.stack([x, y], 1) * scale, scale, depth)
    return np.round(np.clip(out * 0.5 + 0.5, 0, 1) * 255).astype(np.uint8)


def _furrow(out: np.ndarray, channel: int, line: np.ndarray, scale: float, depth: float, spread: float = 1.0) -> None:
    """A dark groove along a line (K, 2) px that fades at its ends, and the lit ridge below it."""
    size = len(out)
    line = _through(line)
    fade = np.sin(np.pi * np.linspace(0.04, 0.96, len(line))) ** 0.7
    mask = np.zeros((size, size), np.float32)
    for a, b, strength in zip(line[:-1], line[1:], fade[:-1], strict=True):
        ends = [tuple(round(16 * float(c)) for c in p) for p in (a, b)]
        cv2.line(mask, ends[0], ends[1], float(strength), max(1, round(0.05 * spread * scale)), cv2.LINE_AA, 4)
    groove = cv2.GaussianBlur(mask, (0, 0), 0.11 * spread * scale)
    wide = cv2.GaussianBlur(mask, (0, 0), 0.26 * spread * scale)
    ridge = np.roll(wide, round(0.16 * spread * scale), 0)
    groove, wide, ridge = (m / max(float(m.max()), 1e-6) for m in (groove, wide, ridge))
    out[..., channel] += depth * (0.24 * ridge - 0.42 * groove - 0.36 * wide)


def _complexion(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """Blood and light in the skin: flushed cheeks, nose and chin, a clear forehead, uneven as skin is."""
    size = len(image)
    uneven = _noise(size, (0.45 * scale, 0.16 * scale))
    image += uneven[..., None] * np.array([0.003, -0.006, -0.006], np.float32)
    image += (_noise(size, (0.03 * scale, 1.2 * scale), seed=6) * 0.005)[..., None]
    for side in (1, -1):
        eye = landmarks[[36, 39] if side > 0 else [42, 45]].mean(0)
        cheek = eye + np.array([-side * 0.75, 3.1]) * scale
        soft = _spot(size, cheek, (2.3 * scale, 1.75 * scale)) * 0.23 + _spot(size, cheek, (1.2 * scale, 0.9 * scale)) * 0.06
        _blend(image, soft, FLUSH)
        _blend(image, _spot(size, eye + [0, 0.95 * scale], (1.3 * scale, 0.45 * scale)) * 0.14, (0.82, 0.57, 0.52))
        ear = np.array([landmarks[27, 0] - side * 6.9 * scale, landmarks[29, 1]])
        _blend(image, _spot(size, ear, (0.8 * scale, 2.2 * scale)) * 0.4, FLUSH)
    for place, radii, share in (
        (landmarks[30], (0.95, 0.8), 0.22),
        (landmarks[[8, 57]].mean(0), (1.2, 0.8), 0.12),
        (landmarks[33] + [0, 0.5 * scale], (0.5, 0.4), 0.08),
    ):
        _blend(image, _spot(size, place, (radii[0] * scale, radii[1] * scale)) * share, FLUSH)
    forehead = (landmarks[21] + landmarks[22]) / 2 - [0, 2.4 * scale]
    _blend(image, _spot(size, forehead, (3.4 * scale, 1.9 * scale)) * 0.30, (0.90, 0.70, 0.575))
    _freckles(image, landmarks, scale)


def _freckles(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """A few, faint, on nose and cheeks."""
    rng = np.random.default_rng(3)
    layer = np.zeros(image.shape[:2], np.float32)
    middle = landmarks[[29, 30]].mean(0)
    for _ in range(110):
        at = middle + rng.normal(size=2) * [3.0 * scale, 0.75 * scale] + [0, 0.05 * scale]
        radius, shade = rng.uniform(0.022, 0.05) * scale, float(rng.uniform(0.25, 0.8))
        cv2.circle(layer, tuple(np.round(at * 16).astype(int).tolist()), max(4, round(radius * 16)), shade, -1, cv2.LINE_AA, 4)
    _blend(image, cv2.GaussianBlur(layer, (0, 0), 0.03 * scale) * 0.20, (0.66, 0.44, 0.33))


def _lids(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """Thin, warm skin round the eyes, the crease above them and the dark root of the lashes."""
    size = len(image)
    for ids, _ in _EYES:
        lid = landmarks[ids]
        middle = lid.mean(0)
        _blend(image, _spot(size, middle - [0, 0.22 * scale], (1.35 * scale, 0.55 * scale)) * 0.34, (0.76, 0.51, 0.44))
        crease = lid + np.array([[0.0, -0.16], [0.0, -0.36], [0.0, -0.34], [0.0, -0.12]]) * scale
        _blend(image, _stroke(size, _through(crease), 0.07 * scale, 0.07 * scale) * 0.50, (0.52, 0.31, 0.25))
    for ids in ([36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]):
        ring = closed_curve(landmarks[ids])
        _blend(image, _stroke(size, np.concatenate([ring, ring[:1]]), 0.07 * scale, 0.07 * scale) * 0.40, (0.55, 0.30, 0.26))


def _noise(size: int, spreads: tuple[float, ...], seed: int = 5) -> np.ndarray:
    """Smooth unevenness (size, size) of several sizes (px), sd 1."""
    white = np.random.default_rng(seed).normal(size=(size, size)).astype(np.float32)
    total = np.zeros((size, size), np.float32)
    for spread in spreads:
        smooth = cv2.GaussianBlur(white, (0, 0), spread)
        total += smooth / smooth.std()
    return total / len(spreads) ** 0.5


def _scalp(image: np.ndarray, hair: np.ndarray, scale: float) -> None:
    hair = cv2.morphologyEx(hair, cv2.MORPH_CLOSE, np.ones((3, 3)), iterations=round(0.15 * scale))
    ground = cv2.GaussianBlur(hair, (0, 0), 0.10 * scale)
    fall = np.roll(hair, round(0.25 * scale), 0)
    shadow = 0.55 * cv2.GaussianBlur(fall, (0, 0), 0.30 * scale) + 0.45 * cv2.GaussianBlur(hair, (0, 0), 0.9 * scale)
    image *= 1 - shadow[..., None] * np.array([0.20, 0.28, 0.32], np.float32)
    _blend(image, np.clip(ground * 1.3 - 0.3, 0, 1) * 0.85, (0.36, 0.25, 0.19))


def closed_curve(points: np.ndarray, steps: int = 12) -> np.ndarray:
    """Catmull-Rom curve through a ring of points (K, 2) -> (K * steps, 2)."""
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = (np.roll(points, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return curve.reshape(-1, 2)


def _through(points: np.ndarray, steps: int = 40) -> np.ndarray:
    """A smooth open curve through points (K, 2) -> (steps, 2)."""
    at = np.linspace(0, 1, len(points))
    fit = np.polynomial.Polynomial.fit
    degree = min(len(points) - 1, 3) if len(points) < 6 else 9
    return np.stack([fit(at, points[:, k], degree)(np.linspace(0, 1, steps)) for k in (0, 1)], 1)


def fill(size: int, polygon: np.ndarray) -> np.ndarray:
    """Antialiased mask (size, size) float32 of a polygon (K, 2) in px."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon * 16).astype(np.int32)], (255,), cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / 255


def _stroke(size: int, line: np.ndarray, width: float, blur: float) -> np.ndarray:
    """Soft mask (size, size) 0..1 of a line (K, 2) px."""
    mask = np.zeros((size, size), np.uint8)
    cv2.polylines(mask, [np.round(line * 16).astype(np.int32)], False, (255,), max(1, round(width)), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur)
    return soft / max(float(soft.max()), 1e-6)


def _scale(landmarks: np.ndarray) -> float:
    """Px per cm."""
    return float(np.linalg.norm(landmarks[45] - landmarks[36])) / 8.06


def _spot(size: int, centre: np.ndarray, radii: tuple[float, float]) -> np.ndarray:
    x, y = (np.exp(-(((np.arange(size) - centre[k]) / radii[k]) ** 2)).astype(np.float32) for k in (0, 1))
    return y[:, None] * x


def _blend(image: np.ndarray, mask: np.ndarray, colour) -> None:
    image += mask[..., None] * (np.asarray(colour, np.float32) - image)


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


def _brows(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
    """Single hairs below the upper edges that landmarks 21-17 and 22-26 give, on a soft ground."""
    size = image.shape[0]
    rng = np.random.default_rng(11)
    fine = np.linspace(0, 1, 60)
    thickness = np.interp(fine, [0, 0.12, 0.45, 0.75, 1], [0.34, 0.47, 0.46, 0.32, 0.07]) * scale
    hairs = np.zeros((size, size), np.uint8)
    ground = np.zeros((size, size), np.float32)
    for ids in ([21, 20, 19, 18, 17], [22, 23, 24, 25, 26]):
        knots = np.linspace(0, 1, 5)
        spline = [np.polynomial.Polynomial.fit(knots, landmarks[ids, k], 2) for k in (0, 1)]
        upper = np.stack([s(fine) for s in spline], 1)
        lower = upper + np.array([0, 1]) * thickness[:, None]
        ground = np.maximum(ground, fill(size, np.concatenate([upper, lower[::-1]])))
        for _ in range(420):
            u, down = rng.uniform(0, 0.97), rng.uniform(0.0, 1.05)
            k = int(u * 59)
            root = upper[k] + [0, down * thickness[k]]
            along = upper[min(k + 1, 59)] - upper[max(k - 1, 0)]
            along = along / np.linalg.norm(along)
            rise = np.interp(u, [0, 0.25, 0.6, 1.0], [1.8, 0.8, 0.15, -0.15]) * (2 * down - 0.7)
            way = along + np.array([0, -1]) * rise
            length = rng.uniform(0.26, 0.46) * scale * np.interp(u, [0, 0.2, 1], [0.8, 1.0, 0.8])
            tip = root + way / np.linalg.norm(way) * length
            ends = [tuple(round(16 * float(c)) for c in p) for p in (root, tip)]
            cv2.line(hairs, ends[0], ends[1], (int(rng.uniform(110, 255)),), max(1, round(0.022 * scale)), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(ground, (0, 0), 0.13 * scale)
    strands = cv2.GaussianBlur(hairs, (0, 0), 0.020 * scale).astype(np.float32) / 255
    _blend(image, soft * 0.60, BROW)
    _blend(image, strands * 0.48, BROW * 0.8)


def paint_backdrop(size: int, hair: np.ndarray) -> np.ndarray:
    """A bright room far out of focus (size, size, 4) uint8 RGBA, lightest behind the face.

    hair: (size, size, 4) uint8, premultiplied: what hangs behind the head.
    """
    y, x = (np.mgrid[0:size, 0:size].astype(np.float32) + 0.5) / size
    far = np.clip(np.hypot(x - 0.46, (y - 0.40) * 0.9) / 0.80, 0, 1)[..., None]
    far = far * far * (3 - 2 * far)
    rgb = np.array([229, 232, 231], np.float32) * (1 - far) + np.array([168, 184, 190], np.float32) * far

    def add(mask: np.ndarray, colour: tuple[int, int, int], share: float) -> None:
        nonlocal rgb
        rgb = rgb + (mask * share)[..., None] * (np.array(colour, np.float32) - rgb)

    def band(at: np.ndarray, low: float, high: float, soft: float) -> np.ndarray:
        return expit((at - low) / soft) * expit((high - at) / soft)

    add(band(x, -0.2, 0.19, 0.022) * band(y, -0.2, 0.66, 0.03), (250, 246, 236), 0.75)  # a window
    add(band(x, 0.055, 0.066, 0.008) * band(y, -0.2, 0.66, 0.03), (196, 204, 205), 0.5)
    add(band(x, 0.84, 1.2, 0.03) * band(y, 0.10, 1.2, 0.05), (150, 172, 170), 0.45)  # a wall of another colour
    add(np.exp(-(((x - 0.93) / 0.075) ** 2) - ((y - 0.60) / 0.17) ** 2), (112, 150, 122), 0.55)  # a plant
    add(np.exp(-(((x - 0.86) / 0.045) ** 2) - ((y - 0.49) / 0.07) ** 2), (130, 166, 132), 0.40)
    add(np.exp(-(((x - 0.80) / 0.05) ** 2) - ((y - 0.16) / 0.05) ** 2), (255, 240, 212), 0.55)  # a lamp
    add(band(y, 0.74, 1.3, 0.035), (158, 158, 152), 0.35)
    rgb = rgb * (1 - hair[..., 3:] / 255.0) + hair[..., :3]
    return np.dstack([np.round(rgb.clip(0, 255)), np.full((size, size), 255)]).astype(np.uint8)
