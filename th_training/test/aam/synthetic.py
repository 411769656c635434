"""A small drawn face with exact landmarks, for tests that need no OpenGL."""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 96
UNITS = 10


def template() -> np.ndarray:
    """(68, 2) px: a frontal face, mouth a little open."""
    t = np.linspace(np.pi * 0.97, np.pi * 0.03, 17)
    jaw = np.stack([48 + 26 * np.cos(t), 42 + 34 * np.sin(t)], 1)

    def arc(x0: float, x1: float, y: float, count: int, rise: float) -> np.ndarray:
        x = np.linspace(x0, x1, count)
        return np.stack([x, y - rise * np.sin(np.pi * (x - x0) / (x1 - x0))], 1)

    def eye(x: float) -> np.ndarray:
        return np.array([(x - 6, 40), (x - 2, 38), (x + 2, 38), (x + 6, 40), (x + 2, 42), (x - 2, 42)], float)

    nose = np.array([(48, 40), (48, 44), (48, 48), (48, 52), (43, 55), (45.5, 56), (48, 56.5), (50.5, 56), (53, 55)])
    outer = np.concatenate([arc(37, 59, 63, 7, 3), arc(59, 37, 63, 7, -6)[1:6]])
    inner = np.concatenate([arc(39, 57, 63, 5, 1), arc(57, 39, 63, 5, -2.5)[1:4]])
    brows = [arc(28, 42, 34, 5, 2), arc(54, 68, 34, 5, 2)]
    return np.concatenate([jaw, *brows, nose, eye(36), eye(60), outer, inner])


def landmarks(pose: np.ndarray) -> np.ndarray:
    """(68, 2) of weights (UNITS,) about -1 .. 1."""
    p = template()
    low = np.r_[55:60, 65:68]
    drop = 4 * max(pose[0], -0.45)
    p[low, 1] += drop
    p[4:13, 1] += drop * np.sin(np.linspace(0.2, np.pi - 0.2, 9))
    p[[48, 60], 0] -= 2 * pose[1]
    p[[54, 64], 0] += 2 * pose[1]
    p[[48, 54, 60, 64], 1] -= 1.5 * pose[2]
    p[17:22, 1] -= 2 * pose[3]
    p[22:27, 1] -= 2 * pose[4]
    p[[37, 38], 1] += 0.8 * pose[5]
    p[[43, 44], 1] += 0.8 * pose[6]
    p[[49, 50, 51, 52, 53], 1] -= 0.8 * pose[7]
    p[31:36, 0] = 48 + (p[31:36, 0] - 48) * (1 + 0.15 * pose[8])
    p[[20, 21], 0] += pose[9]
    p[[22, 23], 0] -= pose[9]
    return p


def render(pose: np.ndarray) -> np.ndarray:
    """(SIZE, SIZE, 3) uint8 of the same weights: skin, brows, eyes, lips, teeth that stay, and a blush that follows."""
    p = landmarks(pose)
    big = 4
    picture = np.full((SIZE * big, SIZE * big, 3), (200, 190, 170), np.uint8)

    def fill(points: np.ndarray, colour: tuple[float, float, float]) -> None:
        cv2.fillPoly(picture, [np.round((points + 0.5) * big - 0.5).astype(np.int32)], colour)

    cv2.ellipse(picture, (48 * big, 44 * big), (30 * big, 38 * big), 0, 0, 360, (140, 165, 205), -1)
    fill(p[:17], (150 - 12 * pose[3], 175 + 10 * pose[0], 215 - 10 * pose[2]))
    for brow in (p[17:22], p[22:27]):
        fill(np.concatenate([brow, brow[::-1] + np.array([0, 2.5])]), (40, 50, 80))
    for eye in (p[36:42], p[42:48]):
        fill(eye, (240, 240, 240))
    fill(p[48:60], (90, 80, 190))
    mouth = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mouth, [np.round((p[60:68] + 0.5) * big - 0.5).astype(np.int32)], (1,))
    inside = np.full_like(picture, (20, 10, 40))
    inside[: int(65.5 * big)] = (235, 240, 240)
    picture[mouth > 0] = inside[mouth > 0]
    return cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def poses(count: int, *, seed: int = 0) -> np.ndarray:
    """(count, UNITS), the first at rest."""
    weights = np.random.default_rng(seed).uniform(-1, 1, (count, UNITS))
    weights[0] = 0
    return weights


class Person:
    """Stands in for th_training.actor.Actor."""

    def render(self, pose: np.ndarray) -> np.ndarray:
        return render(pose)

    def landmarks(self, pose: np.ndarray) -> np.ndarray:
        return landmarks(pose)
