"""The virtual actor: a pose goes in, the portrait and its 68 landmarks come out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from th_common.errors import InputError

from .camera import Camera
from .gl import Stage
from .hair import draw_hair
from .head import Head
from .occlusion import bake_occlusion
from .paint import paint_backdrop, paint_skin
from .parts import Material

MIN_SIZE, MAX_SIZE = 64, 4096
_INNER_LIPS = ((61, 67), (62, 66), (63, 65))
_MIN_GAP = 0.5  # px between inner lips, so that no triangle of a face model turns over


class Actor:
    """Draws the default face, frontal, head still.

    The same pose gives the same picture, bit for bit, on the same machine. An Actor belongs to
    the thread that made it (OpenGL). Making one takes a second or two: occlusion is baked.

    Args:
        size: side of the square portrait, px.
        samples: samples per pixel against jagged edges (0: none).

    Raises InputError for a bad size, DeviceError where OpenGL through EGL is missing.
    """

    def __init__(self, size: int = 512, *, samples: int = 4) -> None:
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise InputError(f"the portrait's size must be {MIN_SIZE} to {MAX_SIZE} px, not {size}")
        self.size = size
        self.camera = Camera(size)
        self.head = Head()
        self._stage = Stage(size, samples)
        self._upload_mesh()
        self._upload_scene()

    def render(self, pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
        """The portrait (size, size, 3) uint8 BGR.

        pose: weights by unit name, or a vector in the order of units.UNITS.
        Raises InputError for an unknown unit.
        """
        vertices = self.head.vertices(pose)
        left, right = vertices[self.head.landmark_ids[[43, 38]], 1].tolist()
        return self._stage.draw(vertices, self.head.normals(vertices), lids=(left, right))

    def landmarks(self, pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
        """(68, 2) float64 px of the portrait: iBUG/Multi-PIE order, pixel centres at integers.

        Brow points lie on the upper edge; inner lower lips are at least 0.5 px below the upper.
        """
        points = self.camera.project(self.head.vertices(pose)[self.head.landmark_ids])
        for upper, lower in _INNER_LIPS:
            points[lower, 1] = max(points[lower, 1], points[upper, 1] + _MIN_GAP)
        return points

    def _upload_mesh(self) -> None:
        head = self.head
        material = np.repeat(head.material, 2)
        vertices = head.vertices({})
        kind = np.zeros(len(vertices))
        kind[head.triangles.ravel()] = np.repeat(material, 3)
        attributes = np.c_[vertices, head.part.uv, kind, self._occlusion(vertices, kind)]
        self._stage.upload_mesh(
            head.triangles,
            attributes,
            skin=int((material == Material.SKIN).sum()),
            opaque=int((material != Material.LASH).sum()),
        )

    def _occlusion(self, vertices: np.ndarray, kind: np.ndarray) -> np.ndarray:
        head = self.head
        opaque = head.triangles[~np.isin(np.repeat(head.material, 2), [Material.LASH, Material.CLOTH])]
        closed, opened = (
            bake_occlusion(self._stage.context, v, opaque, head.normals(v))
            for v in (vertices, head.vertices({"jawOpen": 0.55}))
        )
        seen = np.clip(np.maximum(closed, opened * 0.95) * 1.12, 0, 1) ** 0.9
        for inner, low, gain, high in (
            (Material.TONGUE, 0.40, 1.2, 0.9),
            (Material.TEETH, 0.22, 1.4, 0.95),
        ):
            seen = np.where(kind == inner, np.clip(low + gain * opened, 0, high), seen)
        seen = np.where(kind == Material.CLOTH, 0.9, seen)
        for eye in (Material.LEFT_EYE, Material.RIGHT_EYE):
            ball = vertices[kind == eye]
            top = (ball[:, 1].max() + ball[:, 1].min()) / 2 + 0.55 - vertices[:, 1]
            seen = np.where(kind == eye, np.clip(0.55 + 0.6 * top / 1.1, 0.45, 1), seen)
        return seen

    def _upload_scene(self) -> None:
        stage, head = self._stage, self.head
        rest = head.vertices({})
        texture = max(1024, min(2 * self.size, 4096))
        neutral = Camera(texture).project(rest[head.landmark_ids])
        hair = draw_hair(rest[head.of(Material.SKIN)], texture)
        skin = stage.upload_picture(paint_skin(neutral, hair[..., 3].astype(np.float32) / 255))
        centres = {
            name: tuple(float(x) for x in (rest[ids].max(0) + rest[ids].min(0)) / 2)
            for name, ids in (
                ("left_eye", head.of(Material.LEFT_EYE)),
                ("right_eye", head.of(Material.RIGHT_EYE)),
            )
        }
        stage.set_scene(
            self.camera,
            skin,
            stage.upload_picture(paint_backdrop(texture)),
            stage.upload_picture(hair),
            iris_angle=0.50,
            iris_colour=(0.16, 0.09, 0.045),
            **centres,
        )
