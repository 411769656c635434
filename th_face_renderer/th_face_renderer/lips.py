"""The gap between the lips, averaged over several rows per pixel.

Between closed lips the inside of the mouth is squeezed into half a pixel; at pixel centres alone it would show as specks.
"""

from __future__ import annotations

import numpy as np

from th_face_renderer.background import Image
from th_face_renderer.face_model import CODE_LIMIT, LIP_GAP, FaceModel
from th_face_renderer.kernel_calls import Mesh, Tall, Texels
from th_face_renderer.mesh import Array
from th_face_renderer.stage import Stage

ROWS = 4
_INNER = np.arange(60, 68)
_MOUTH = np.arange(48, 68)
_MARGIN = 1  # px around the inner lips


class Lips:
    """Draws the rectangle around the inner lips of a frame again, ROWS times as high, and averages it into the frame."""

    def __init__(self, model: FaceModel, stage: Stage, texels: Texels, frame: Image) -> None:
        self._clip = stage.rectangle
        near = np.isin(stage.triangles, np.append(_MOUTH, model.mouth_rows)).any(axis=1)
        reach = stage.placement.scale * (CODE_LIMIT * np.abs(model.shape_modes[:, _INNER]).sum(axis=0) + LIP_GAP)
        most = np.ceil((stage.mean[_INNER] + reach).max(axis=0) - (stage.mean[_INNER] - reach).min(axis=0))
        y0, x0, y1, x1 = self._clip
        wide, high = np.minimum(most + 2 * _MARGIN + 2, (x1 - x0, y1 - y0)).astype(int).tolist()
        self._tall = np.zeros((high * ROWS, wide, 3), np.uint8)
        self._rows = Tall(frame=frame, tall=self._tall, rows=ROWS)
        self._points = np.zeros_like(stage.mean)
        self._mesh = Mesh(
            frame=self._tall,
            texels=texels,
            points=self._points,
            targets=stage.targets,
            nudge=np.zeros(stage.mean.shape, np.int8),
            triangles=np.ascontiguousarray(stage.triangles[near & stage.lively]),
            rectangle=(0, 0, high * ROWS, wide),
        )

    def draw(self, points: Array) -> None:
        """Points (P, 2) in the frame, in which the rest of the face is drawn already."""
        inner = points[_INNER[0] : _INNER[-1] + 1]
        low, high = inner.min(axis=0).tolist(), inner.max(axis=0).tolist()
        y0, x0, y1, x1 = self._clip
        left, top = max(int(low[0]) - _MARGIN, x0), max(int(low[1]) - _MARGIN, y0)
        wide = min(int(high[0]) + _MARGIN + 2, x1) - left
        rows = min(int(high[1]) + _MARGIN + 2, y1) - top
        wide, rows = min(wide, self._tall.shape[1]), min(rows, len(self._tall) // ROWS)
        if wide < 1 or rows < 1:
            return
        # What no triangle of the mouth covers stays.
        self._rows.spread((top, left, top + rows, left + wide))
        np.subtract(points, (left, top), out=self._points)
        self._points[:, 1] *= ROWS
        self._points[:, 1] += (ROWS - 1) / 2
        self._mesh.draw((0, 0, rows * ROWS, wide))
        self._rows.average()
