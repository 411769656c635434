"""Facial code to picture: texture of the code, stretched over the points of the code."""

from __future__ import annotations

import os
from collections import OrderedDict

import cv2
import numpy as np
import numpy.typing as npt

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel, Floats, load
from th_face_renderer.warp import Colour, Image, Warp

MAX_SIDE = 4096
_SIZES_KEPT = 3


class FaceDecoder:
    """Renders the codes of one face, at any output size.

    The picture is the face's canvas, as large as it fits, centred on the background colour (B, G, R). Codes beyond 4
    standard deviations are clamped. Not for use from several threads at once.
    """

    def __init__(self, model: FaceModel, *, model_id: str = "", background: Colour = (0, 0, 0)) -> None:
        self.model = model
        self.model_id = model_id
        self._background = background
        y0, x0, y1, x1 = model.roi
        self._modes = model.texture_modes.reshape(len(model.texture_modes), y1 - y0, -1)
        self._mean = np.ascontiguousarray(model.texture_mean[y0:y1, x0:x1].reshape(y1 - y0, -1))
        self._sum = np.empty(self._mean.shape, np.float32)
        self._texture: Image = np.clip(np.rint(model.texture_mean), 0, 255).astype(np.uint8)
        self._texture_roi = self._texture.reshape(len(self._texture), -1)[y0:y1, 3 * x0 : 3 * x1]
        self._warps: OrderedDict[tuple[int, int], Warp] = OrderedDict()

    @property
    def rest_code(self) -> Floats:
        """The code (16,) of the face when nobody speaks."""
        return self.model.rest.copy()

    @property
    def canvas(self) -> tuple[int, int]:
        """(height, width) of the frame that landmarks live in, the size at which nothing is scaled."""
        return self.model.canvas

    def landmarks(self, code: npt.ArrayLike) -> Floats:
        """The 68 landmarks (68, 2) of a code (16,), x and y in canvas px, y down.

        Raises:
            InputError: the code has another length, or NaN or infinity in it.
        """
        return self.model.landmarks(code)

    def render(self, code: npt.ArrayLike, size: tuple[int, int] | None = None, *, copy: bool = True) -> Image:
        """Draw a code (16,) as uint8 (height, width, 3) BGR; `size` is (height, width), by default the canvas.

        With `copy=False` the picture belongs to the decoder and is good until the next call.

        Raises:
            InputError: the code has another length or NaN or infinity in it, or the size is out of range 2..MAX_SIDE.
        """
        code = self.model.check_code(code)
        warp = self._warp(self.canvas if size is None else size)
        frame = warp.draw(self.model.points(code), self._textured(code[self.model.dimensions[0] :]))
        return frame.copy() if copy else frame

    def _textured(self, appearance: Floats) -> Image:
        # A matrix product would be as fast, but its BLAS threads would spin between the pictures and take a whole core.
        *weights, last = appearance.tolist()
        total = self._mean
        for weight, mode in zip(weights, self._modes[:-1], strict=True):
            total = cv2.scaleAdd(mode, weight, total, self._sum)
        cv2.addWeighted(total, 1.0, self._modes[-1], last, 0.0, dst=self._texture_roi, dtype=cv2.CV_8U)
        return self._texture

    def _warp(self, size: tuple[int, int]) -> Warp:
        if size in self._warps:
            self._warps.move_to_end(size)
            return self._warps[size]
        if len(size) != 2 or not all(2 <= side <= MAX_SIDE for side in size):
            raise InputError(f"picture size {size} is out of range 2..{MAX_SIDE}")
        warp = Warp(self.model, (int(size[0]), int(size[1])), background=self._background, mean_texture=self._texture)
        self._warps[size] = warp
        if len(self._warps) > _SIZES_KEPT:
            self._warps.popitem(last=False)
        return warp


def load_face(folder: str | os.PathLike[str], *, background: Colour = (0, 0, 0)) -> FaceDecoder:
    """Load the face of a model folder.

    Raises:
        ModelError: the folder is missing, damaged, or its face does not fit its card.
    """
    model, card = load(folder)
    return FaceDecoder(model, model_id=card.id, background=background)
