"""A trained predictor: standardised features -> network -> facial codes, read from a model folder."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from th_common.errors import InputError, ModelError
from th_common.model_folder import PREDICTOR, Tensors, read_card, read_tensors, require
from th_face_predictor.architecture import Architecture
from th_face_predictor.engine import Engine, Packed
from th_face_predictor.limited_context import check_lookahead

LIMIT = 8.0
"""Standardised features are clipped to +-LIMIT, in training and live: no sound drives the network where it was never trained."""


class Predictor:
    """Features to codes at the model's own lookahead; immutable, may be shared between threads and streams.

    Attributes:
        architecture: the network.
        lookahead: right context in frames that the model was trained for; None for the whole sequence.
        profile: name of the acoustic features' definition (th_audio_features.PROFILES).
        model_id: id of the face model that the codes belong to.
        shape_dimensions: how many of a code's dimensions, the first ones, are shape parameters.
    """

    def __init__(
        self,
        architecture: Architecture,
        tensors: Mapping[str, np.ndarray],
        *,
        lookahead: int | None,
        profile: str,
        model_id: str = "",
        shape_dimensions: int = 8,
        source: str = "predictor",
    ) -> None:
        """Take a network's tensors as predictor.safetensors keeps them.

        Args:
            tensors: "net.*" (PyTorch's names), "feature.mean", "feature.sd" (inputs,), "code.mean", "code.sd" (outputs,).
            source: what to call the tensors in an error.

        Raises:
            ModelError: a tensor is missing, foreign, of another shape, or not finite; a standard deviation is not positive.
        """
        self.architecture = architecture
        self.lookahead = check_lookahead(lookahead)
        self.profile = profile
        self.model_id = model_id
        self.shape_dimensions = shape_dimensions
        shapes: dict[str, tuple[int, ...]] = {f"net.{k}": v for k, v in architecture.tensor_shapes().items()}
        for name, size in (("feature", architecture.inputs), ("code", architecture.outputs)):
            shapes |= {f"{name}.mean": (size,), f"{name}.sd": (size,)}
        foreign = sorted(set(tensors) - set(shapes))
        if foreign:
            raise ModelError(
                f"{source}: tensor {foreign[0]!r} belongs to no {architecture.name} of {architecture.units} units"
            )
        checked: dict[str, np.ndarray] = {}
        for name, shape in shapes.items():
            tensor = require(dict(tensors), name, shape, source=source)
            if tensor.dtype.kind != "f" or not np.isfinite(tensor).all():
                raise ModelError(f"{source}: tensor {name!r} must hold finite floating-point numbers")
            checked[name] = tensor.astype(np.float32)
        for name in ("feature.sd", "code.sd"):
            if not (checked[name] > 0).all():
                raise ModelError(f"{source}: {name!r} must be positive")
        self._feature_mean, self._feature_sd = checked["feature.mean"], checked["feature.sd"]
        self._code_mean, self._code_sd = checked["code.mean"], checked["code.sd"]
        self._packed = Packed(
            architecture, {k.removeprefix("net."): v for k, v in checked.items() if k.startswith("net.")}
        )

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Codes of a whole recording, at the model's own lookahead.

        Args:
            features: (T, inputs), unnormalised, of the model's profile.

        Returns:
            float32 (T, outputs).

        Raises:
            InputError: another shape, or NaN or infinity in it.
        """
        engine = self.engine(self.lookahead)
        x = self.standardise(features)
        return self.codes(np.concatenate((engine.push(x), engine.finish())))

    def standardise(self, features: np.ndarray) -> np.ndarray:
        """Features (T, inputs) as the network wants them, clipped to +-LIMIT: float32. Raises InputError as `predict`."""
        return standardise(features, self._feature_mean, self._feature_sd)

    def codes(self, y: np.ndarray) -> np.ndarray:
        """Codes of the network's standardised outputs (T, outputs)."""
        return y * self._code_sd + self._code_mean

    def engine(self, lookahead: int | None) -> Engine:
        """A fresh computation with this predictor's weights."""
        return Engine(self._packed, lookahead)


def standardise(features: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """(features - mean) / sd, clipped to +-LIMIT: the one definition for training and running.

    Raises:
        InputError: the features are not numbers (T, len(mean)), or hold NaN or infinity.
    """
    x = np.asarray(features)
    if x.dtype.kind not in "fiu" or x.ndim != 2 or x.shape[1] != len(mean):
        raise InputError(f"features must be numbers of shape (T, {len(mean)}), not {x.dtype} {x.shape}")
    if not np.isfinite(x).all():
        raise InputError("features hold NaN or infinity")
    x = np.clip(x, mean - LIMIT * sd, mean + LIMIT * sd).astype(np.float32)
    return (x - mean) / sd


def load_predictor(folder: str | os.PathLike[str]) -> Predictor:
    """Read the predictor of a model folder (card.json, predictor.safetensors).

    Raises:
        ModelError: the folder is missing, damaged, or not what its card says, in words.
    """
    card = read_card(folder)
    source = f"{os.fspath(folder)}: network"
    try:
        architecture = Architecture.from_card(card.network)
    except ModelError as error:
        raise ModelError(f"{os.fspath(folder)}: {error}") from error
    if architecture.inputs != 40:
        raise ModelError(f"{source} takes {architecture.inputs} features, this software makes 40")
    if architecture.outputs != card.dimensions:
        raise ModelError(f"{source} makes codes of {architecture.outputs} dimensions, the card says {card.dimensions}")
    tensors: Tensors = read_tensors(folder, PREDICTOR, card)
    return Predictor(
        architecture,
        tensors,
        lookahead=card.lookahead,
        profile=card.profile,
        model_id=card.id,
        shape_dimensions=card.shape,
        source=os.path.join(os.fspath(folder), PREDICTOR),
    )
