"""ARKit's blendshapes in the terms of the Facial Action Coding System.

Units: P. Ekman, W. V. Friesen, Facial Action Coding System, Consulting Psychologists Press, 1978. Which of Apple's blendshapes
(ARFaceAnchor.BlendShapeLocation) is which unit: as in the table by which Meta's Movement SDK for Unity (ARKitFace) moves ARKit's
faces, whose own names are those of the units. There eyeBlink is an eye closure (AU 43), of which a blink (45) is a short one.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from th_face_renderer.blendshapes import ARKIT

Floats = npt.NDArray[np.float32]

LENGTH = 99
"""Numbers of action units end below this."""

UNITS: dict[int, tuple[str, ...]] = {
    1: ("browInnerUp",),
    2: ("browOuterUpLeft", "browOuterUpRight"),
    4: ("browDownLeft", "browDownRight"),
    5: ("eyeWideLeft", "eyeWideRight"),
    6: ("cheekSquintLeft", "cheekSquintRight"),
    7: ("eyeSquintLeft", "eyeSquintRight"),
    8: ("mouthClose",),
    9: ("noseSneerLeft", "noseSneerRight"),
    10: ("mouthUpperUpLeft", "mouthUpperUpRight"),
    12: ("mouthSmileLeft", "mouthSmileRight"),
    14: ("mouthDimpleLeft", "mouthDimpleRight"),
    15: ("mouthFrownLeft", "mouthFrownRight"),
    16: ("mouthLowerDownLeft", "mouthLowerDownRight"),
    17: ("mouthShrugLower", "mouthShrugUpper"),
    18: ("mouthPucker",),
    19: ("tongueOut",),
    20: ("mouthStretchLeft", "mouthStretchRight"),
    22: ("mouthFunnel",),
    24: ("mouthPressLeft", "mouthPressRight"),
    26: ("jawOpen",),
    28: ("mouthRollLower", "mouthRollUpper"),
    29: ("jawForward",),
    30: ("jawLeft", "jawRight"),
    34: ("cheekPuff",),
    45: ("eyeBlinkLeft", "eyeBlinkRight"),
    61: ("eyeLookOutLeft", "eyeLookInRight"),
    62: ("eyeLookInLeft", "eyeLookOutRight"),
    63: ("eyeLookUpLeft", "eyeLookUpRight"),
    64: ("eyeLookDownLeft", "eyeLookDownRight"),
}
"""Blendshapes by the unit that they are of; its intensity is that of the strongest.

AU 27 (mouth stretch) is to ARKit the far end of jawOpen, hence in 26; mouthLeft and mouthRight are no unit of FACS.
"""

LIPS_PART = 25
"""Has no blendshape: lips part as far as the jaw drops and `mouthClose` does not take it back, or as one lip moves away."""
_PARTING = ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight")

_PLACE = {name: place for place, name in enumerate(ARKIT)}
_NUMBERS = np.array(list(UNITS))
_OF = np.array([[_PLACE[names[0]], _PLACE[names[-1]]] for names in UNITS.values()])
_PARTING_PLACES = np.array([_PLACE[name] for name in _PARTING])
_JAW, _CLOSE = _PLACE["jawOpen"], _PLACE["mouthClose"]


def intensities(weights: Floats) -> Floats:
    """Weights (52,) or (T, 52), columns as ARKIT -> intensities (99,) or (T, 99) in 0..1, by number of the unit.

    A share of what the blendshape can do. FACS' grades A to E are a coder's, steps of unequal width, and not meant here.
    """
    found = np.zeros((*weights.shape[:-1], LENGTH), np.float32)
    found[..., _NUMBERS] = weights[..., _OF].max(-1)
    jaw = np.maximum(weights[..., _JAW] - weights[..., _CLOSE], 0.0)
    found[..., LIPS_PART] = np.maximum(jaw, weights[..., _PARTING_PLACES].max(-1))
    return found


def told(blendshapes: Collection[str]) -> npt.NDArray[np.bool_]:
    """(99,): whether a unit can be told by somebody who tells these blendshapes."""
    found = np.zeros(LENGTH, bool)
    for number, names in UNITS.items():
        found[number] = any(name in blendshapes for name in names)
    found[LIPS_PART] = "jawOpen" in blendshapes
    return found
