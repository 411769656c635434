"""A plain tunic with a V neck: a shell over neck and shoulders, still in every pose."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from .parts import Material, Part, grid_quads, part

_COLUMNS, _ROWS = 145, 44
_AXIS_Z = 0.6  # cm, of the neck
_THICKNESS = 0.28
# Half width of the shoulders at depths below the origin, and the chest before the axis, cm
_SHOULDER_DEPTHS = (12.0, 13.0, 14.0, 15.0, 16.0, 18.0, 20.0)
_SHOULDER_HALVES = (7.6, 9.9, 13.6, 15.9, 17.2, 18.0, 18.4)
_CHEST = 7.0
_BOTTOM = -20.0  # below the picture
_LOWEST_SKIN = -13.2  # the mesh's rim is ragged below


def tunic(skin: np.ndarray) -> Part:
    """The garment over skin vertices (N, 3), cm; uv = (angle 0..1, cm below the neckline)."""
    angle = np.linspace(-np.pi, np.pi, _COLUMNS)  # 0 is the front
    top = _neckline(angle)
    share = np.linspace(0, 1, _ROWS)[:, None] ** 1.3
    height = top + (_BOTTOM - top) * share
    angles = np.broadcast_to(angle, height.shape)
    close = _skin_radius(skin, angles, np.maximum(height, _LOWEST_SKIN))
    half = np.interp(-height, _SHOULDER_DEPTHS, _SHOULDER_HALVES)
    loose = 1 / np.hypot(np.sin(angles) / half, np.cos(angles) / _CHEST)
    share = np.clip((-12.2 - height) / 1.2, 0, 1)
    radius = gaussian_filter(close * (1 - share) + loose * share, (1.0, 1.2), mode=("nearest", "wrap"))
    radius += _THICKNESS * np.minimum(1, 0.35 + np.arange(_ROWS) / 3.0)[:, None]
    # The rim turns in, so that the cloth has an edge
    radius = np.concatenate([radius[:1] - 0.35, radius])
    height = np.concatenate([height[:1] - 0.05, height])
    angles = np.concatenate([angles[:1], angles])
    vertices = np.stack([radius * np.sin(angles), height, _AXIS_Z + radius * np.cos(angles)], -1).reshape(-1, 3)
    below = np.concatenate([np.zeros((1, _COLUMNS)), top - height[1:]])
    uv = np.stack([angles / (2 * np.pi) + 0.5, below], -1).reshape(-1, 2)
    return part(vertices, grid_quads(_ROWS + 1, _COLUMNS)[:, ::-1], Material.CLOTH, uv=uv)


def covered(vertices: np.ndarray) -> np.ndarray:
    """(N,) bool: skin that the tunic hides, a finger's breadth below its edge."""
    angle = np.arctan2(vertices[:, 0], vertices[:, 2] - _AXIS_Z)
    return vertices[:, 1] < _neckline(angle) - 0.9


def _neckline(angle: np.ndarray) -> np.ndarray:
    """Height of the edge: a V in front, round behind."""
    v = np.clip(1 - np.abs(angle) / 0.95, 0, 1)
    return -9.9 - 3.6 * v**1.15


def _skin_radius(skin: np.ndarray, angle: np.ndarray, height: np.ndarray) -> np.ndarray:
    body = skin[(skin[:, 1] < -7.0) & (skin[:, 1] > _LOWEST_SKIN - 0.8)]
    body_angle = np.arctan2(body[:, 0], body[:, 2] - _AXIS_Z)
    body_radius = np.hypot(body[:, 0], body[:, 2] - _AXIS_Z)
    on_body = (body_radius < 4.2) | (body[:, 1] < -8.0)
    keys = np.stack([np.sin(body_angle), np.cos(body_angle), body[:, 1] / 4], 1)[on_body]
    distance, near = cKDTree(keys).query(np.stack([np.sin(angle), np.cos(angle), height / 4], -1).reshape(-1, 3), 6)
    weight = 1 / (distance**2 + 1e-4)
    radius = (body_radius[on_body][near] * weight).sum(1) / weight.sum(1)
    return radius.reshape(angle.shape)
