"""Lids and gaze over a code's weights."""

from __future__ import annotations

import numpy as np
import pytest

from th_face_renderer.avatar.body import PLACE, body, overlay
from th_face_renderer.blendshapes import BlendshapeMap, monomials
from th_face_renderer.layer import Layer
from th_face_renderer.schedule import Pose


def overlaid(layer: Layer, **given: float) -> dict[str, float]:
    weights = np.array([given.get(name, 0.0) for name in PLACE], np.float32)
    overlay(weights, layer)
    return {name: round(float(weight), 4) for name, weight in zip(PLACE, weights, strict=True) if weight}


def test_lids_close_what_the_code_leaves_open() -> None:
    assert overlaid(Layer(lid_left=1.0)) == {"eyeBlinkLeft": 1.0}
    assert overlaid(Layer(lid_right=0.5), eyeBlinkRight=0.5, eyeBlinkLeft=0.5) == {
        "eyeBlinkRight": 0.75,
        "eyeBlinkLeft": 0.5,
    }
    assert overlaid(Layer(lid_right=1.0, lid_left=1.0), eyeWideLeft=0.8, eyeWideRight=0.8) == {
        "eyeBlinkRight": 1.0,
        "eyeBlinkLeft": 1.0,
    }


@pytest.mark.parametrize(
    ("layer", "looks"),
    [
        (Layer(gaze_x=0.5), ("OutLeft", "InRight")),  # right in the picture: to the face's left
        (Layer(gaze_x=-0.5), ("InLeft", "OutRight")),
        (Layer(gaze_y=0.5), ("DownLeft", "DownRight")),
        (Layer(gaze_y=-0.5), ("UpLeft", "UpRight")),
    ],
)
def test_both_eyes_look_to_the_same_side(layer: Layer, looks: tuple[str, str]) -> None:
    assert overlaid(layer) == {f"eyeLook{look}": 0.5 for look in looks}


def test_the_stronger_look_down_counts() -> None:
    assert overlaid(Layer(gaze_y=0.25), eyeLookDownLeft=0.5, eyeLookDownRight=0.125) == {
        "eyeLookDownLeft": 0.5,
        "eyeLookDownRight": 0.25,
    }


def test_a_pose_without_a_layer_is_what_its_code_says() -> None:
    told = BlendshapeMap(np.random.default_rng(0).normal(0, 0.2, (monomials(16), 52)))
    code = np.random.default_rng(1).normal(0, 1, 16).astype(np.float32)
    np.testing.assert_array_equal(body(Pose(code, True), told), told.weights(code))
    assert body(Pose(code, True, Layer(1, 1, 0, 0, 0)), told)[PLACE["eyeBlinkLeft"]] == 1.0
