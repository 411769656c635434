"""The numpy computation against torch, and what a damaged model folder is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from th_common.errors import InputError, ModelError
from th_common.model_folder import Tensors
from th_face_predictor import Predictor, load_predictor
from th_face_predictor.architecture import NAMES, Architecture
from th_face_predictor.predictor import LIMIT

TOLERANCE = 1e-5


@pytest.mark.parametrize("lookahead", [0, 3, 8, None])
@pytest.mark.parametrize("name", NAMES)
def test_numpy_equals_torch(name: str, lookahead: int | None, tensors: Callable[..., Tensors]) -> None:
    torch = pytest.importorskip("torch", reason="training needs torch")
    from th_face_predictor import build_network

    net = build_network(name, 26).eval()
    weights = tensors(net.architecture)
    net.load_state_dict({k[4:]: torch.from_numpy(v) for k, v in weights.items() if k.startswith("net.")})
    predictor = Predictor(net.architecture, weights, lookahead=lookahead, profile="paper")
    x = np.random.default_rng(7).standard_normal((150, 40)).astype(np.float32)
    features = x * weights["feature.sd"] + weights["feature.mean"]
    with torch.no_grad():
        expected = net(torch.from_numpy(predictor.standardise(features)), lookahead=lookahead).numpy()
    expected = expected * weights["code.sd"] + weights["code.mean"]
    codes = predictor.predict(features)
    assert codes.dtype == np.float32
    assert np.abs(codes - expected).max() < TOLERANCE
    assert codes.std(axis=0).min() > 0.01


def test_nothing_in_nothing_out(make_predictor: Callable[..., Predictor]) -> None:
    assert make_predictor().predict(np.zeros((0, 40), np.float32)).shape == (0, 16)


@pytest.mark.parametrize(
    "features",
    [
        np.zeros((3, 39), np.float32),
        np.zeros(40, np.float32),
        np.full((3, 40), np.nan, np.float32),
        np.full((3, 40), np.inf),
        np.array([["a"] * 40]),
    ],
)
def test_bad_features_are_refused(features: np.ndarray, make_predictor: Callable[..., Predictor]) -> None:
    with pytest.raises(InputError, match="features"):
        make_predictor().predict(features)


def test_absurd_features_are_clipped(make_predictor: Callable[..., Predictor]) -> None:
    predictor = make_predictor()
    huge = np.full((20, 40), 1e300)
    assert np.abs(predictor.standardise(huge) - LIMIT).max() < 1e-3
    assert np.isfinite(predictor.predict(huge)).all()


def test_a_model_folder_is_read(make_model: Callable[..., Path], tensors: Callable[..., Tensors]) -> None:
    predictor = load_predictor(make_model())
    assert predictor.lookahead == 3
    assert predictor.profile == "robot"
    assert len(predictor.model_id) == 64
    architecture = Architecture(name="BBF", units=12)
    again = Predictor(architecture, tensors(architecture), lookahead=3, profile="robot")
    features = np.ones((9, 40), np.float32)
    assert np.array_equal(predictor.predict(features), again.predict(features))


def test_half_precision_weights_are_read(make_model: Callable[..., Path], tensors: Callable[..., Tensors]) -> None:
    half = {k: v.astype(np.float16) for k, v in tensors(Architecture(name="BBF", units=12)).items()}
    assert load_predictor(make_model(predictor=half)).predict(np.ones((5, 40))).dtype == np.float32


def without(t: Tensors, name: str) -> Tensors:
    return {k: v for k, v in t.items() if k != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: without(t, "net.layers.0.weight_ih_l0"), "weight_ih_l0.* is missing"),
        (lambda t: without(t, "code.sd"), "code.sd.* is missing"),
        (lambda t: t | {"net.layers.3.weight": np.zeros((2, 2), np.float32)}, "belongs to no BBF of 12 units"),
        (lambda t: t | {"net.layers.2.bias": np.zeros(15, np.float32)}, r"shape \(15,\), expected \(16,\)"),
        (lambda t: t | {"feature.sd": np.zeros(40, np.float32)}, "feature.sd.* positive"),
        (lambda t: t | {"feature.mean": np.full(40, np.nan, np.float32)}, "NaN"),
        (lambda t: t | {"net.layers.2.bias": np.zeros(16, np.int32)}, "floating-point"),
        (lambda t: {}, "missing"),
    ],
)
def test_foreign_tensors_are_refused(
    change: Callable[[Tensors], Tensors],
    words: str,
    make_model: Callable[..., Path],
    tensors: Callable[..., Tensors],
) -> None:
    folder = make_model(predictor=change(tensors(Architecture(name="BBF", units=12))))
    with pytest.raises(ModelError, match=words):
        load_predictor(folder)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({}, "fields"),
        ({"name": "LSTM", "units": 12, "inputs": 40, "outputs": 16}, "one of FBF, BFF, BBF"),
        ({"name": "BBF", "units": "12", "inputs": 40, "outputs": 16}, "units"),
        ({"name": "BBF", "units": 10**9, "inputs": 40, "outputs": 16}, "units"),
        ({"name": "BBF", "units": 12, "inputs": 148, "outputs": 16}, "148 features"),
        ({"name": "BBF", "units": 12, "inputs": 40, "outputs": 12}, "12 dimensions, the card says 16"),
        ({"name": "BBF", "units": 14, "inputs": 40, "outputs": 16}, "shape"),
        ({"name": "BBF", "units": 12, "inputs": 40, "outputs": 16, "extra": 1}, "fields"),
    ],
)
def test_foreign_networks_are_refused(network: dict[str, object], words: str, make_model: Callable[..., Path]) -> None:
    folder = make_model()
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"network": network}))
    with pytest.raises(ModelError, match=words):
        load_predictor(folder)


@pytest.mark.parametrize("size", [0, 1, 8, 1000])
def test_a_truncated_file_is_refused(size: int, make_model: Callable[..., Path]) -> None:
    folder = make_model()
    path = folder / "predictor.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ModelError, match=r"predictor\.safetensors"):
        load_predictor(folder)


def test_missing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ModelError):
            load_predictor(folder)


def test_running_needs_no_torch() -> None:
    code = "import sys, th_face_predictor; assert 'torch' not in sys.modules and 'rclpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
