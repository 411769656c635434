"""A pose as weights: what the code says, and over it lids and gaze."""

from __future__ import annotations

import numpy as np

from th_face_renderer.blendshapes import ARKIT, BlendshapeMap
from th_face_renderer.layer import Layer
from th_face_renderer.schedule import Floats, Pose

PLACE = {name: place for place, name in enumerate(ARKIT)}


def body(pose: Pose, to_weights: BlendshapeMap) -> Floats:
    """Weights (52,) of a pose, columns as ARKIT. Breath moves no blendshape.

    Raises:
        InputError: a code of another face.
    """
    weights = to_weights.weights(pose.code)
    overlay(weights, pose.layer)
    return weights


def overlay(weights: Floats, layer: Layer) -> None:
    """Put lids and gaze over weights (52,), in place.

    Lids close what the code leaves open, and take back the raising of lids as they do: both at once would leave a slit. A gaze as far
    aside as the face's eyes go is a weight of 1; of two wishes to look down the stronger counts.
    """
    for side, lid in (("Right", layer.lid_right), ("Left", layer.lid_left)):
        if lid > 0:
            blink, wide = PLACE[f"eyeBlink{side}"], PLACE[f"eyeWide{side}"]
            weights[blink] += (1.0 - weights[blink]) * lid
            weights[wide] *= 1.0 - lid
    # To the right in the picture is to the face's left.
    x = ("OutLeft", "InRight") if layer.gaze_x > 0 else ("InLeft", "OutRight")
    y = ("DownLeft", "DownRight") if layer.gaze_y > 0 else ("UpLeft", "UpRight")
    for names, part in ((x, abs(layer.gaze_x)), (y, abs(layer.gaze_y))):
        for name in names:
            place = PLACE[f"eyeLook{name}"]
            weights[place] = max(weights[place], min(np.float32(part), np.float32(1)))
