"""Hair of a still head: strands shaded along their length (Kajiya and Kay, 1989) and drawn once, nothing of it moves."""

from __future__ import annotations

import cv2
import numpy as np

from .camera import Camera
from .strands import BEHIND, CENTRE, STEPS, Locks, Scalp, grow, stray_hairs

COLOUR = np.array([0.150, 0.070, 0.036])  # linear RGB
STRANDS, FLYAWAYS = 9000, 360
_FINE = 2048  # px that hair is drawn at, at least
_KEY = np.array([-0.50, 0.70, 0.95]) / np.linalg.norm([-0.50, 0.70, 0.95])
_RIM = np.array([0.55, 0.70, -0.45]) / np.linalg.norm([0.55, 0.70, -0.45])


def draw_hair(skin: np.ndarray, size: int, *, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Layers behind and before the head, each (size, size, 4) uint8, premultiplied RGB and cover.

    skin: (N, 3) vertices of the resting head, cm.
    """
    rng = np.random.default_rng(seed)
    scalp = Scalp(skin)
    locks, stray = grow(scalp, rng, STRANDS), stray_hairs(scalp, rng, FLYAWAYS)
    fine = max(size, min(2 * size, _FINE))
    camera, hair = Camera(fine), fine / 2048  # px, a hair's width
    # From the back of the head to the forehead, the inner strands of each part of it first
    order = np.argsort(-np.round(locks.place * 24) + locks.depth, kind="stable")
    back, fore = order[locks.place[order] > BEHIND * 0.8], order[locks.place[order] < BEHIND]
    ground = fore[locks.place[fore] > 0.14]
    behind, front, loose = (np.zeros((fine, fine, 4), np.uint8) for _ in range(3))
    colours = _shade(locks)
    _draw(behind, camera, locks.paths[back[::3]], colours[back[::3]] * 1.5, 12 * hair)
    _draw(behind, camera, locks.paths[back], colours[back] * 1.7, 2 * hair)
    _draw(front, camera, locks.paths[ground[::5]], colours[ground[::5]], 11 * hair)
    _draw(front, camera, locks.paths[fore], colours[fore], 2 * hair)
    _draw(loose, camera, stray.paths, _shade(stray), hair)
    front = _over((cv2.GaussianBlur(loose, (0, 0), 0.8 * hair) * 0.45).astype(np.uint8), front)
    return _made_smaller(behind, size, 3.0 * hair), _made_smaller(front, size, 0.8 * hair)


def _shade(locks: Locks) -> np.ndarray:
    """Colour (K, STEPS, 3) as it is shown, 0..1."""
    paths, place, depth, tone = locks
    tangent = np.gradient(paths, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-9)
    out = (paths - CENTRE) * [1, np.nan, 1]
    # Below the ears hair hangs round a column rather than a ball
    out[..., 1] = np.where(paths[..., 1] > CENTRE[1], paths[..., 1] - CENTRE[1], 0.25 * (paths[..., 1] - CENTRE[1]))
    out /= np.linalg.norm(out, axis=2, keepdims=True)
    half = _KEY + np.array([0, 0, 1.0])
    half /= np.linalg.norm(half)

    def across(light: np.ndarray, power: float, shift: float) -> np.ndarray:
        tilted = tangent + shift * out
        tilted /= np.linalg.norm(tilted, axis=2, keepdims=True)
        return np.sqrt(np.clip(1 - (tilted @ light) ** 2, 0, 1)) ** power

    along = np.linspace(0, 1, STEPS)
    facing = np.clip(out @ _KEY * 0.70 + 0.46, 0.16, 1)
    rim = np.clip(out @ _RIM, 0, 1) ** 2
    diffuse = (0.35 + 0.65 * across(_KEY, 1, 0)) * facing
    inner = (0.45 + 0.55 * depth)[:, None] * (0.72 + 0.28 * np.clip(along * 5, 0, 1))
    low = np.clip((paths[..., 1] + 9.5) / 7.0, 0.45, 1)  # the shade of the head falls on what hangs by the neck
    low = np.where(np.abs(paths[..., 0]) < 6.6, low, np.maximum(low, 0.7))
    shade = inner * low * np.where(place > 1.2, 0.7, 1.0)[:, None]
    sun = np.array([1.0, 1.05, 1.12]) ** (along[:, None] * 3 - 0.5)  # a touch lighter towards the ends
    colour = COLOUR * sun * tone[:, None, None] * (0.16 + 1.75 * diffuse[..., None]) * shade[..., None]
    shine = across(half, 50, -0.12) * 0.15 + across(half, 14, 0.10) * 0.075
    gloss = (shine * facing**1.5 + rim * 0.07 * across(_RIM, 8, 0)) * shade
    colour = colour + gloss[..., None] * np.array([1.0, 0.72, 0.50]) * tone[:, None, None] ** 2
    return np.sqrt(np.clip(colour, 0, 1))


def _draw(canvas: np.ndarray, camera: Camera, paths: np.ndarray, colours: np.ndarray, width: float) -> None:
    """Strands (K, STEPS, 3) cm with their colours (K, STEPS, 3) 0..1, each over those before it, in dots `width` px wide."""
    size, dot = len(canvas), max(1, round(width))
    ends = camera.project(paths.reshape(-1, 3)).reshape(*paths.shape[:2], 2)
    between = max(2, int(np.ceil(np.linalg.norm(np.diff(ends, axis=1), axis=2).max() / max(1, dot * 0.7))))
    at = np.linspace(0, STEPS - 1, (STEPS - 1) * between + 1)
    left = np.minimum(at.astype(int), STEPS - 2)
    share = (at - left)[:, None].astype(np.float32)
    flat = canvas.reshape(-1, 4).view(np.uint32).ravel()
    for begin in range(0, len(paths), 500):
        points, shades = (v[begin : begin + 500].astype(np.float32) for v in (ends, colours))
        points, shades = (v[:, left] * (1 - share) + v[:, left + 1] * share for v in (points, shades))
        column, row = np.moveaxis(np.round(points).astype(np.int32), -1, 0)
        value = np.round(shades * 255).clip(0, 255).astype(np.uint32)
        packed = value[..., 0] | value[..., 1] << 8 | value[..., 2] << 16 | np.uint32(255 << 24)
        for down in range(dot):
            for right in range(dot):
                y, x = row + (down - dot // 2), column + (right - dot // 2)
                seen = (x >= 0) & (y >= 0) & (x < size) & (y < size)
                flat[(y * size + x)[seen]] = packed[seen]


def _made_smaller(layer: np.ndarray, size: int, spread: float) -> np.ndarray:
    soft = cv2.GaussianBlur(layer, (0, 0), max(spread, 0.3))
    return soft if len(layer) == size else cv2.resize(soft, (size, size), interpolation=cv2.INTER_AREA)


def _over(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Premultiplied layers, one before the other."""
    return np.round(top + bottom * (1 - top[..., 3:] / 255.0)).clip(0, 255).astype(np.uint8)
