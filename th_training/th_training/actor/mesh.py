"""Mesh arithmetic: Catmull-Clark subdivision as a sparse operator, and vertex normals."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def catmull_clark(quads: np.ndarray, count: int) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """One step of Catmull-Clark (1978) subdivision on a mesh of quads.

    Args:
        quads: (F, 4) vertex numbers below `count`.
        count: number of vertices N.

    Returns:
        operator (N + E + F, N): multiplies positions, and displacements, as it is linear;
        quads (4 F, 4) of the finer mesh; (4 F,) the coarse quad that each comes from.
        Boundary edges use the cubic B-spline rule, so that open rims stay smooth.
    """
    faces, corners = len(quads), quads.ravel()
    face_of_corner = np.repeat(np.arange(faces), 4)
    face_point = _matrix(face_of_corner, corners, (faces, count), 0.25)

    sides = np.sort(np.stack([quads, np.roll(quads, -1, 1)], 2).reshape(-1, 2), 1)
    edges, edge_of_side, uses = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    edge_of_side, rim = edge_of_side.ravel(), uses == 1
    midpoint = _matrix(np.repeat(np.arange(len(edges)), 2), edges.ravel(), (len(edges), count), 0.5)
    faces_of_edge = _matrix(edge_of_side, face_of_corner, (len(edges), faces), 1.0)
    inner = 0.5 * midpoint + sp.diags(0.5 / uses) @ faces_of_edge @ face_point
    edge_point = _choose(rim, midpoint, inner)

    faces_of_vertex = _matrix(corners, face_of_corner, (count, faces), 1.0)
    edges_of_vertex = midpoint.T.tocsr() * 2.0
    n_faces, n_edges = _row_sums(faces_of_vertex), _row_sums(edges_of_vertex)
    n = np.maximum(n_faces, 1)
    smooth = (
        sp.diags(n**-2.0) @ faces_of_vertex @ face_point
        + sp.diags(2 / (n * np.maximum(n_edges, 1))) @ edges_of_vertex @ midpoint
        + sp.diags((n - 3) / n)
    )
    rims_of_vertex = edges_of_vertex[:, np.flatnonzero(rim)]
    n_rims = np.maximum(_row_sums(rims_of_vertex), 1)
    crease = 0.5 * sp.identity(count) + sp.diags(0.5 / n_rims) @ rims_of_vertex @ midpoint[rim]
    on_rim = np.zeros(count, bool)
    on_rim[edges[rim].ravel()] = True
    vertex_point = _choose(n_faces == 0, sp.identity(count), _choose(on_rim, crease, smooth))

    edge_id = edge_of_side.reshape(faces, 4) + count
    face_id = np.arange(faces) + count + len(edges)
    finer = [np.stack([quads[:, k], edge_id[:, k], face_id, edge_id[:, (k - 1) % 4]], 1) for k in range(4)]
    operator = sp.vstack([vertex_point, edge_point, face_point]).tocsr()
    return operator, np.concatenate(finer), np.tile(np.arange(faces), 4)


def triangles_of(quads: np.ndarray) -> np.ndarray:
    """(F, 4) quads -> (2 F, 3) triangles, each quad's two side by side."""
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)


class VertexNormals:
    """Area-weighted vertex normals of a mesh whose triangles do not change."""

    def __init__(self, triangles: np.ndarray, count: int) -> None:
        self._triangles = triangles
        faces = np.repeat(np.arange(len(triangles)), 3)
        self._gather = _matrix(triangles.ravel(), faces, (count, len(triangles)), 1.0, np.float32)

    def __call__(self, vertices: np.ndarray) -> np.ndarray:
        """vertices (N, 3) -> unit normals (N, 3) float32; 0 where no triangle meets."""
        a, b, c = (vertices[self._triangles[:, k]] for k in range(3))
        u, w = b - a, c - a
        face = np.empty_like(u)
        for k in range(3):  # np.cross is several times slower
            i, j = (k + 1) % 3, (k + 2) % 3
            face[:, k] = u[:, i] * w[:, j] - u[:, j] * w[:, i]
        normals = self._gather @ face
        length = np.sqrt(np.einsum("ij,ij->i", normals, normals))
        return normals / np.maximum(length, 1e-9)[:, None]


def smoothed(values: np.ndarray, triangles: np.ndarray, *, rounds: int) -> np.ndarray:
    """values (N,) or (N, K), averaged with their neighbours on the mesh, `rounds` times."""
    count = len(values)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    beside = _matrix(np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]], (count, count), 1.0)
    average = sp.identity(count) + beside
    average = sp.diags(1 / _row_sums(average)) @ average
    for _ in range(rounds):
        values = average @ values
    return values


def _matrix(
    rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], value: float, dtype=np.float64
) -> sp.csr_matrix:
    return sp.csr_matrix((np.full(len(rows), value, dtype), (rows, columns)), shape=shape)


def _row_sums(matrix: sp.spmatrix) -> np.ndarray:
    return np.asarray(matrix.sum(1)).ravel()


def _choose(mask: np.ndarray, yes: sp.spmatrix, no: sp.spmatrix) -> sp.spmatrix:
    return sp.diags(mask.astype(float)) @ yes + sp.diags((~mask).astype(float)) @ no
