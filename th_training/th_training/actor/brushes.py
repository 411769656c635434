"""Brushes: soft masks and curves in pixels of a square picture."""

from __future__ import annotations

import cv2
import numpy as np


def noise(size: int, spreads: tuple[float, ...], seed: int = 5) -> np.ndarray:
    """Smooth unevenness (size, size) of several sizes (px), sd 1."""
    white = np.random.default_rng(seed).normal(size=(size, size)).astype(np.float32)
    total = np.zeros((size, size), np.float32)
    for spread in spreads:
        smooth = cv2.GaussianBlur(white, (0, 0), spread)
        total += smooth / smooth.std()
    return total / len(spreads) ** 0.5


def closed_curve(points: np.ndarray, steps: int = 12) -> np.ndarray:
    """Catmull-Rom curve through a ring of points (K, 2) -> (K * steps, 2)."""
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = (np.roll(points, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return curve.reshape(-1, 2)


def through(points: np.ndarray, steps: int = 40) -> np.ndarray:
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


def stroke(size: int, line: np.ndarray, width: float, blur: float) -> np.ndarray:
    """Soft mask (size, size) 0..1 of a line (K, 2) px."""
    mask = np.zeros((size, size), np.uint8)
    cv2.polylines(mask, [np.round(line * 16).astype(np.int32)], False, (255,), max(1, round(width)), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur)
    return soft / max(float(soft.max()), 1e-6)


def px_per_cm(landmarks: np.ndarray) -> float:
    """Px per cm."""
    return float(np.linalg.norm(landmarks[45] - landmarks[36])) / 8.06


def spot(size: int, centre: np.ndarray, radii: tuple[float, float]) -> np.ndarray:
    x, y = (np.exp(-(((np.arange(size) - centre[k]) / radii[k]) ** 2)).astype(np.float32) for k in (0, 1))
    return y[:, None] * x


def blend(image: np.ndarray, mask: np.ndarray, colour) -> None:
    image += mask[..., None] * (np.asarray(colour, np.float32) - image)
