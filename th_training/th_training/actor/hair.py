"""Hair of a still head: strands combed from a side part over the skull into a knot behind.

Strands are curves in space, shaded along their length (Kajiya and Kay, 1989) and drawn once into a
layer that lies before the actor; nothing here moves with a pose.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from .camera import Camera

COLOUR = np.array([0.130, 0.066, 0.036])  # linear RGB
STRANDS, STEPS, STEP = 13000, 25, 0.047  # the step is an angle, rad
_PIECE = 2  # steps that share one colour
_LOWEST = 2.2  # cm; below, hair is behind head and ears for certain
_LIMB = -0.12  # cosine to the viewer below which hair is behind the head
_CENTRE = np.array([0.0, 5.0, 4.0])  # of the skull, cm
_PART_X = 1.9  # cm, the parting's side
_KNOT = np.array([0.0, 1.0, -7.0])
_KEY = np.array([-0.50, 0.70, 0.95]) / np.linalg.norm([-0.50, 0.70, 0.95])
# Height of the hairline (cm) over the angle from straight ahead (degrees)
_ANGLES = np.array([0, 18, 30, 42, 52, 62, 72, 82, 95, 180])
_HEIGHTS = np.array([8.5, 8.4, 8.0, 7.1, 5.9, 4.7, 3.5, 2.4, 1.2, -3.0])


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

    def __call__(self, directions: np.ndarray) -> np.ndarray:
        """(K, 3) unit vectors -> (K,) cm."""
        x, y, z = directions.T
        row = np.arccos(np.clip(y, -1, 1)) / np.pi * (self._ROWS - 1)
        column = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * (self._COLUMNS - 1)
        return map_coordinates(self._table, [row, column], order=1, mode="nearest")


def draw_hair(skin: np.ndarray, size: int, *, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Layers behind and before the head, each (size, size, 4) uint8, premultiplied RGB and cover.

    skin: (N, 3) vertices of the resting head, cm.
    """
    rng = np.random.default_rng(seed)
    scalp, camera = _Scalp(skin), Camera(size)
    behind, front = (np.zeros((size, size, 4), np.uint8) for _ in range(2))
    paths, edge = _comb(scalp, rng)
    points = camera.project(paths.reshape(-1, 3)).reshape(*paths.shape[:2], 2)
    fixed = np.round(points * 16).astype(np.int32)
    colours = _shade(paths, edge, rng) * 255
    ahead = _in_sight(paths)
    low = paths[..., 1] < _LOWEST
    width = size / 1024
    # Far and inner strands first, on a dark ground that keeps the scalp from shining through
    order = np.argsort(paths[:, :8, 2].mean(1))
    ground = order[edge[order] > 1.2]
    thick = rng.uniform(0.5, 1.3, len(order)) * np.where(edge < 0.4, 0.6, 1.0)
    _draw(behind, fixed, colours * 0.6, ~ahead & ~low, order[::2], np.full(len(order), 3.0) * width)
    _draw(front, fixed, colours * 0.8, ahead & ~low, ground[::2], np.full(len(order), 3.0) * width)
    _draw(front, fixed, colours, ahead & ~low, order, thick * width)
    return behind, front


