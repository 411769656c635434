"""The actor's muscles by name: a pose is a set of blendshape weights (ARKit's names and meaning)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from th_common.errors import InputError

Pose = dict[str, float]
"""Weight by unit name; units that are not named are at 0, so `{}` is the face at rest."""

_PAIRED = (
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut",
    "eyeLookUp", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown",
    "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip
_SINGLE = (
    "browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose",
    "mouthFunnel", "mouthLeft", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "tongueOut",
)  # fmt: skip

ARKIT_UNITS: tuple[str, ...] = tuple(
    sorted([name + side for name in _PAIRED for side in ("Left", "Right")] + list(_SINGLE))
)
OWN_UNITS: tuple[str, ...] = ("tongueUp",)
"""Units that ARKit lacks and speech needs: the tongue's tip behind the upper teeth."""

UNITS: tuple[str, ...] = ARKIT_UNITS + OWN_UNITS
INDEX: dict[str, int] = {name: i for i, name in enumerate(UNITS)}


def pair(**weights: float) -> Pose:
    """Pose from short names: a paired unit without its side (`mouthSmile`) sets both sides.

    Raises InputError that names the unit which does not exist.
    """
    pose: Pose = {}
    for name, weight in weights.items():
        if name in INDEX:
            pose[name] = weight
        elif name in _PAIRED:
            pose[name + "Left"] = pose[name + "Right"] = weight
        else:
            raise InputError(f"there is no blendshape unit '{name}'")
    return pose


def weights(pose: Mapping[str, float] | np.ndarray) -> np.ndarray:
    """A pose as the vector (len(UNITS),) float32 in the order of UNITS.

    A vector of that length passes through. Raises InputError naming an unknown unit, and for a
    vector of another length or a weight that is not finite.
    """
    if isinstance(pose, Mapping):
        vector = np.zeros(len(UNITS), np.float32)
        for name, weight in pose.items():
            if name not in INDEX:
                raise InputError(f"there is no blendshape unit '{name}'")
            vector[INDEX[name]] = weight
    else:
        vector = np.asarray(pose, np.float32)
        if vector.shape != (len(UNITS),):
            raise InputError(f"a pose vector has {len(UNITS)} weights, this one has shape {vector.shape}")
    if not np.isfinite(vector).all():
        raise InputError("a pose has a weight that is not a finite number")
    return vector
