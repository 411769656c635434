"""A slow and plain decoder, pixel by pixel in float64, for tests to compare the fast one with."""

from __future__ import annotations

import math

import numpy as np

from th_face_renderer.face_model import FaceModel
from th_face_renderer.mesh import Placement


def sample(texture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear samples of (h, w, 3) at x, y; beyond the edge the edge."""
    height, width = texture.shape[:2]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    x0, y0 = np.minimum(x.astype(int), width - 2), np.minimum(y.astype(int), height - 2)
    u, v = (x - x0)[..., None], (y - y0)[..., None]
    top = texture[y0, x0] * (1 - u) + texture[y0, x0 + 1] * u
    bottom = texture[y0 + 1, x0] * (1 - u) + texture[y0 + 1, x0 + 1] * u
    return top * (1 - v) + bottom * v


def render(model: FaceModel, code: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Picture (h, w, 3) float64 of levels 0..255, and which pixels (h, w) lie inside the mesh."""
    shape, texture = model.instance(code)
    points = Placement.fit(model.canvas, size).apply(shape)
    texture = np.clip(np.rint(texture), 0, 255)
    picture, inside = np.zeros((*size, 3)), np.zeros(size, bool)
    y, x = np.mgrid[: size[0], : size[1]]
    for corners, target in zip(points[model.triangles], model.reference[model.triangles], strict=True):
        one, two = corners[1] - corners[0], corners[2] - corners[0]
        area = one[0] * two[1] - one[1] * two[0]
        if abs(area) < 1e-9:
            continue
        dx, dy = x - corners[0, 0], y - corners[0, 1]
        a = (dx * two[1] - dy * two[0]) / area
        b = (one[0] * dy - one[1] * dx) / area
        here = (a >= -1e-9) & (b >= -1e-9) & (a + b <= 1 + 1e-9)
        place = target[0] + a[here, None] * (target[1] - target[0]) + b[here, None] * (target[2] - target[0])
        picture[here] = sample(texture, place[:, 0], place[:, 1])
        inside |= here
    return picture, inside


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    """Peak signal to noise ratio in dB of levels 0..255."""
    error = float(np.mean((one.astype(float) - two) ** 2))
    return 10 * math.log10(255**2 / error) if error else math.inf