def _comb(scalp: _Scalp, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Strands (K, STEPS, 3) cm and how near (cm) each root is to the hairline."""
    direction = rng.normal(size=(STRANDS * 4, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    root = _CENTRE + direction * scalp(direction)[:, None]
    inside = _above_hairline(root)
    keep = (inside > rng.exponential(0.12, len(root))) & (root[:, 2] > -1.0)
    direction, edge = direction[keep][:STRANDS], inside[keep][:STRANDS]
    volume = rng.uniform(0.3, 0.95, len(direction)) ** 0.7
    wave = rng.uniform(0, 2 * np.pi, len(direction))
    base = 0.06 + 0.28 * np.clip(edge / 1.5, 0, 1)
    path = np.empty((len(direction), STEPS, 3))
    for k in range(STEPS):
        grown = 1 - np.exp(-k / 4.0)
        high = np.clip((direction[:, 1] + 0.25) / 0.9, 0, 1)
        high = high * high * (3 - 2 * high)
        lift = base * (0.3 + 0.7 * high) + (0.35 + 0.70 * high) * high * volume * grown
        path[:, k] = _CENTRE + direction * (scalp(direction) + lift)[:, None]
        path[:, k, 1] += 0.03 * np.sin(wave + 0.5 * k)
        flow = _flow(path[:, k] - _CENTRE)
        flow -= direction * np.einsum("ij,ij->i", flow, direction)[:, None]
        flow /= np.maximum(np.linalg.norm(flow, axis=1, keepdims=True), 1e-6)
        direction = direction + STEP * flow
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return path, edge


def _above_hairline(points: np.ndarray) -> np.ndarray:
    angle = np.degrees(np.abs(np.arctan2(points[:, 0], points[:, 2] - _CENTRE[2])))
    return points[:, 1] - np.interp(angle, _ANGLES, _HEIGHTS)


def _flow(point: np.ndarray) -> np.ndarray:
    """Direction of combing: sideways at the parting, then back and down to the knot."""
    from_part = point[:, 0] - _PART_X
    side = np.tanh(from_part / 0.15)
    back = np.clip(np.abs(from_part) / 6.0, 0, 1) ** 1.0
    to_knot = _KNOT - _CENTRE - point
    to_knot /= np.linalg.norm(to_knot, axis=1, keepdims=True)
    sideways = np.stack([side, np.full_like(side, -0.42), np.full_like(side, -0.25)], 1)
    return sideways * (1 - back)[:, None] + to_knot * (0.25 + back)[:, None]


def _in_sight(paths: np.ndarray) -> np.ndarray:
    """(K, STEPS) bool: neither behind the head nor behind an ear, else in the layer behind."""
    out = paths - _CENTRE
    front = out[..., 2] > _LIMB * np.linalg.norm(out, axis=2)
    ear = (paths[..., 1] < 2.3) & (paths[..., 2] < 5.6)
    return front & ~ear


def _shade(paths: np.ndarray, edge: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colour (K, STEPS, 3) as it is shown, 0..1."""
    tangent = np.gradient(paths, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-9)
    out = paths - _CENTRE
    out /= np.linalg.norm(out, axis=2, keepdims=True)
    half = _KEY + np.array([0, 0, 1.0])
    half /= np.linalg.norm(half)

    def across(light: np.ndarray, power: float, shift: float) -> np.ndarray:
        tilted = tangent + shift * out
        tilted /= np.linalg.norm(tilted, axis=2, keepdims=True)
        return np.sqrt(np.clip(1 - (tilted @ light) ** 2, 0, 1)) ** power

    facing = np.clip(out @ _KEY * 0.6 + 0.5, 0.12, 1)
    diffuse = (0.35 + 0.65 * across(_KEY, 1, 0)) * facing
    tone = rng.normal(1.0, 0.12, (len(paths), 1, 1)).clip(0.6, 1.5)
    colour = COLOUR * tone * (0.25 + 1.5 * diffuse[..., None])
    shine = across(half, 60, -0.10) * 0.10 + across(half, 18, 0.12) * 0.06
    colour = colour + (shine * facing)[..., None] * np.array([1.0, 0.74, 0.52]) * tone
    return np.sqrt(np.clip(colour, 0, 1))


def _draw(
    canvas: np.ndarray,
    points: np.ndarray,
    colours: np.ndarray,
    shown: np.ndarray,
    order: np.ndarray,
    widths: np.ndarray,
) -> None:
    """Strands in that order, in pieces of a few steps of one colour, where both ends are shown.

    points (K, STEPS, 2) int32 in 1/16 px; colours (K, STEPS, 3) 0..255; shown (K, STEPS) bool.
    """
    starts = np.arange(0, STEPS - _PIECE, _PIECE)
    visible = shown[:, starts] & shown[:, starts + _PIECE]
    shades = colours[:, starts + _PIECE // 2].tolist()
    thick = np.maximum(1, np.round(widths)).astype(int).tolist()
    for strand in order.tolist():
        for piece in np.flatnonzero(visible[strand]).tolist():
            k = piece * _PIECE
            run = points[strand, k : k + _PIECE + 1]
            colour = (*shades[strand][piece], 255.0)
            cv2.polylines(canvas, [run], False, colour, thick[strand], cv2.LINE_AA, 4)
