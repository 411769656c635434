"""Upper eyelashes: a ribbon along each lid that moves with it and turns down as it closes."""

from __future__ import annotations

import numpy as np

from .parts import Material, Part, grid_quads, join, part
from .units import INDEX

# Vertices of the upper lid's edge, from the outer to the inner corner of the right eye and the left
_LIDS = (
    (-1, "Right", (1063, 1062, 1061, 1060, 1059, 1058, 1057, 1055, 1056, 1073, 1074, 1075, 1080,
                   1076, 1077)),
    (1, "Left", (3275, 3274, 3273, 3272, 3271, 3270, 3269, 3267, 3268, 3285, 3286, 3287, 3292,
                 3288, 3289)),
)  # fmt: skip
_COLUMNS = 49


def lashes(head: Part) -> Part:
    """Ribbons of both eyes; uv = (0 outer .. 1 inner corner, 0 root .. 1 tip)."""
    return join(*(_ribbon(head, np.array(ids), side, name) for side, name, ids in _LIDS))


def _ribbon(head: Part, ids: np.ndarray, side: int, name: str) -> Part:
    at = np.linspace(0, len(ids) - 1, _COLUMNS)
    left = np.minimum(at.astype(int), len(ids) - 2)
    share = (at - left)[:, None]
    root = head.vertices[ids[left]] * (1 - share) + head.vertices[ids[left + 1]] * share
    units = head.units[:, ids[left]] * (1 - share) + head.units[:, ids[left + 1]] * share

    inward = np.linspace(0, 1, _COLUMNS)[:, None]
    length = 0.25 + 0.75 * np.sin(np.pi * np.clip(1 - inward * 0.92, 0, 1) ** 0.8)
    sideways = side * (0.50 * (1 - inward) - 0.12)
    tip = np.concatenate([sideways, np.full_like(inward, 0.30), np.full_like(inward, 0.5)], 1)
    tip = tip * length * 1.05
    droop = np.zeros_like(units)
    droop[INDEX["eyeBlink" + name]] = length * [0, -0.62, 0.05]
    droop[INDEX["eyeLookDown" + name]] = length * [0, -0.25, 0.02]
    rows = ((root + np.array([0, 0, 0.04]), 0.0), (root + tip * [0.55, 0.30, 0.65], 0.6), (root + tip, 1.0))
    return part(
        np.concatenate([vertices for vertices, _ in rows]),
        grid_quads(3, _COLUMNS),
        Material.LASH,
        units=np.concatenate([units + droop * weight for _, weight in rows], 1),
        uv=np.concatenate([np.c_[inward, np.full_like(inward, k / 2)] for k in range(3)]),
    )
