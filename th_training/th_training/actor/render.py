"""The virtual actor: a pose goes in, the portrait and its 68 landmarks come out."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from th_common.errors import InputError

from .backdrop import paint_backdrop
from .camera import Camera
from .folds import fold_depths, paint_folds
from .gl import Stage
from .hair import draw_hair
from .head import Head
from .mesh import VertexNormals, smoothed
from .occlusion import bake_occlusion, cone
from .paint import paint_skin
from .parts import Material

MIN_SIZE, MAX_SIZE = 64, 4096
_INNER_LIPS = ((61, 67), (62, 66), (63, 65))
_LIDS = (43, 47, 38, 40)  # landmarks of the left eye's upper and lower lid, and the right eye's
_MIN_GAP = 0.5  # px between inner lips, so that no triangle of a face model turns over

# A vertex that no unit moves this far (cm) is still; the seam between both is drawn twice
_STILL, _MOVING = 0.03, 0.01
_KEY, _FILL = (-0.50, 0.62, 0.95), (0.9, 0.15, 0.70)  # to the lights, as in shaders/actor.vert
_KEY_HALF, _FILL_HALF = 0.42, 0.6  # rad, half the angle that each light's softbox fills
_REACH, _MARGIN = 1.5, 0.5  # weights that poses may reach, and cm around: the window that is redrawn


@functools.lru_cache(maxsize=1)
def _paintings(size: int) -> tuple[np.ndarray, ...]:
    """Hair, skin, its folds and backdrop, (size, size, 3 or 4) uint8: most of what an Actor takes, and the same for every one."""
    head = Head()
    rest = head.vertices({})
    neutral = Camera(size).project(rest[head.landmark_ids])
    behind, hair = draw_hair(rest[head.of(Material.SKIN)], size)
    skin = paint_skin(neutral, hair[..., 3].astype(np.float32) / 255)
    return hair, skin, paint_folds(neutral, size), paint_backdrop(size, behind)


class Actor:
    """Draws the default face, frontal, head still.

    The same pose gives the same picture, bit for bit, on the same machine. An Actor belongs to
    the thread that made it (OpenGL). Making one takes a few seconds: occlusion is baked, hair and
    skin are painted, and what never moves is drawn once.

    Args:
        size: side of the square portrait, px.
        samples: samples per pixel against jagged edges (0: none).

    Attributes:
        portrait: (size, size, 3) uint8 BGR, the pose {} drawn as a whole.
        window: (rows, columns) slices of the picture outside which no pose changes a pixel.

    Raises InputError for a bad size, DeviceError where OpenGL through EGL is missing.
    """

    def __init__(self, size: int = 512, *, samples: int = 4) -> None:
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise InputError(f"the portrait's size must be {MIN_SIZE} to {MAX_SIZE} px, not {size}")
        self.size = size
        self.camera = Camera(size)
        self.head = Head()
        self._rest = self.head.vertices({})
        self._stage = Stage(size, samples)
        self._attributes = self._vertex_attributes()
        self._draw_still()

    def render(self, pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
        """The portrait (size, size, 3) uint8 BGR.

        pose: weights by unit name, or a vector in the order of units.UNITS.
        Raises InputError for an unknown unit.
        """
        vertices = self.head.vertices(pose)
        normals = self._moving_normals(vertices)
        ids = self._moving_ids
        picture = self.portrait.copy()
        picture[self.window] = self._stage.draw(
            vertices[ids], normals[ids], lids=self._lids(vertices), folds=fold_depths(pose)
        )
        return picture

    def landmarks(self, pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
        """(68, 2) float64 px of the portrait: iBUG/Multi-PIE order, pixel centres at integers.

        Brow points lie on the upper edge; inner lower lips are at least 0.5 px below the upper.
        """
        points = self.camera.project(self.head.points(pose, self.head.landmark_ids))
        for upper, lower in _INNER_LIPS:
            points[lower, 1] = max(points[lower, 1], points[upper, 1] + _MIN_GAP)
        return points

    def _draw_still(self) -> None:
        """Everything once; then only the moving triangles, in a window, before a still picture."""
        stage, head, rest = self._stage, self.head, self._rest
        material = np.repeat(head.material, 2)
        motion = np.abs(head.part.units).max((0, 2))[head.triangles]
        part_moves = ~np.isin(material, [Material.SKIN, Material.CLOTH])
        still = (motion < _STILL).any(1) & ~part_moves
        moving = (motion > _MOVING).any(1) | part_moves
        normals = head.normals(rest)
        how = {"lids": self._lids(rest), "folds": fold_depths({})}

        hair, skin, lines, backdrop = self._painted()
        self._set_scene(skin, lines, backdrop, hair)
        self._upload(np.ones(len(material), bool), np.arange(len(rest)))
        self.portrait = stage.draw(rest, normals, **how).copy()
        self._set_scene(skin, lines, backdrop, None)
        self._upload(still, np.arange(len(rest)))
        behind = stage.draw(rest, normals, **how)
        opaque = np.full((self.size, self.size, 1), 255, np.uint8)
        still_picture = stage.upload_picture(np.dstack([behind[..., ::-1], opaque]), exact=True)
        self._set_scene(skin, lines, still_picture, hair)
        self._moving_ids = np.unique(head.triangles[moving])
        self._upload(moving, self._moving_ids)
        touched = np.isin(head.triangles, self._moving_ids).any(1)
        self._moving_normals = VertexNormals(head.triangles[touched], len(rest))
        left, top, right, bottom = self._reach(self._moving_ids)
        self.window = (slice(top, bottom), slice(left, right))
        stage.set_window(left, top, right - left, bottom - top)

    def _reach(self, ids: np.ndarray) -> tuple[int, int, int, int]:
        """Left, top, right, bottom px that the vertices can reach in any pose."""
        moved = self.head.part.units[:, ids] * _REACH
        low = self._rest[ids] + np.minimum(moved.min(0), 0) - _MARGIN
        high = self._rest[ids] + np.maximum(moved.max(0), 0) + _MARGIN
        points = self.camera.project(np.concatenate([low, high]))
        left, top = np.clip(np.floor(points.min(0)), 0, self.size).astype(int)
        right, bottom = np.clip(np.ceil(points.max(0)) + 1, 0, self.size).astype(int)
        return int(left), int(top), int(right), int(bottom)

    def _upload(self, chosen: np.ndarray, ids: np.ndarray) -> None:
        """Hand the chosen triangles to the stage, over the vertices `ids` alone."""
        material = np.repeat(self.head.material, 2)[chosen]
        number = np.zeros(len(self._rest), np.int64)
        number[ids] = np.arange(len(ids))
        self._stage.upload_mesh(
            number[self.head.triangles[chosen]],
            self._attributes[ids],
            skin=int((material == Material.SKIN).sum()),
            opaque=int((material != Material.LASH).sum()),
        )

    def _vertex_attributes(self) -> np.ndarray:
        """(N, 9): rest position, uv, material, occlusion, what is seen of the key light and of the fill."""
        head = self.head
        kind = np.zeros(len(self._rest))
        kind[head.triangles.ravel()] = np.repeat(head.material, 6)
        return np.c_[self._rest, head.part.uv, kind, self._occlusion(kind), self._soft_shadows(kind)]

    def _lids(self, vertices: np.ndarray) -> tuple[float, ...]:
        return tuple(vertices[self.head.landmark_ids[list(_LIDS)], 1].tolist())

    def _soft_shadows(self, kind: np.ndarray) -> np.ndarray:
        """(N, 2): share of key and fill that reaches each vertex of the resting face."""
        head, rest = self.head, self._rest
        normals = head.normals(rest)
        casts = np.repeat(head.material, 2) == Material.SKIN
        shadows = []
        for axis, half in ((_KEY, _KEY_HALF), (_FILL, _FILL_HALF)):
            way = np.array(axis) / np.linalg.norm(axis)
            light = cone(way, half, 40)
            seen = bake_occlusion(self._stage.context, rest, head.triangles[casts], normals, directions=light, size=512)
            # Where the surface turns away its own shading does what a shadow would do twice
            faces = np.clip((normals @ way + 0.05) / 0.40, 0, 1)
            shadows.append(1 - (1 - seen) * faces * faces * (3 - 2 * faces))
        shadow = smoothed(np.stack(shadows, 1), head.triangles[casts], rounds=4)
        inside = np.isin(kind, [Material.TONGUE, Material.TEETH, Material.LEFT_EYE, Material.RIGHT_EYE])
        return np.where(inside[:, None], 1.0, shadow)

    def _occlusion(self, kind: np.ndarray) -> np.ndarray:
        head, rest = self.head, self._rest
        casts = ~np.isin(np.repeat(head.material, 2), [Material.LASH, Material.CLOTH])
        closed, opened = (
            bake_occlusion(self._stage.context, v, head.triangles[casts], head.normals(v))
            for v in (rest, head.vertices({"jawOpen": 0.55}))
        )
        seen = smoothed(np.clip(np.maximum(closed, opened * 0.95) * 1.12, 0, 1) ** 0.9, head.triangles, rounds=1)
        for inner, low, gain, high in (
            (Material.TONGUE, 0.40, 1.2, 0.9),
            (Material.TEETH, 0.40, 1.3, 0.97),
        ):
            seen = np.where(kind == inner, np.clip(low + gain * opened, 0, high), seen)
        seen = np.where(kind == Material.CLOTH, 0.9, seen)
        for eye in (Material.LEFT_EYE, Material.RIGHT_EYE):
            ball = rest[kind == eye]
            top = (ball[:, 1].max() + ball[:, 1].min()) / 2 + 0.55 - rest[:, 1]
            seen = np.where(kind == eye, np.clip(0.55 + 0.6 * top / 1.1, 0.45, 1), seen)
        return seen

    def _painted(self):
        """Textures of hair, skin, its folds, and backdrop."""
        return tuple(self._stage.upload_picture(p) for p in _paintings(max(512, min(2 * self.size, 4096))))

    def _set_scene(self, skin, lines, back, front) -> None:
        def centre(eye: Material) -> tuple[float, ...]:
            ball = self._rest[self.head.of(eye)]
            return tuple(float(x) for x in (ball.max(0) + ball.min(0)) / 2)

        self._stage.set_scene(
            self.camera,
            skin,
            lines,
            back,
            front,
            left_eye=centre(Material.LEFT_EYE),
            right_eye=centre(Material.RIGHT_EYE),
            iris_angle=0.50,
            iris_colour=(0.17, 0.088, 0.040),
        )
