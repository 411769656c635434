"""The strands of a bob with a side part: splines between a few guides on either side of the parting, kept off the skull."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

STEPS = 37
CENTRE = np.array([0.0, 5.0, 4.0])  # of the skull, cm
_LIFT = 0.25  # cm between skull and the lowest hair

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
BEHIND = 1.35  # place from which hair hangs behind the head, up to 2


class Locks(NamedTuple):
    """Strands: paths (K, STEPS, 3) cm; place (K,) 0 forehead .. 2 back; depth (K,) 0 inside .. 1 outside; tone (K,)."""

    paths: np.ndarray
    place: np.ndarray
    depth: np.ndarray
    tone: np.ndarray


class Scalp:
    """The skull as a radius over directions from its centre, tabled over angles."""

    _ROWS, _COLUMNS = 91, 181

    def __init__(self, skin: np.ndarray) -> None:
        ear = (np.abs(skin[:, 0]) > 6.4) & (skin[:, 1] < 3.6) & (skin[:, 2] < 6.8)
        offset = skin[(skin[:, 1] > -3) & ~ear] - CENTRE
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
        out = points - CENTRE
        radius = np.linalg.norm(out, axis=-1)
        x, y, z = np.moveaxis(out / radius[..., None], -1, 0)
        row = np.arccos(np.clip(y, -1, 1)) / np.pi * (self._ROWS - 1)
        column = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * (self._COLUMNS - 1)
        skull = map_coordinates(self._table, [row, column], order=1, mode="nearest")
        above = np.clip((points[..., 1] - 1.0) / 2.0, 0, 1)
        missing = np.maximum(skull + lift - radius, 0) * above
        return points + out * (missing / radius)[..., None]


def grow(scalp: Scalp, rng: np.random.Generator, count: int, *, back: float = 2.0) -> Locks:
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
    paths[:, :, 1] += (rng.normal(0, 0.30, (2, locks))[side, lock] + rng.uniform(-0.55, 0.35, count))[
        :, None
    ] * along**6
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
    out = (paths - CENTRE) * [1, 0.6, 0.6]
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    volume = (depth - 0.6)[:, None] * 0.9 * np.sin(np.pi * np.clip(along * 1.15, 0, 1)) ** 0.6
    return paths + out * volume[..., None] * np.clip(place * 4, 0.25, 1)[:, None, None]


def stray_hairs(scalp: Scalp, rng: np.random.Generator, count: int) -> Locks:
    """Single hairs that stand off a little, so that the outline is soft."""
    locks = grow(scalp, rng, count, back=BEHIND * 0.8)
    along = np.linspace(0, 1, STEPS)[:, None]
    out = locks.paths - CENTRE
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    off = rng.exponential(0.16, (count, 1, 1)).clip(0, 0.6) * np.sin(
        np.pi * along ** rng.uniform(0.5, 2, (count, 1, 1))
    )
    wave = 0.20 * np.sin(rng.uniform(0, 6.28, (count, 1, 3)) + rng.uniform(4, 12, (count, 1, 1)) * along)
    high = np.clip(locks.place * 3, 0, 1)[:, None, None]
    return locks._replace(paths=locks.paths + (out * off + wave * along) * high, depth=np.ones(count))
