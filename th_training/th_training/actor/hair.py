"""Hair of a still head: a bob with a side part, strands that fall from the parting over the skull to the jaw.

Strands are splines between a few guides on either side of the parting, kept off the skull, shaded along their length
(Kajiya and Kay, 1989) and drawn once into a layer that lies before the actor; nothing here moves with a pose.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from .camera import Camera

COLOUR = np.array([0.150, 0.070, 0.036])  # linear RGB
STRANDS, FLYAWAYS, STEPS = 9000, 360, 37
_FINE = 2048  # px that hair is drawn at, at least
_CENTRE = np.array([0.0, 5.0, 4.0])  # of the skull, cm
_LIFT = 0.25  # cm between skull and the lowest hair
_KEY = np.array([-0.50, 0.70, 0.95]) / np.linalg.norm([-0.50, 0.70, 0.95])
_RIM = np.array([0.55, 0.70, -0.45]) / np.linalg.norm([0.55, 0.70, -0.45])

# Guides from the parting to the tip, cm: at the forehead, over the ears, at the back of the head; the first
# axis of each is that place, and what lies between is interpolated. One side has the fringe.
_PLAIN = np.array([
    [[2.0, 8.8, 10.3], [3.7, 7.5, 10.3], [5.1, 6.0, 9.5], [5.95, 3.3, 8.5], [6.25, 0.2, 7.7], [6.5, -3.0, 7.2],
     [6.5, -6.0, 7.0], [5.7, -8.2, 7.3]],
    [[2.0, 12.1, 4.5], [4.1, 12.4, 4.4], [6.4, 10.4, 4.3], [7.6, 6.6, 4.0], [7.9, 2.4, 4.0], [8.05, -1.8, 4.0],
     [7.6, -5.6, 4.2], [6.2, -8.7, 4.9]],
    [[2.0, 11.6, -2.0], [3.6, 11.0, -3.5], [5.2, 9.0, -4.5], [6.1, 6.0, -5.0], [6.6, 2.0, -4.8], [6.6, -2.0, -4.0],
     [6.5, -6.0, -3.5], [5.6, -10.2, -3.0]],
])  # fmt: skip
_FRINGE = np.array([
    [[1.8, 8.8, 10.3], [-0.6, 7.7, 11.3], [-3.0, 6.5, 10.8], [-5.0, 4.9, 9.7], [-6.0, 1.9, 8.4], [-6.45, -1.6, 7.4],
     [-6.6, -5.2, 7.0], [-5.8, -8.2, 7.3]],
    [[1.8, 12.1, 4.5], [-1.6, 12.85, 4.6], [-5.4, 11.3, 4.5], [-7.4, 7.5, 4.2], [-7.9, 3.0, 4.0], [-8.1, -1.6, 4.0],
     [-7.6, -5.6, 4.2], [-6.2, -8.7, 4.9]],
    [[1.8, 11.6, -2.0], [-2.0, 11.6, -3.5], [-4.8, 9.6, -4.5], [-6.1, 6.2, -5.0], [-6.6, 2.0, -4.8],
     [-6.6, -2.0, -4.0], [-6.5, -6.0, -3.5], [-5.6, -10.2, -3.0]],
])  # fmt: skip
_BEHIND = 1.35  # place from which hair hangs behind the head, up to 2


class Locks(NamedTuple):
    """Strands: paths (K, STEPS, 3) cm; place (K,) 0 forehead .. 2 back; depth (K,) 0 inside .. 1 outside; tone (K,)."""

    paths: np.ndarray
    place: np.ndarray
    depth: np.ndarray
    tone: np.ndarray


class _Scalp:
    """The skull as a radius over directions from its centre, tabled over angles."""

    _ROWS, _COLUMNS = 91, 181

    def __init__(self, skin: np.ndarray) -> None:
        ear = (np.abs(skin[:, 0]) > 6.4) & (skin[:, 1] < 3.6) & (skin[:, 2] < 6.8)
        offset = skin[(skin[:, 1] > -3) & ~ear] - _CENTRE
        radius = np.linalg.norm(offset, axis=1)
        polar, turn = np.meshgrid(
            np.linspace(0, np.pi, self._ROWS), np.linspace(-np.pi, np.pi, self._COLUMNS), indexing="ij"
        )
        ring = np.sin(polar)
        directions = np.stack([ring * np.sin(turn), np.cos(polar), ring * np.cos(turn)], -1)
        distance, near = cKDTree(offset / radius[:, None]).query(directions.reshape(-1, 3), 6)
        weight = 1 / (distance**2 + 1e-4)
        table = (radius[near] * weight).sum(1) / weight.sum(1)
        self._table = table.reshape(polar.shape)

    def push(self, points: np.ndarray, lift: np.ndarray) -> np.ndarray:
        """(..., 3) cm, moved out of the skull to at least `lift` (...) above it where they are above the ears."""
        out = points - _CENTRE
        radius = np.linalg.norm(out, axis=-1)
        x, y, z = np.moveaxis(out / radius[..., None], -1, 0)
        row = np.arccos(np.clip(y, -1, 1)) / np.pi * (self._ROWS - 1)
        column = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * (self._COLUMNS - 1)
        skull = map_coordinates(self._table, [row, column], order=1, mode="nearest")
        above = np.clip((points[..., 1] - 1.0) / 2.0, 0, 1)
        missing = np.maximum(skull + lift - radius, 0) * above
        return points + out * (missing / radius)[..., None]


def draw_hair(skin: np.ndarray, size: int, *, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Layers behind and before the head, each (size, size, 4) uint8, premultiplied RGB and cover.

    skin: (N, 3) vertices of the resting head, cm.
    """
    rng = np.random.default_rng(seed)
    scalp = _Scalp(skin)
    locks, stray = _grow(scalp, rng, STRANDS), _stray(scalp, rng)
    fine = max(size, min(2 * size, _FINE))
    camera, hair = Camera(fine), fine / 2048  # px, a hair's width
    # From the back of the head to the forehead, the inner strands of each part of it first
    order = np.argsort(-np.round(locks.place * 24) + locks.depth, kind="stable")
    back, fore = order[locks.place[order] > _BEHIND * 0.8], order[locks.place[order] < _BEHIND]
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


