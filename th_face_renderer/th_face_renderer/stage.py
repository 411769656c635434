"""What one face at one picture size decides before anything is drawn, the same for both ways of drawing."""

from __future__ import annotations

import cv2
import numpy as np

from th_face_renderer.background import Image
from th_face_renderer.edge import Rectangle, visible_rim
from th_face_renderer.face_model import CODE_LIMIT, FaceModel, Floats
from th_face_renderer.kernel_calls import Texels
from th_face_renderer.mesh import Array, Indices, Placement, affine_maps, double_areas, outline, turned_alike

_STILL = 1e-4  # px per sd; a point that moves less never moves


class Stage:
    """Places, the triangles that can change, and the rectangle of the picture that they reach.

    size: (height, width) of the picture. placement: canvas to picture.
    triangles (T, 3): turned so that they show their front with an area > 0. targets (P, 2): their corners in the texture.
    mean (P, 2): places of the points at code 0.
    lively (T,): triangles of which a corner can move or a texel can change; the others are drawn once.
    closed: whether the lively triangles always cover the same pixels (a portrait), or their outline moves (a face alone).
    rectangle: (y0, x0, y1, x1), all that can change.
    rim (E, 2): edges of the mesh's outline that are seen. rim_moves: whether one of them can move.
    """

    def __init__(self, model: FaceModel, size: tuple[int, int], *, active: Image) -> None:
        self.size = size
        self.placement = Placement.fit(model.canvas, size)
        self.mean = self.placement.apply(model.points(np.zeros(len(model.rest))))
        targets = model.reference.astype(np.float64)
        # The texture shows every triangle's right side; the mean face may hide some, with its mouth closed.
        self.triangles = np.ascontiguousarray(turned_alike(model.triangles, targets))
        self._small = _small_texture(self.mean, targets, self.triangles, active.shape)
        if self._small is not None:
            full, small = np.array(active.shape[::-1]), np.array(self._small.picture.shape[1::-1])
            targets = (targets + 0.5) * (small / full) - 0.5
            spread = np.ones(tuple(2 * np.ceil(full / small).astype(int) + 1), np.uint8).T
            wide = cv2.dilate(active, spread)
            active = np.asarray(cv2.resize(wide, tuple(small.tolist()), interpolation=cv2.INTER_AREA), np.uint8)
        self.targets = targets

        moves = np.abs(model.shape_modes).max(axis=(0, 2)) > _STILL
        moves[model.mouth_rows] = True
        moving = moves[self.triangles].any(axis=1)
        boxes = _active_boxes(self.triangles, targets, active, where=~moving)
        self.lively = moving.copy()
        self.lively[list(boxes)] = True
        edges = outline(self.triangles[self.lively])
        self.closed = not moves[edges].any()
        reach = np.zeros_like(self.mean)
        if not self.closed:
            reach = CODE_LIMIT * np.abs(model.shape_modes).sum(axis=0) * self.placement.scale
        self.rectangle = self._rectangle(moving, reach, boxes)
        rim = outline(self.triangles)
        self.rim = visible_rim(self.mean, rim, size)
        self.rim_moves = bool(moves[self.rim].any())

    def fitting(self, texels: Texels) -> Texels:
        """The texture to draw with: smaller where the picture has less than half its resolution, against aliasing."""
        if self._small is None:
            return texels
        height, width = self._small.picture.shape[:2]
        cv2.resize(texels.picture, (width, height), dst=self._small.picture, interpolation=cv2.INTER_AREA)
        return self._small

    def _rectangle(self, moving: np.ndarray, reach: Floats | Array, boxes: dict[int, Array]) -> Rectangle:
        """Around the triangles that move, wherever they can reach, and the pixels of the others that change."""
        places = [np.empty((0, 2))]
        used = np.unique(self.triangles[moving])
        places += [self.mean[used] - reach[used], self.mean[used] + reach[used]]
        if boxes:
            names = self.triangles[list(boxes)]
            corners = self.targets[names]
            maps = affine_maps(corners, double_areas(corners), self.mean[names])
            for (linear, box), triangle in zip(zip(maps, boxes.values(), strict=True), self.mean[names], strict=True):
                reached = box @ linear[:, :2].T + linear[:, 2]
                places.append(np.clip(reached, triangle.min(axis=0), triangle.max(axis=0)))
        every = np.concatenate(places)
        if not len(every):
            return 0, 0, 0, 0
        height, width = self.size
        bounds = np.array([width, height])
        x0, y0 = np.clip(np.floor(every.min(axis=0)) - 1, 0, bounds).astype(int).tolist()
        x1, y1 = np.clip(np.ceil(every.max(axis=0)) + 2, 0, bounds).astype(int).tolist()
        return y0, x0, y1, x1


def _active_boxes(triangles: Indices, targets: Array, active: Image, *, where: np.ndarray) -> dict[int, Array]:
    """Of the triangles `where` that some active texel touches: the corners (4, 2) of the box around those texels."""
    boxes: dict[int, Array] = {}
    height, width = active.shape
    solid = double_areas(targets[triangles]) > 0
    for number in np.flatnonzero(where & solid).tolist():
        corners = targets[triangles[number]]
        x0, y0 = np.maximum(np.floor(corners.min(axis=0)) - 1, 0).astype(int).tolist()
        x1, y1 = np.minimum(np.ceil(corners.max(axis=0)) + 2, (width, height)).astype(int).tolist()
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        polygon = np.rint((corners - (x0, y0)) * 256).astype(np.int32)
        cv2.fillConvexPoly(mask, polygon, (255,), cv2.LINE_8, 8)
        # Bilinear: the texels around those inside count as well.
        touched = np.asarray(cv2.dilate(mask, np.ones((5, 5), np.uint8)), np.uint8) & active[y0:y1, x0:x1]
        if touched.any():
            left, top, wide, high = cv2.boundingRect(touched)
            one, two = np.array([x0 + left - 1, y0 + top - 1]), np.array([x0 + left + wide, y0 + top + high])
            boxes[number] = np.array([one, (one[0], two[1]), (two[0], one[1]), two], np.float64)
    return boxes


def _small_texture(mean: Array, targets: Array, triangles: Indices, shape: tuple[int, ...]) -> Texels | None:
    shrink = np.sqrt(double_areas(targets[triangles]).sum() / max(double_areas(mean[triangles]).sum(), 1e-9))
    return None if shrink < 2 else Texels.empty(*(max(2, round(side / shrink)) for side in shape))
