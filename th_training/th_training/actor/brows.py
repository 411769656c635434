"""Eyebrows: single hairs on a soft ground, part of the skin's picture."""

from __future__ import annotations

import cv2
import numpy as np

from .brushes import blend, fill

BROW = np.array([0.225, 0.145, 0.10])  # square root of albedo, RGB


def paint_brows(image: np.ndarray, landmarks: np.ndarray, scale: float) -> None:
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
            cv2.line(
                hairs, ends[0], ends[1], (int(rng.uniform(110, 255)),), max(1, round(0.022 * scale)), cv2.LINE_AA, 4
            )
    soft = cv2.GaussianBlur(ground, (0, 0), 0.13 * scale)
    strands = cv2.GaussianBlur(hairs, (0, 0), 0.020 * scale).astype(np.float32) / 255
    blend(image, soft * 0.60, BROW)
    blend(image, strands * 0.48, BROW * 0.8)