def _grow(scalp: _Scalp, rng: np.random.Generator, count: int, *, back: float = 2.0) -> Locks:
    """Locks of hair: strands of one lock share their way and their tone."""
    locks = 260
    lock = rng.integers(0, locks, count)
    lock_place = np.sort(rng.uniform(0, 1, locks)) ** 1.15 * back
    place = np.clip(lock_place[lock] + rng.normal(0, 0.035, count), 0, 2)
    fringe = rng.random(count) < 0.55
    depth = rng.uniform(0, 1, count) ** 0.8
    side = np.where(fringe, 1, 0)
    tone = rng.normal(1, 0.20, (2, locks))[side, lock] * rng.normal(1.0, 0.13, count)
    bend = rng.normal(0, 0.10, (2, locks, 3))[side, lock]
    paths = _guided(place, fringe, depth)
    along = np.linspace(0, 1, STEPS)
    # Locks part and bend towards their ends; single hairs leave them a little
    paths += bend[:, None] * (along**1.2)[:, None] * [1.0, 0.8, 1.0]
    paths += rng.normal(0, 0.06, (count, 1, 3)) * (0.25 + along**1.5)[:, None]
    paths[:, :, 1] += (rng.normal(0, 0.30, (2, locks))[side, lock] + rng.uniform(-0.55, 0.35, count))[:, None] * along**6
    # A soft wave runs through the whole, each lock a little out of step
    phase = 5.0 * place + rng.normal(0, 0.6, (2, locks))[side, lock]
    wave = np.sin(phase[:, None] + 10.5 * along) * np.clip(along - 0.25, 0, 1) ** 1.2
    wave *= np.clip(0.35 + place * 1.6, 0, 1)[:, None]  # less of it beside the face
    paths += wave[..., None] * [0.34, 0.0, 0.45]
    paths = scalp.push(paths, (_LIFT + 0.55 * depth[:, None]) * np.minimum(1, 0.25 + 6 * along))
    return Locks(paths, place, depth, np.clip(tone, 0.55, 1.5))


def _guided(place: np.ndarray, fringe: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(K, STEPS, 3): the guides at these places, as smooth curves; outer strands have more volume."""
    knots = np.linspace(0, 1, _PLAIN.shape[1])
    along = np.linspace(0, 1, STEPS)
    plain, with_fringe = (CubicSpline(knots, guides, axis=1)(along) for guides in (_PLAIN, _FRINGE))
    curves = []
    for guides in (plain, with_fringe):
        behind = guides[2] * [0.15, 1, 1]  # the nape
        whole = np.concatenate([guides, behind[None]])
        curves.append(CubicSpline([0, 0.75, 1.45, 2], whole, axis=0)(place))
    paths = np.where(fringe[:, None, None], curves[1], curves[0])
    out = (paths - _CENTRE) * [1, 0.6, 0.6]
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    volume = (depth - 0.6)[:, None] * 0.9 * np.sin(np.pi * np.clip(along * 1.15, 0, 1)) ** 0.6
    return paths + out * volume[..., None] * np.clip(place * 4, 0.25, 1)[:, None, None]


def _stray(scalp: _Scalp, rng: np.random.Generator) -> Locks:
    """Single hairs that stand off a little, so that the outline is soft."""
    locks = _grow(scalp, rng, FLYAWAYS, back=_BEHIND * 0.8)
    along = np.linspace(0, 1, STEPS)[:, None]
    out = locks.paths - _CENTRE
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    off = rng.exponential(0.16, (FLYAWAYS, 1, 1)).clip(0, 0.6) * np.sin(np.pi * along ** rng.uniform(0.5, 2, (FLYAWAYS, 1, 1)))
    wave = 0.20 * np.sin(rng.uniform(0, 6.28, (FLYAWAYS, 1, 3)) + rng.uniform(4, 12, (FLYAWAYS, 1, 1)) * along)
    high = np.clip(locks.place * 3, 0, 1)[:, None, None]
    return locks._replace(paths=locks.paths + (out * off + wave * along) * high, depth=np.ones(FLYAWAYS))


def _shade(locks: Locks) -> np.ndarray:
    """Colour (K, STEPS, 3) as it is shown, 0..1."""
    paths, place, depth, tone = locks
    tangent = np.gradient(paths, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-9)
    out = (paths - _CENTRE) * [1, np.nan, 1]
    # Below the ears hair hangs round a column rather than a ball
    out[..., 1] = np.where(paths[..., 1] > _CENTRE[1], paths[..., 1] - _CENTRE[1], 0.25 * (paths[..., 1] - _CENTRE[1]))
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
