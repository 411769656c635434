"""What is behind the actor."""

from __future__ import annotations

import numpy as np
from scipy.special import expit


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
