"""Folds that come with a pose: furrows of the brow, beside nose and mouth, painted as light and shade."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from .brushes import px_per_cm, through
from .units import INDEX, weights

# Which units fold the painted skin (frown, forehead, nose to mouth, nose's bridge): weight by unit, mean of both sides
_FOLDS: tuple[dict[str, float], ...] = (
    {"browDown": 0.75, "browInnerUp": 0.10},
    {"browInnerUp": 0.42, "browOuterUp": 0.42, "browDown": -0.3},
    {"mouthSmile": 0.50, "noseSneer": 0.45, "cheekSquint": 0.12, "mouthUpperUp": 0.2, "mouthStretch": 0.12},
    {"noseSneer": 0.75},
)
_DEEPEST = 0.85


def paint_folds(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Texture (size, size, 4) uint8 of what skin folds do to its brightness, 128: nothing, below: a furrow's shade.

    Channels: frown between the brows, forehead, from nose to mouth, beside the nose's bridge.
    """
    scale = px_per_cm(landmarks)
    out = np.zeros((size, size, 4), np.float32)
    brow = (landmarks[21] + landmarks[22]) / 2
    for side in (-1, 1):
        frown = brow + np.array([(0.36, -0.95), (0.44, -0.25), (0.32, 0.45)]) * [side * scale, scale]
        _furrow(out, 0, frown, scale, 1.0)
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
    line = through(line)
    fade = np.sin(np.pi * np.linspace(0.04, 0.96, len(line))) ** 0.7
    mask = np.zeros((size, size), np.float32)
    for a, b, strength in zip(line[:-1], line[1:], fade[:-1], strict=True):
        ends = [tuple(round(16 * float(c)) for c in p) for p in (a, b)]
        cv2.line(mask, ends[0], ends[1], (float(strength),), max(1, round(0.05 * spread * scale)), cv2.LINE_AA, 4)
    groove = cv2.GaussianBlur(mask, (0, 0), 0.11 * spread * scale)
    wide = cv2.GaussianBlur(mask, (0, 0), 0.26 * spread * scale)
    ridge = np.roll(wide, round(0.16 * spread * scale), 0)
    groove, wide, ridge = (m / max(float(m.max()), 1e-6) for m in (groove, wide, ridge))
    out[..., channel] += depth * (0.24 * ridge - 0.42 * groove - 0.36 * wide)


def fold_depths(pose: Mapping[str, float] | np.ndarray) -> tuple[float, ...]:
    """Depth of each painted fold in a pose, 0 .. _DEEPEST."""
    vector = weights(pose)

    def mean(unit: str) -> float:
        sides = [vector[INDEX[name]] for name in (unit, unit + "Left", unit + "Right") if name in INDEX]
        return float(np.mean(sides))

    deep = [sum(share * mean(unit) for unit, share in fold.items()) for fold in _FOLDS]
    return tuple(float(np.clip(d, 0, _DEEPEST)) for d in deep)
