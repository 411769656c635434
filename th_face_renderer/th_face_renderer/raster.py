"""The fast way to draw a face: triangle by triangle with the C kernel, straight into the frame."""

from __future__ import annotations

import numpy as np

from th_face_renderer import edge
from th_face_renderer.background import Image
from th_face_renderer.edge import Rectangle
from th_face_renderer.eyes import Eyes
from th_face_renderer.face_model import FaceModel, Floats
from th_face_renderer.kernel_calls import Mesh, Rim, Texels
from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.lips import Lips
from th_face_renderer.mesh import Indices, outline, outwards
from th_face_renderer.stage import Stage


class Raster:
    """Draws one face at one size; keeps its arrays, so that a frame allocates nothing large.

    What cannot change is drawn here, once, over a background (height, width, 3); `draw` adds the rest.
    `feather`: px over which the outline fades into the background; 0: not at all. With `exact` every pixel is the warp at
    its centre, between the lips as well.
    """

    def __init__(
        self, model: FaceModel, stage: Stage, texels: Texels, *, background: Image, feather: float, exact: bool
    ) -> None:
        self._stage = stage
        self._points = stage.mean.copy()
        self._frame = background.copy()
        height, width = stage.size
        everywhere = (0, 0, height, width)
        nudge = outwards(stage.mean, outline(stage.triangles))
        texture = stage.fitting(texels)

        def mesh(
            which: Indices,
            frame: Image,
            texture: Texels,
            *,
            keep: Image | None = None,
            clip: Rectangle = everywhere,
        ) -> Mesh:
            return Mesh(
                frame=frame,
                texels=texture,
                points=self._points,
                targets=stage.targets,
                nudge=nudge,
                triangles=np.ascontiguousarray(which),
                rectangle=clip,
                keep=keep,
            )

        white = Texels.of(np.full_like(texture.picture, 255))
        still = np.zeros_like(self._frame)
        mesh(stage.triangles[~stage.lively], still, white).draw()
        lively = np.zeros_like(self._frame)
        mesh(stage.triangles[stage.lively], lively, white).draw()
        keep = (still[..., 0] != 0).view(np.uint8)
        y0, x0, y1, x1 = stage.rectangle
        redrawn = np.zeros(stage.size, bool)
        redrawn[y0:y1, x0:x1] = ((lively[..., 0] != 0) & (keep == 0))[y0:y1, x0:x1]

        if stage.closed:
            mesh(stage.triangles[stage.lively], self._frame, texture).draw()
        mesh(stage.triangles[~stage.lively], self._frame, texture).draw()
        self._mesh = mesh(
            stage.triangles[stage.lively],
            self._frame,
            texture,
            keep=keep if keep.any() else None,
            clip=stage.rectangle,
        )
        self._lips = None if exact else Lips(model, stage, texture, self._frame)
        self._rim: Rim | None = None
        if feather > 0:
            opacity = edge.opacity(stage.mean, stage.rim, feather, everywhere)
            edge.blend(self._frame, background, np.where(redrawn, np.uint8(255), opacity))
            if stage.rim_moves or not stage.closed or (opacity[redrawn] < 255).any():
                # A still rim keeps the opacity that it has; one that moves is measured anew in every frame.
                self._rim = Rim(
                    frame=self._frame,
                    background=background,
                    opacity=opacity,
                    points=self._points,
                    edges=np.ascontiguousarray(stage.rim if stage.rim_moves else stage.rim[:0]),
                    feather=feather,
                    keep=keep if keep.any() else None,
                )
        self._bare = None if stage.closed else self._frame.copy()
        self._used = np.unique(stage.triangles[stage.lively])
        self._reached = stage.rectangle
        self._eyes = Eyes(self._frame, kernel=True)
        self._public = self._frame.view()
        self._public.flags.writeable = False

    def draw(self, points: Floats, texels: Texels, layer: Layer = NEUTRAL) -> Image:
        """Draw canvas points (P, 2) and lids and gaze over them; returns this size's own frame, read-only, good until the next call."""
        self._eyes.undo()
        self._stage.fitting(texels)
        self._points[...] = self._stage.placement.apply(points)
        if self._bare is not None:
            y0, x0, y1, x1 = self._reached
            self._frame[y0:y1, x0:x1] = self._bare[y0:y1, x0:x1]
            self._reached = self._reach()
        self._mesh.draw()
        if self._lips is not None:
            self._lips.draw(self._points)
        if self._rim is not None:
            self._rim.draw(self._reached)
        self._eyes.draw(self._points, layer)
        return self._public

    def _reach(self) -> Rectangle:
        """The part of the rectangle of all that can change that this frame draws to."""
        y0, x0, y1, x1 = self._stage.rectangle
        left, top = (self._points[self._used].min(axis=0) - 1).tolist()
        right, bottom = (self._points[self._used].max(axis=0) + 2).tolist()
        y0, x0 = min(max(int(top), y0), y1), min(max(int(left), x0), x1)
        return y0, x0, max(min(int(bottom), y1), y0), max(min(int(right), x1), x0)
