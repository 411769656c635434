"""A small model with random weights, in memory and as a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from th_common.model_folder import Tensors, write_model
from th_face_predictor.architecture import Architecture
from th_face_predictor.known_voices import KnownVoices
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


@pytest.fixture(scope="session")
def known() -> KnownVoices:
    """Voices around a place that speech may have, alike in all directions."""
    mean = np.array([0.0] * 12 + [20.0, np.log(150.0)])
    sizes = np.array([5.0] * 12 + [2.0, 0.4])
    return KnownVoices(mean, np.diag(sizes**2), 4.0)


@pytest.fixture(scope="session")
def speak() -> Callable[..., np.ndarray]:
    """Features of somebody who reads: syllables and pauses around a place."""

    def speak(
        seconds: float = 30.0, *, place: np.ndarray | None = None, quiet: float = 11.0, seed: int = 0
    ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        count = round(seconds * 60)
        x = rng.normal(0.0, 1.0, (count, 40)).astype(np.float32)
        where = np.array([0.0] * 12 + [20.0, np.log(150.0)]) if place is None else place
        spoken = np.arange(count) % 40 < 28
        x[:, :12] += where[:12]
        x[:, 12] = np.where(spoken, where[12], quiet) + rng.normal(0, 0.3, count)
        x[:, 39] = np.where(spoken, np.exp(where[13] + rng.normal(0, 0.1, count)), 0.0)
        return x

    return speak
