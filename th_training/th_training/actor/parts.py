"""Pieces of the actor as data: vertices, how every unit moves them, quads, and their material."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from .units import UNITS


class Material(IntEnum):
    """What a face is made of; the numbers are those of the shader (shaders/actor.frag)."""

    SKIN = 0
    CLOTH = 1
    TONGUE = 3
    TEETH = 4
    LEFT_EYE = 5
    RIGHT_EYE = 6
    LASH = 8


@dataclass(frozen=True)
class Part:
    """A piece of the actor in centimetres, x to the actor's left, y up, z to the viewer.

    vertices (N, 3) float32 at rest; units (U, N, 3) float32 displacements per unit of weight;
    quads (F, 4) int64; material (F,) int64; uv (N, 2) float32 (used by lashes only).
    """

    vertices: np.ndarray
    units: np.ndarray
    quads: np.ndarray
    material: np.ndarray
    uv: np.ndarray


def part(
    vertices: np.ndarray,
    quads: np.ndarray,
    material: Material,
    *,
    units: np.ndarray | None = None,
    uv: np.ndarray | None = None,
) -> Part:
    """A Part of one material; without `units` it never moves."""
    count = len(vertices)
    return Part(
        np.asarray(vertices, np.float32),
        np.zeros((len(UNITS), count, 3), np.float32) if units is None else units.astype(np.float32),
        np.asarray(quads, np.int64),
        np.full(len(quads), int(material), np.int64),
        np.zeros((count, 2), np.float32) if uv is None else np.asarray(uv, np.float32),
    )


def join(*parts: Part) -> Part:
    """One Part of several; the vertices of the first keep their numbers."""
    starts = np.cumsum([0] + [len(p.vertices) for p in parts])
    return Part(
        np.concatenate([p.vertices for p in parts]),
        np.concatenate([p.units for p in parts], 1),
        np.concatenate([p.quads + start for p, start in zip(parts, starts, strict=False)]),
        np.concatenate([p.material for p in parts]),
        np.concatenate([p.uv for p in parts]),
    )


def grid_quads(rows: int, columns: int) -> np.ndarray:
    """Quads of a grid of rows x columns vertices, numbered row by row."""
    index = np.arange(rows * columns).reshape(rows, columns)
    corners = (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    return np.stack(corners, -1).reshape(-1, 4)
