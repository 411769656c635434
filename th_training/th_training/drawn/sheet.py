"""The skin as a rubber sheet: what is printed on it goes where the mesh of a face model takes it.

A face model moves triangles between landmarks, and has eight modes for all that looks different after that. What is drawn as the
triangles move costs none of them and stays as crisp as the texture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from th_training.aam.support import make_mesh
from th_training.aam.triangulation import areas

from .layout import CANVAS
from .painter import Points


class Sheet:
    """Built from landmarks (68, 2) of the face at rest, and of faces (N, 68, 2) as they are in speech; px of a portrait of 512 px."""

    def __init__(self, rest: Points, faces: Sequence[Points]) -> None:
        self._mesh = make_mesh(np.stack([rest, *faces]), (int(CANVAS), int(CANVAS)))
        self._rest = self._mesh.points(rest[None])[0]
        used = areas(self._rest, self._mesh.triangles) > 1e-3
        self._triangles = self._mesh.triangles[used]

    def points(self, landmarks: Points) -> Points:
        """(P, 2): landmarks (68, 2) and the mesh's other points."""
        return np.asarray(self._mesh.points(landmarks[None])[0], np.float64)

    def teeth(self, points: Points) -> tuple[Points, Points]:
        """Edges (7, 2) of the upper and of the lower teeth in a mesh's points, from corner to corner of the mouth."""
        upper, lower = (np.concatenate([points[[60]], points[row], points[[64]]]) for row in self._mesh.rows)
        return upper, lower

    def pin(self, places: Points) -> Print:
        """What is at places (N, 2) of the face at rest."""
        corners = self._rest[self._triangles]
        one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        double = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
        off = places[:, None] - corners[:, 0]
        v = (off[..., 0] * two[:, 1] - off[..., 1] * two[:, 0]) / double
        w = (one[:, 0] * off[..., 1] - one[:, 1] * off[..., 0]) / double
        shares = np.stack([1 - v - w, v, w], -1)
        best = shares.min(-1).argmax(1)
        return Print(self._triangles[best], np.take_along_axis(shares, best[:, None, None], 1)[:, 0])


class Print:
    """Places on the sheet: corners (N, 3) of the triangles that they are in, and shares (N, 3) of these."""

    def __init__(self, corners: np.ndarray, shares: np.ndarray) -> None:
        self._corners, self._shares = corners, shares

    def at(self, points: Points) -> Points:
        """(N, 2) places where the mesh's points (P, 2) have taken them."""
        return np.einsum("nk,nkd->nd", self._shares, points[self._corners])
