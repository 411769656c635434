"""Points around the 68 landmarks that keep hair, neck and background still, and the mesh over all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull

from th_common.errors import InputError
from th_face_renderer.face_model import arrange_mouth
from th_training.aam.teeth import COLUMNS, TeethRows, teeth_rows
from th_training.aam.triangulation import areas, path, triangulate

LANDMARKS = 68
RING = 12
BORDER = 12
_FIRST_TOOTH = LANDMARKS + RING + BORDER
MARGIN = 0.10  # of the face's height, between the farthest landmark and the ring
MARGIN_ABOVE = 0.22  # above the brows, where the forehead wrinkles
_AROUND = 0.05
_OPEN = 0.85  # quantile of opening from which the reference takes mouth and eyes

JAW = range(17)
BROWS = slice(17, 27)
MOUTH = slice(48, 68)
EYES = slice(36, 48)
INNER_MOUTH = list(range(60, 68))
LEFT_EYE, RIGHT_EYE = list(range(36, 42)), list(range(42, 48))
_LINES = (
    path(range(17))
    + path(range(17, 22))
    + path(range(22, 27))
    + path(range(27, 31))
    + path(range(31, 36))
    + path(LEFT_EYE, closed=True)
    + path(RIGHT_EYE, closed=True)
    + path(range(48, 60), closed=True)
    + path(INNER_MOUTH, closed=True)
    + path([31, 48])  # with an edge from jaw to upper lip instead, a smile's corners fold under the cheek
    + path([35, 54])
    + path([48, 60])
    + path([64, 54])
    + path(range(LANDMARKS, LANDMARKS + RING), closed=True)
    + path([60, *range(_FIRST_TOOTH, _FIRST_TOOTH + COLUMNS), 64])
    + path([60, *range(_FIRST_TOOTH + COLUMNS, _FIRST_TOOTH + 2 * COLUMNS), 64])
)


@dataclass(frozen=True)
class Mesh:
    """Points of the portrait: landmarks 0..67, ring 68..79, border 80..91, teeth 92..101.

    fixed (24, 2) canvas px: ring and border; teeth: what holds the inside of the mouth; rows (2, 5): its points;
    reference (102, 2) canvas px, mouth and eyes open; triangles (T, 3) int32.
    """

    fixed: np.ndarray
    teeth: TeethRows
    rows: np.ndarray
    reference: np.ndarray
    triangles: np.ndarray

    def mean(self, landmarks: np.ndarray) -> np.ndarray:
        """(68, 2) mean landmarks -> (102, 2) mean points."""
        return np.concatenate([landmarks, self.fixed, self.teeth.points(landmarks)])

    def modes(self, modes: np.ndarray) -> np.ndarray:
        """(S, 68, 2) modes of the landmarks -> (S, 102, 2) modes of all points."""
        return np.concatenate([modes, np.zeros((len(modes), *self.fixed.shape)), self.teeth.modes(modes)], 1)

    def points(self, landmarks: np.ndarray) -> np.ndarray:
        """(N, 68, 2) -> (N, 102, 2): each frame's landmarks with the points around and inside of them."""
        return np.stack([arrange_mouth(self.mean(one), self.rows) for one in landmarks])


def inside(triangles: np.ndarray) -> np.ndarray:
    """(T,) whether a triangle lies inside the ring, where the face moves."""
    return (triangles < LANDMARKS).any(1) | (triangles >= _FIRST_TOOTH).any(1)


def face_points(triangles: np.ndarray) -> np.ndarray:
    """(P,) whether a point of the mesh belongs to the face, not to what is around it (ring and border)."""
    index = np.arange(triangles.max() + 1)
    return (index < LANDMARKS) | (index >= _FIRST_TOOTH)


def importance(triangles: np.ndarray) -> np.ndarray:
    """(T,) what a texel of each triangle counts in the appearance model: inner mouth 6, eyes 2, face 1, around it 0.05.

    Measured on the drawn actor: 6 instead of 3 brings 0.3 dB within open lips for 0.16 dB of the whole face. Measured on a
    filmed speaker: hair, neck and collar at 0.05 instead of 1 bring 2.3 dB in the face and 3.0 within the lips; the actor,
    whose hair is still, does not notice.
    """
    weight = np.ones(len(triangles))
    weight[(~face_points(triangles))[triangles].any(1)] = _AROUND
    teeth = range(_FIRST_TOOTH, _FIRST_TOOTH + 2 * COLUMNS)
    for points, value in (([*INNER_MOUTH, *teeth], 6.0), (LEFT_EYE, 2.0), (RIGHT_EYE, 2.0)):
        weight[np.isin(triangles, points).all(1)] = value
    return weight


