"""The lips' opening as a linear function of the code is what the landmarks of that code say."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import load_file

from th_common.default_model import default_model_folder
from th_common.model_folder import FACE
from th_face_renderer.face_model import FaceModel
from th_training.aam.lips import opening_by_code
from th_training.landmarks.measures import lip_opening


def test_opening_agrees_with_the_landmarks() -> None:
    face = FaceModel.from_tensors(load_file(default_model_folder() / FACE))
    *slopes, zero = opening_by_code(face)
    assert len(slopes) == sum(face.dimensions)
    tensors = face.to_tensors()
    codes = np.random.default_rng(0).normal(0.0, 0.7, (200, len(slopes)))
    landmarks = (tensors["shape.mean"] + np.tensordot(codes[:, :8], tensors["shape.modes"], 1))[:, :68]
    linear = np.maximum(codes @ slopes + zero, 0.0)
    np.testing.assert_allclose(linear, lip_opening(landmarks), atol=0.01)
    assert linear.max() > 0.1
