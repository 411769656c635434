"""A small model with random weights, in memory and as a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from th_common.model_folder import Tensors, write_model
from th_face_predictor.architecture import Architecture
from th_face_predictor.predictor import Predictor


def random_tensors(architecture: Architecture, seed: int = 0) -> Tensors:
    """Weights large enough that gates open and close, statistics far from 0 and 1."""
    rng = np.random.default_rng(seed)
    net = {
        f"net.{name}": rng.uniform(-1, 1, shape).astype(np.float32) * 2 / np.sqrt(shape[-1])
        for name, shape in architecture.tensor_shapes().items()
    }
    inputs, outputs = architecture.inputs, architecture.outputs
    return {k: v.astype(np.float32) for k, v in net.items()} | {
        "feature.mean": rng.uniform(-50, 50, inputs).astype(np.float32),
        "feature.sd": rng.uniform(1, 20, inputs).astype(np.float32),
        "code.mean": rng.uniform(-1, 1, outputs).astype(np.float32),
        "code.sd": rng.uniform(0.5, 1, outputs).astype(np.float32),
    }


@pytest.fixture(scope="session")
def tensors() -> Callable[..., Tensors]:
    return random_tensors


@pytest.fixture(scope="session")
def make_predictor() -> Callable[..., Predictor]:
    def make(name: str = "BBF", units: int = 12, lookahead: int | None = 3) -> Predictor:
        architecture = Architecture(name=name, units=units)
        return Predictor(architecture, random_tensors(architecture), lookahead=lookahead, profile="robot")

    return make


@pytest.fixture(scope="session")
def make_features() -> Callable[..., np.ndarray]:
    """Features that fit the statistics of `random_tensors`."""

    def make(frames: int, seed: int = 0) -> np.ndarray:
        statistics = random_tensors(Architecture(name="BBF", units=12))
        x = np.random.default_rng(seed).standard_normal((frames, 40)).astype(np.float32)
        return x * statistics["feature.sd"] + statistics["feature.mean"]

    return make


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Write a model folder; the face is a placeholder that no predictor reads."""

    def make(folder: str = "model", **changes: object) -> Path:
        architecture = Architecture(name="BBF", units=12)
        fields: dict[str, object] = {
            "name": "test face",
            "profile": "robot",
            "shape": 8,
            "appearance": 8,
            "lookahead": 3,
            "licence": "CC0-1.0",
            "network": architecture.to_card(),
            "training": {},
            "face": {"rest": np.zeros(16, np.float32)},
            "predictor": random_tensors(architecture),
        }
        write_model(tmp_path / folder, **(fields | changes))  # type: ignore[arg-type]
        return tmp_path / folder

    return make
