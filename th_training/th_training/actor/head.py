"""The actor's head: MakeHuman's base mesh (CC0), subdivided once, moved by ARKit's blendshapes.

The data file holds the coarse mesh in decimetres, sparse blendshapes in thousandths of them, and
shape modifiers whose weights make this one face; data/MakeHuman-MPFB2-assets-CC0.md is its licence.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from th_common.errors import ModelError

from .clothes import covered, tunic
from .lashes import lashes
from .mesh import VertexNormals, catmull_clark, triangles_of
from .parts import Material, Part, join
from .sculpt import close_lips, hold_still, sculpt
from .teeth import teeth
from .units import ARKIT_UNITS, INDEX, UNITS, pair, weights

DATA = Path(__file__).parent / "data" / "makehuman_head_cc0.npz"

CENTIMETRES = 10.0
ORIGIN_Y = 62.0  # height of the model's origin (nose bridge and mouth about it), cm

_MATERIALS = {
    "head": Material.SKIN,
    "helper-tongue": Material.TONGUE,
    "helper-l-eye": Material.LEFT_EYE,
    "helper-r-eye": Material.RIGHT_EYE,
}
REST = pair(mouthSmile=0.34, cheekSquint=0.12, browInnerUp=0.15, browOuterUp=0.14, eyeWide=0.08)
"""What is part of the face itself: pose {} is this slight smile."""

_TONGUE_LIES = np.array([0.0, -0.32, -0.25])  # cm lower than in the data: an open mouth is dark above it

# The file's picks of the jaw line and the base of the nose lie on the neck and in the throat: these
# are the contour that is seen from the front, right half, middle, left half.
_LANDMARK_FIXES = {
    **dict(enumerate((7337, 8903, 1685, 7435, 1746, 17106, 8541, 7446, 1801))),
    **dict(enumerate((11841, 12887, 19326, 3942, 11830, 3884, 13231, 11743), start=9)),
    33: 6046,
}


class Head:
    """Geometry of the actor: from a pose to vertices, normals and landmarks.

    Attributes:
        part: all pieces as one Part, opaque quads first, transparent lashes last.
        triangles: (T, 3) int64.
        landmark_ids: (68,) vertices of the iBUG/Multi-PIE landmarks.

    """

    def __init__(self) -> None:
        raw = np.load(DATA, allow_pickle=False)
        skin, landmark_ids, jaw = _load(raw)
        surface = skin.vertices[np.unique(skin.quads[skin.material == Material.SKIN])]
        middle = (skin.vertices[landmark_ids[62]] + skin.vertices[landmark_ids[66]]) / 2
        self.part: Part = join(skin, teeth(middle, jaw), tunic(surface), lashes(skin))
        order = np.argsort(_draw_order(self.part.material), kind="stable")
        hidden = covered(self.part.vertices)[self.part.quads[order]].all(1)
        order = order[~(hidden & (self.part.material[order] == Material.SKIN))]
        self.quads = self.part.quads[order]
        self.material = self.part.material[order]
        self.triangles = triangles_of(self.quads)
        self.landmark_ids = landmark_ids
        self._flat_units = self.part.units.reshape(len(UNITS), -1)
        self._normals = VertexNormals(self.triangles, len(self.part.vertices))

    def of(self, *materials: Material) -> np.ndarray:
        """Sorted vertices that quads of these materials use."""
        return np.unique(self.quads[np.isin(self.material, [int(m) for m in materials])])

    def vertices(self, pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
        """(N, 3) float32, cm. Raises InputError for an unknown unit."""
        vector = weights(pose)
        active = np.flatnonzero(vector)
        moved = vector[active] @ self._flat_units[active]
        return self.part.vertices + moved.reshape(-1, 3)

    def points(self, pose: Mapping[str, float] | np.ndarray, ids: np.ndarray) -> np.ndarray:
        """(len(ids), 3) float32, cm: some of the posed vertices, without the work for all of them."""
        return self.part.vertices[ids] + np.tensordot(weights(pose), self.part.units[:, ids], 1)

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        """Unit normals (N, 3) float32 of posed vertices."""
        return self._normals(vertices)


def _draw_order(material: np.ndarray) -> np.ndarray:
    return np.where(material == Material.LASH, 99, material)


def _load(raw: Mapping[str, np.ndarray]) -> tuple[Part, np.ndarray, np.ndarray]:
    """Skin, eyes and tongue as one Part; landmark ids; the jaw's affine motion (U, 4, 3)."""
    if set(map(str, raw["units"])) != set(ARKIT_UNITS):
        raise ModelError(f"{DATA.name} does not hold the {len(ARKIT_UNITS)} units of ARKit")
    names = [str(name) for name in raw["part_names"]]
    # Vertex numbers of the finer mesh (landmarks, lids) count all pieces but the hair.
    kept = raw["part"] != names.index("helper-hair")
    used, numbers = np.unique(raw["quads"][kept], return_inverse=True)
    operator, quads, source = catmull_clark(numbers.reshape(-1, 4), len(used))
    piece = raw["part"][kept][source]

    coarse = raw["v"].astype(np.float64)
    coarse = coarse + np.einsum("k,kvc->vc", raw["mod_weights"], raw["mod_deltas"])
    vertices = operator @ coarse[used] * CENTIMETRES
    vertices[:, 1] -= ORIGIN_Y
    units = np.zeros((len(UNITS), len(vertices), 3), np.float32)
    for k, name in enumerate(raw["units"]):
        rows = slice(*raw["unit_ptr"][k : k + 2])
        moved = np.zeros_like(coarse)
        moved[raw["unit_idx"][rows]] = raw["unit_val_1e3"][rows] / 1000.0
        units[INDEX[str(name)]] = operator @ moved[used] * CENTIMETRES
    for name, weight in REST.items():
        vertices = vertices + weight * units[INDEX[name]]
    surface = np.unique(quads[piece == names.index("head")])
    sculpt(vertices, units)
    hold_still(vertices, units)
    close_lips(vertices, units, surface, int(raw["landmarks68_subdiv1"][60]))

    tongue = np.unique(quads[piece == names.index("helper-tongue")])
    vertices[tongue] += _TONGUE_LIES
    _add_tongue_up(vertices, units, tongue)
    jaw = _affine(vertices, units, np.unique(quads[piece == names.index("helper-lower-teeth")]))
    wanted = np.isin(piece, [names.index(name) for name in _MATERIALS])
    lookup = np.array([_MATERIALS.get(name, Material.SKIN) for name in names])
    skin = Part(
        vertices.astype(np.float32),
        units,
        quads[wanted],
        lookup[piece[wanted]].astype(np.int64),
        np.zeros((len(vertices), 2), np.float32),
    )
    landmarks = raw["landmarks68_subdiv1"].copy()
    for number, vertex in _LANDMARK_FIXES.items():
        landmarks[number] = vertex
    return skin, landmarks, jaw


def _add_tongue_up(vertices: np.ndarray, units: np.ndarray, tongue: np.ndarray) -> None:
    """Own unit: the front third of the tongue rises behind the upper teeth."""
    z = vertices[tongue, 2]
    front = np.clip((z - (z.max() - 3.0)) / 3.0, 0, 1) ** 1.5
    units[INDEX["tongueUp"], tongue, 1] = 1.3 * front
    units[INDEX["tongueUp"], tongue, 2] = 0.6 * front


def _affine(vertices: np.ndarray, units: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Least-squares affine motion (U, 4, 3) of the jaw's units, from teeth that are not drawn."""
    points = np.c_[vertices[ids], np.ones(len(ids))]
    motion = np.zeros((len(UNITS), 4, 3))
    for name in ("jawOpen", "jawLeft", "jawRight", "jawForward"):
        motion[INDEX[name]] = np.linalg.lstsq(points, units[INDEX[name], ids], rcond=None)[0]
    return motion
