"""The mouth opened by loudness alone: the face of a machine that is too slow for the network."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from th_common.model_folder import FACE, Card, read_tensors
from th_face_predictor.loudness import Loudness

ENERGY = 12  # place of ln(energy) in a feature vector: c1..c12, e, ...
WIDEST = 1.6  # sd of the opening direction at the loudest
SMOOTH = 0.35  # share of a frame's own opening: the mouth follows within some 50 ms
_UPPER, _LOWER = np.array([61, 62, 63]), np.array([67, 66, 65])  # inner lips among the 68 points


class EnergyMouth:
    """Energies of frames in, codes of a face that is at rest but for its lips out.

    Args:
        rest: (D,) the code at rest.
        opening: (D,) direction in code space that opens the lips; its length does not matter, 0: they stay at rest.
    """

    def __init__(self, rest: np.ndarray, opening: np.ndarray) -> None:
        self.rest = rest.astype(np.float32)
        length = float(np.linalg.norm(opening))
        self._direction = (opening / length).astype(np.float32) if length else np.zeros_like(self.rest)
        self._loudness = Loudness()
        self._open = 0.0

    @classmethod
    def of_model(cls, folder: str | os.PathLike[str], card: Card) -> EnergyMouth:
        """Of a model folder's face: the shape parameters that move lower from upper inner lip.

        Raises:
            ModelError: the face is missing or damaged.
        """
        return cls.of_face(read_tensors(folder, FACE, card), dimensions=card.dimensions)

    @classmethod
    def of_face(cls, tensors: Mapping[str, np.ndarray], *, dimensions: int) -> EnergyMouth:
        """Of the tensors of face.safetensors; without shape modes the lips stay at rest."""
        rest = np.asarray(tensors.get("rest", np.zeros(dimensions)))
        opening = np.zeros(dimensions)
        modes = tensors.get("shape.modes")  # (modes, points, 2) px per sd, y down
        if modes is not None and modes.ndim == 3 and modes.shape[1] > _LOWER.max():
            opening[: len(modes)] = (modes[:, _LOWER, 1] - modes[:, _UPPER, 1]).mean(axis=1)
        return cls(rest, opening)

    def hear(self, energy: float) -> float:
        """The opening, 0 to 1, at the next frame, of which the energy is ln(sum of squares) on the int16 scale."""
        part = self._loudness.hear(energy)
        self._open += SMOOTH * (part - self._open)
        return self._open

    def opening(self, codes: np.ndarray) -> np.ndarray:
        """How far codes (T, D) open the lips, in sd of that direction, (T,); linear, so that only its course counts."""
        return np.asarray((codes - self.rest) @ self._direction)

    def code(self, opening: float) -> np.ndarray:
        """The code (D,) float32 of an opening, 0 to 1."""
        return self.rest + np.float32(WIDEST * opening) * self._direction
