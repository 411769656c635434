"""The head's place, size and tilt: similarities between sets of points."""

from __future__ import annotations

import numpy as np


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(2, 3): least-squares rotation, scale and shift of points (P, 2) onto points (P, 2)."""
    s, t = source - source.mean(0), target - target.mean(0)
    power = max(float((s**2).sum()), 1e-12)
    a = (s * t).sum() / power
    b = (s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum() / power
    matrix = np.array([[a, -b], [b, a]])
    return np.c_[matrix, target.mean(0) - matrix @ source.mean(0)]


def move(points: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """(..., P, 2) under a (2, 3) similarity."""
    return points @ similarity[:, :2].T + similarity[:, 2]


def align_all(shapes: np.ndarray, *, rounds: int = 3) -> np.ndarray:
    """(N, P, 2) with every shape moved onto their mean (generalised Procrustes analysis), in the first one's frame."""
    target = shapes[0]
    for _ in range(rounds):
        moved = np.stack([move(shape, similarity(shape, target)) for shape in shapes])
        mean = np.median(moved, 0)
        target = move(mean, similarity(mean, shapes[0]))
    return moved
