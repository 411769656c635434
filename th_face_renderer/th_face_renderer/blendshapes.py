"""Facial codes as weights of ARKit's 52 blendshapes, by which other faces and avatars are moved.

A model that knows the way has it in blendshapes.safetensors (`th blendshapes` learns it); it belongs to the model's face, not to its
predictor, and needs neither ROS nor th_training.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from th_common.errors import InputError, ModelError
from th_common.model_folder import BLENDSHAPES, CARD, read_card, read_tensors, require

_SIDES = ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")
_LEFT_RIGHT = ("Smile", "Frown", "Dimple", "Stretch"), ("Press", "LowerDown", "UpperUp")

ARKIT: tuple[str, ...] = (
    *(f"eye{name}{side}" for side in ("Left", "Right") for name in _SIDES),
    "jawForward", "jawRight", "jawLeft", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft",
    *(f"mouth{name}{side}" for name in _LEFT_RIGHT[0] for side in ("Left", "Right")),
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    *(f"mouth{name}{side}" for name in _LEFT_RIGHT[1] for side in ("Left", "Right")),
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""Names in Apple's spelling, in the order of Live Link Face's recordings."""

SCALE = 0.25  # of the products, so that they are of the size of the code


class BlendshapeMap:
    """weights = code, its products of two, and 1, times coefficients; then cut off at 0 and 1.

    Args:
        coefficients: (1 + D + D (D + 1) / 2, 52) for codes of D numbers, columns as ARKIT; units that the model cannot tell are 0.

    Raises:
        ModelError: of another shape.
    """

    def __init__(self, coefficients: np.ndarray, *, source: str = "blendshapes") -> None:
        self.coefficients = np.ascontiguousarray(coefficients, np.float32)
        rows = len(self.coefficients)
        self.dimensions = int((np.sqrt(8 * rows + 1) - 3) / 2)
        if self.coefficients.shape != (monomials(self.dimensions), len(ARKIT)) or self.dimensions < 1:
            raise ModelError(f"{source}: coefficients {self.coefficients.shape} are not of a map to {len(ARKIT)} units")

    @property
    def told(self) -> tuple[str, ...]:
        """The units that ever move."""
        return tuple(name for name, column in zip(ARKIT, self.coefficients.T, strict=True) if column.any())

    def weights(self, codes: np.ndarray) -> np.ndarray:
        """Codes (T, D) or (D,) -> weights (T, 52) or (52,), float32 in 0..1.

        Raises:
            InputError: codes of another length, or not finite.
        """
        found = np.asarray(codes, np.float32)
        if found.ndim not in (1, 2) or found.shape[-1] != self.dimensions or not np.isfinite(found).all():
            raise InputError(f"codes {found.shape} are not finite numbers, {self.dimensions} each")
        return np.clip(features(found) @ self.coefficients, 0.0, 1.0).astype(np.float32)


def monomials(dimensions: int) -> int:
    """Number of `features` of a code."""
    return 1 + dimensions + dimensions * (dimensions + 1) // 2


def features(codes: np.ndarray) -> np.ndarray:
    """(..., D) -> (..., monomials(D)): 1, the numbers, and SCALE times their products of two."""
    first, second = np.triu_indices(codes.shape[-1])
    ones = np.ones((*codes.shape[:-1], 1), codes.dtype)
    return np.concatenate([ones, codes, codes[..., first] * codes[..., second] * codes.dtype.type(SCALE)], -1)


def load_blendshapes(folder: str | os.PathLike[str]) -> BlendshapeMap | None:
    """The map of a model folder, None where the model has none.

    Raises:
        ModelError: the folder is no face model, or the map is damaged or does not fit its codes.
    """
    card = read_card(folder)
    if BLENDSHAPES not in card.files:
        return None
    tensors = read_tensors(folder, BLENDSHAPES, card)
    shape = (monomials(card.dimensions), len(ARKIT))
    found = require(tensors, "coefficients", shape, source=f"{Path(folder) / BLENDSHAPES}")
    if found.dtype.kind != "f":
        raise ModelError(f"{Path(folder) / CARD}: coefficients are {found.dtype}, not numbers")
    return BlendshapeMap(found, source=os.fspath(folder))
