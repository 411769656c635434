"""Pictures with known landmarks to facial codes: projection of shape and texture, nothing iterated."""

from __future__ import annotations

import cv2
import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import LANDMARKS, FaceModel, arrange_mouth
from th_training.aam.appearance import TextureCoder
from th_training.aam.frame import TextureFrame
from th_training.aam.shape import encode_shape, similarity
from th_training.aam.texels import Layout
from th_training.landmarks.measures import as_landmarks


class FaceEncoder:
    """Codes (16,) of pictures of one face; the inverse of the renderer's decoder."""

    def __init__(self, model: FaceModel) -> None:
        self.model = model
        height, width = model.texture_mean.shape[:2]
        self.frame = TextureFrame(model.reference, model.triangles, (height, width))
        self.layout = Layout.of(self.frame)
        if self.layout.roi != tuple(model.roi):
            raise InputError(f"the face's texture roi {model.roi} is not that of its mesh {self.layout.roi}")
        self._mean = model.shape_mean[:LANDMARKS].astype(np.float64)
        self._modes = model.shape_modes[:, :LANDMARKS].astype(np.float64)
        mean, modes = self.layout.take(model.texture_mean), self.layout.take_roi(model.texture_modes)
        self._coder = TextureCoder(mean, modes, self.layout)

    def shape(self, landmarks: np.ndarray) -> np.ndarray:
        """(..., 68, 2) canvas px -> (..., S) sd. Raises InputError for another shape or NaN."""
        points = as_landmarks(landmarks)
        if not np.isfinite(points).all():
            raise InputError("landmarks hold NaN or infinity")
        return encode_shape(points, self._mean, self._modes)

    def appearance(self, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Portrait (canvas) uint8 BGR and its (68, 2) landmarks -> (A,) sd."""
        if image.shape[:2] != tuple(self.model.canvas):
            raise InputError(f"a portrait of this face has {self.model.canvas} px, this picture {image.shape[:2]}")
        points = self._points(as_landmarks(landmarks))
        texture = self.layout.take(self.frame.warp(image, points))
        seen = self.frame.visibility(points, scale=self.scale)
        return self._coder.encode(texture[None], seen[None])[0]

    def encode(self, image: np.ndarray, landmarks: np.ndarray, *, align: bool = False) -> np.ndarray:
        """Portrait and its landmarks -> code (S + A,) float32, sd. Raises InputError as the parts do.

        With `align` the head's place, size and tilt are taken out first (video of a person, any size of frame).
        """
        if align:
            points = as_landmarks(landmarks)
            move = similarity(points, self._mean)
            height, width = self.model.canvas
            image = cv2.warpAffine(image, move, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            landmarks = points @ move[:, :2].T + move[:, 2]
        return np.r_[self.shape(landmarks), self.appearance(image, landmarks)].astype(np.float32)

    def _points(self, landmarks: np.ndarray) -> np.ndarray:
        """(68, 2) -> (P, 2): the landmarks as they are, points around and inside of them as the model has them."""
        code = self.shape(landmarks)
        linear = self.model.shape_mean + np.tensordot(code, self.model.shape_modes, 1)
        linear[:LANDMARKS] = landmarks
        return arrange_mouth(linear, self.model.mouth_rows)

    @property
    def scale(self) -> float:
        """Texture px per canvas px."""
        return self.frame.size[1] / self.model.canvas[1]
