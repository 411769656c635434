"""The texture of a code: mean + sum of lambda_k * mode_k, cut off at levels 0 and 255, by the C kernel or by OpenCV."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from th_face_renderer.background import Image
from th_face_renderer.face_model import CODE_LIMIT, FaceModel, Floats
from th_face_renderer.kernel_calls import Texels, TextureRuns

_EXACT = 1e-3  # of a step; modes that came from 8-bit steps are that near to whole ones


class Texture(Protocol):
    """A texture that is drawn anew for each code, always into the same texels."""

    texels: Texels

    def set(self, appearance: Floats) -> None:
        """Draw the texture of appearance parameters (A,)."""


class CvTexture:
    """By OpenCV, in float32."""

    def __init__(self, model: FaceModel) -> None:
        y0, x0, y1, x1 = model.roi
        self.texels = Texels.of(_mean(model))
        self._modes = model.texture_modes.reshape(len(model.texture_modes), y1 - y0, -1)
        self._mean = np.ascontiguousarray(model.texture_mean[y0:y1, x0:x1].reshape(y1 - y0, -1))
        self._sum = np.empty(self._mean.shape, np.float32)
        self._roi = self.texels.picture.reshape(len(model.texture_mean), -1)[y0:y1, 3 * x0 : 3 * x1]

    def set(self, appearance: Floats) -> None:
        # A matrix product would be as fast, but its BLAS threads would spin between the pictures and take a whole core.
        *weights, last = appearance.tolist()
        total = self._mean
        for weight, mode in zip(weights, self._modes[:-1], strict=True):
            total = cv2.scaleAdd(mode, weight, total, self._sum)
        cv2.addWeighted(total, 1.0, self._modes[-1], last, 0.0, dst=self._roi, dtype=cv2.CV_8U)


class KernelTexture:
    """By the C kernel, in whole numbers; modes that are not 8-bit steps are split into a coarse and a fine half."""

    def __init__(self, model: FaceModel) -> None:
        self.texels = Texels.of(_mean(model))
        modes = model.texture_modes
        peak = np.abs(modes).max(axis=(1, 2, 3))
        self._scale = np.where(peak > 0, peak / 127, 1.0)
        steps = np.rint(modes / self._scale.astype(np.float32)[:, None, None, None])
        rest = modes - steps * self._scale.astype(np.float32)[:, None, None, None]
        self._fine = bool((np.abs(rest).max(axis=(1, 2, 3)) > _EXACT * self._scale).any())
        if self._fine:
            fine = np.rint(rest / (self._scale / 254).astype(np.float32)[:, None, None, None])
            steps = np.concatenate([steps, np.clip(fine, -127, 127)])
        most = CODE_LIMIT * float(self._scale.max())
        self._runs = TextureRuns(self.texels, model.texture_mean, steps.astype(np.int8), model.roi, most=most)

    def set(self, appearance: Floats) -> None:
        weights = appearance * self._scale
        self._runs.draw(np.concatenate([weights, weights / 254]) if self._fine else weights)


def active_texels(model: FaceModel) -> Image:
    """Mask (h, w) of 0 and 255: texels that some code changes."""
    mask = np.zeros(model.texture_mean.shape[:2], np.uint8)
    y0, x0, y1, x1 = model.roi
    for mode in model.texture_modes:
        mask[y0:y1, x0:x1] |= (mode != 0).any(axis=2).view(np.uint8)
    return mask * np.uint8(255)


def _mean(model: FaceModel) -> Image:
    return np.clip(np.rint(model.texture_mean), 0, 255).astype(np.uint8)
