"""Two rows of teeth on elliptic arches: the upper row is still, the lower one follows the jaw."""

from __future__ import annotations

import numpy as np

from .parts import Material, Part, grid_quads, join, part

_UPPER_WIDTHS = (0.62, 0.50, 0.55, 0.52, 0.52, 0.70)  # cm, from the middle to the molars
_LOWER_WIDTHS = (0.42, 0.44, 0.50, 0.52, 0.52, 0.70)
_GRID = 9


def teeth(lip_line: np.ndarray, jaw: np.ndarray) -> Part:
    """Both rows behind the lips.

    Args:
        lip_line: (3,) the middle of the closed lips, cm.
        jaw: (U, 4, 3) displacement of a point (x, y, z, 1) of the jaw per unit of weight.
    """
    _, y, z = lip_line
    front = z - 0.85
    upper = _arch(_UPPER_WIDTHS, edge=y - 0.33, root=y + 0.75, front=front, half=2.35, depth=3.2, up=1)
    lower = _arch(_LOWER_WIDTHS, edge=y - 0.50, root=y - 1.45, front=front - 0.22, half=2.15, depth=3.0, up=-1)
    lower_units = [np.einsum("nk,ukc->unc", np.c_[vertices, np.ones(len(vertices))], jaw) for vertices, _ in lower]
    return join(
        *(part(vertices, quads, Material.TEETH) for vertices, quads in upper),
        *(
            part(vertices, quads, Material.TEETH, units=units)
            for (vertices, quads), units in zip(lower, lower_units, strict=True)
        ),
    )


def _arch(
    widths: tuple[float, ...],
    *,
    edge: float,
    root: float,
    front: float,
    half: float,
    depth: float,
    up: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(vertices, quads) of each tooth along x = half sin t, z = front - depth (1 - cos t)."""
    angle = np.linspace(0, 1.5, 2000)
    curve = np.c_[half * np.sin(angle), -depth * (1 - np.cos(angle))]
    arc = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    across, along = np.meshgrid(np.linspace(-1, 1, _GRID), np.linspace(0, 1, _GRID))
    out = []
    start = 0.0
    for k, width in enumerate(widths):
        shorter = {0: 0.0, 1: 0.05, 2: 0.03}.get(k, 0.04 + 0.05 * (k - 2))
        rounding = 0.08 * np.abs(across) ** 3 * (1.0 if k < 2 else 1.6)
        bulge = 0.16 * (1 - across**4) * (1 - 0.5 * (along - 0.35) ** 2)
        height = edge + up * shorter + (root - edge - up * shorter) * along
        height = height + up * rounding * (1 - along) ** 3
        for side in (-1, 1):
            at = np.interp(start + width / 2 + across * side * width / 2 * 0.965, arc, angle)
            normal = np.stack([side * np.sin(at) * depth, np.cos(at) * half], -1)
            normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
            vertices = np.stack(
                [
                    side * half * np.sin(at) + normal[..., 0] * bulge,
                    height,
                    front - depth * (1 - np.cos(at)) + normal[..., 1] * bulge,
                ],
                -1,
            ).reshape(-1, 3)
            out.append((vertices, grid_quads(_GRID, _GRID)))
        start += width
    return out
