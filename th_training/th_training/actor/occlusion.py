"""Baked ambient occlusion: how much of the sky each vertex sees, from depth maps all round."""

from __future__ import annotations

import numpy as np

_VERTEX = "#version 330\nuniform mat4 M; in vec3 p; void main() { gl_Position = M * vec4(p, 1); }"
_FRAGMENT = "#version 330\nvoid main() {}"
_BIAS = 0.06  # cm along the normal, so that a surface does not hide itself


def bake_occlusion(
    context,
    vertices: np.ndarray,
    triangles: np.ndarray,
    normals: np.ndarray,
    *,
    directions: np.ndarray | None = None,
    size: int = 384,
) -> np.ndarray:
    """(N,) float32 in [0, 1]: cosine-weighted share of `directions` (K, 3) that reach each vertex.

    Without directions, those of the whole sky: 64 on a golden-angle spiral.
    """
    directions = sphere(64) if directions is None else directions
    program = context.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
    depth = context.depth_texture((size, size))
    target = context.framebuffer(depth_attachment=depth)
    mesh = context.vertex_array(
        program,
        [(context.buffer(vertices.astype(np.float32).tobytes()), "3f", "p")],
        context.buffer(triangles.astype(np.int32).tobytes()),
    )
    centre = (vertices.max(0) + vertices.min(0)) / 2
    radius = np.linalg.norm(vertices - centre, axis=1).max() * 1.02
    lifted = vertices + normals * _BIAS
    seen, total = np.zeros(len(vertices)), np.zeros(len(vertices))
    for direction in directions:
        matrix = _look_along(direction, centre, radius)
        program["M"].write(np.ascontiguousarray(matrix.T, np.float32).tobytes())
        target.use()
        target.clear(depth=1.0)
        context.enable_only(context.DEPTH_TEST)
        mesh.render()
        map_ = np.frombuffer(depth.read(), np.float32).reshape(size, size)
        at = lifted @ matrix[:3, :3].T + matrix[:3, 3]
        column, row = (np.clip((at[:, k] * 0.5 + 0.5) * size, 0, size - 1).astype(int) for k in (0, 1))
        visible = at[:, 2] * 0.5 + 0.5 <= map_[row, column] + 0.002
        weight = np.clip(normals @ direction, 0, 1)
        seen += weight * visible
        total += weight
    for thing in (mesh, target, depth, program):
        thing.release()
    return (seen / np.maximum(total, 1e-6)).astype(np.float32)


def cone(axis: np.ndarray, half_angle: float, count: int) -> np.ndarray:
    """(count, 3) unit vectors spread evenly within half_angle (rad) of an axis: a large soft light."""
    axis = axis / np.linalg.norm(axis)
    i = np.arange(count)
    z = 1 - (1 - np.cos(half_angle)) * (i + 0.5) / count
    turn = 2 * np.pi * i / ((1 + 5**0.5) / 2)
    right = np.cross(axis, [0, 1, 0.01])
    right /= np.linalg.norm(right)
    ring = np.sqrt(1 - z * z)[:, None]
    way = np.cos(turn)[:, None] * right + np.sin(turn)[:, None] * np.cross(right, axis)
    return z[:, None] * axis + ring * way


def sphere(count: int) -> np.ndarray:
    """(count, 3) unit vectors on a golden-angle spiral: the same on every run."""
    i = np.arange(count)
    z = 1 - 2 * (i + 0.5) / count
    turn = 2 * np.pi * i / ((1 + 5**0.5) / 2)
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(turn), z, ring * np.sin(turn)], 1)


def _look_along(direction: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    right = np.cross(direction, [0, 1, 0.01])
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([right, np.cross(right, direction), -direction]) / radius
    matrix[:3, 3] = -matrix[:3, :3] @ centre
    return matrix