def least_visibility(triangles: np.ndarray) -> np.ndarray:
    """(T,) what a triangle counts that is not seen at all, as a share of what it counts when seen.

    The line between closed lips is seen, though its triangles have no area; the eye below a closed lid is not.
    """
    least = np.full(len(triangles), 0.1)
    for eye in (LEFT_EYE, RIGHT_EYE):
        least[np.isin(triangles, eye).all(1)] = 0.02
    return least


def make_mesh(landmarks: np.ndarray, canvas: tuple[int, int]) -> Mesh:
    """The portrait's mesh from landmarks (N, 68, 2) of all training frames; canvas: (height, width) px.

    The ring lies outside of every frame's landmarks, so that the largest jaw opening folds no triangle.

    Raises InputError where the face leaves no room for the ring within the canvas.
    """
    fixed = np.concatenate([ring_points(landmarks, canvas), border_points(canvas)])
    wide = reference_landmarks(landmarks)
    teeth = teeth_rows(wide)
    rows = np.arange(_FIRST_TOOTH, _FIRST_TOOTH + 2 * COLUMNS, dtype=np.int32).reshape(2, COLUMNS)
    reference = arrange_mouth(np.concatenate([wide, fixed, teeth.points(wide)]), rows)
    triangles = triangulate(reference, _LINES)
    if areas(reference, triangles).min() <= 0:
        raise InputError("the reference shape has triangles without area: landmarks coincide in all frames")
    return Mesh(fixed, teeth, rows, reference, triangles)


def border_points(canvas: tuple[int, int]) -> np.ndarray:
    """(12, 2) points on the outer edge of the picture, corners among them."""
    height, width = canvas
    third = np.arange(3) / 3
    x, y = third * width - 0.5, third * height - 0.5
    right, bottom = np.full(3, width - 0.5), np.full(3, height - 0.5)
    edge = np.full(3, -0.5)
    sides = [(x, edge), (right, y), (width - 1 - x, bottom), (edge, height - 1 - y)]
    return np.concatenate([np.stack(side, 1) for side in sides])


def ring_points(landmarks: np.ndarray, canvas: tuple[int, int]) -> np.ndarray:
    """(12, 2) points around everything that the landmarks (N, 68, 2) ever reach, every 30 degrees.

    Raises InputError where a landmark is closer than 4 px to the canvas' edge.
    """
    cloud = landmarks.reshape(-1, 2)
    hull = ConvexHull(cloud)
    corners = cloud[hull.vertices]
    low, high = corners.min(0), corners.max(0)
    centre, height = (low + high) / 2, high[1] - low[1]
    edge = np.array([canvas[1], canvas[0]]) - 1.0
    if low.min() < 4 or (high > edge - 4).any():
        raise InputError("landmarks come within 4 px of the picture's edge: the portrait needs room around the face")
    angles = np.arange(RING) * 2 * np.pi / RING
    ring = []
    for direction in np.stack([np.cos(angles), np.sin(angles)], 1):
        normals, offsets = hull.equations[:, :2], hull.equations[:, 2]
        ahead = normals @ direction
        reach = np.min(-(normals @ centre + offsets)[ahead > 1e-12] / ahead[ahead > 1e-12])
        up = max(0.0, -direction[1])
        ring.append(centre + direction * (reach + height * (MARGIN + up * (MARGIN_ABOVE - MARGIN))))
    room = np.minimum(4.0, np.minimum(low, edge - high) / 2)
    return np.clip(np.array(ring), room, edge - room)


def reference_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """(68, 2): the mean shape with mouth and jaw from the widest open mouths, lids from the widest open eyes.

    A texture frame so made has texels for teeth and for the whites of the eyes.
    """
    reference = landmarks.mean(0)
    mouth = np.linalg.norm(landmarks[:, 66] - landmarks[:, 62], axis=-1)
    lids = np.linalg.norm(landmarks[:, [41, 40, 47, 46]] - landmarks[:, [37, 38, 43, 44]], axis=-1).mean(-1)
    wide = landmarks[mouth >= np.quantile(mouth, _OPEN)].mean(0)
    reference[MOUTH], reference[JAW] = wide[MOUTH], wide[JAW]
    reference[EYES] = landmarks[lids >= np.quantile(lids, _OPEN)].mean(0)[EYES]
    return reference
