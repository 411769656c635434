"""The virtual actor's head as a plain mesh with ARKit's blendshapes: without hair, lashes and painted skin."""

from __future__ import annotations

import numpy as np

from th_face_renderer.blendshapes import ARKIT
from th_training.actor.head import Head
from th_training.actor.parts import Material
from th_training.actor.units import INDEX
from th_training.export.gltf import Mesh

LICENCE = "CC0-1.0: head by the MakeHuman project"
_METRES = 0.01
_COLOURS = {
    Material.SKIN: (214, 164, 140),
    Material.CLOTH: (86, 98, 116),
    Material.TEETH: (236, 230, 216),
    Material.TONGUE: (186, 96, 98),
    Material.LEFT_EYE: (240, 238, 234),
    Material.RIGHT_EYE: (240, 238, 234),
}
_IRIS, _PUPIL = (104, 72, 46), (16, 12, 10)
_IRIS_HALF, _PUPIL_HALF = np.radians(27.0), np.radians(12.0)  # seen from the middle of the eye


def head_mesh(head: Head | None = None) -> Mesh:
    """The head at rest in metres, its middle at the origin, looking to +z."""
    head = head or Head()
    drawn = np.repeat(head.material, 2) != Material.LASH
    triangles = head.triangles[drawn]
    used, triangles = np.unique(triangles, return_inverse=True)
    vertices = head.vertices({})
    targets = head.part.units[[INDEX[name] for name in ARKIT]][:, used] * _METRES
    return Mesh(
        vertices=vertices[used] * _METRES,
        normals=head.normals(vertices)[used],
        colours=_colours(head, vertices)[used],
        triangles=triangles.reshape(-1, 3),
        targets=targets,
        names=ARKIT,
    )


def _colours(head: Head, vertices: np.ndarray) -> np.ndarray:
    colours = np.full((len(vertices), 4), 255, np.uint8)
    for material, colour in _COLOURS.items():
        colours[head.of(material), :3] = colour
    for eye in (Material.LEFT_EYE, Material.RIGHT_EYE):
        ids = head.of(eye)
        outward = vertices[ids] - vertices[ids].mean(0)
        away = np.arccos(outward[:, 2] / np.linalg.norm(outward, axis=1))
        colours[ids[away < _IRIS_HALF], :3] = _IRIS
        colours[ids[away < _PUPIL_HALF], :3] = _PUPIL
    return colours
