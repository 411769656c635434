"""ARKit's weights from codes, and the part of a model folder that knows the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from th_common.default_model import DEFAULT, LIVE, shipped_model
from th_common.errors import InputError, ModelError
from th_common.model_folder import BLENDSHAPES, FACE, add_tensors, read_card
from th_face_renderer import load_face
from th_face_renderer.blendshapes import ARKIT, SCALE, BlendshapeMap, features, load_blendshapes, monomials
from th_face_renderer.testing import synthetic_face


@pytest.fixture
def coefficients() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.2, (monomials(16), 52)).astype(np.float32)


def test_the_names_are_arkits_in_the_order_of_live_link_face() -> None:
    assert len(ARKIT) == len(set(ARKIT)) == 52
    assert ARKIT[:7] == (
        "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft", "eyeWideLeft",
    )  # fmt: skip
    assert ARKIT[14:23] == (
        "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft",
    )  # fmt: skip
    assert ARKIT[31:41:3] == ("mouthRollLower", "mouthShrugUpper", "mouthLowerDownLeft", "mouthUpperUpRight")
    assert ARKIT[-1] == "tongueOut"


def test_weights_are_a_polynomial_of_the_code_between_0_and_1(coefficients: np.ndarray) -> None:
    codes = np.random.default_rng(1).normal(0, 1, (20, 16)).astype(np.float32)
    weights = BlendshapeMap(coefficients).weights(codes)
    assert weights.dtype == np.float32
    assert (weights.min(), weights.max()) == (0.0, 1.0)
    code, column = codes[3].astype(float), coefficients[:, 7].astype(float)
    products = [SCALE * code[i] * code[j] for i in range(16) for j in range(i, 16)]
    told = column[0] + code @ column[1:17] + np.array(products) @ column[17:]
    assert weights[3, 7] == pytest.approx(np.clip(told, 0, 1), abs=1e-5)
    np.testing.assert_allclose(BlendshapeMap(coefficients).weights(codes[3]), weights[3], atol=1e-6)
    assert features(codes).shape == (20, monomials(16))


@pytest.mark.parametrize("codes", [np.zeros((3, 15)), np.zeros(()), np.full((2, 16), np.nan)])
def test_what_is_no_code_is_refused(coefficients: np.ndarray, codes: np.ndarray) -> None:
    with pytest.raises(InputError, match="are not finite numbers, 16 each"):
        BlendshapeMap(coefficients).weights(codes)


@pytest.mark.parametrize("shape", [(153, 51), (152, 52), (1, 52), (0, 52)])
def test_another_shape_is_no_map(shape: tuple[int, int]) -> None:
    with pytest.raises(ModelError, match="are not of a map to 52 units"):
        BlendshapeMap(np.zeros(shape))


def test_a_model_folder_may_have_a_map(tmp_path: Path, coefficients: np.ndarray) -> None:
    before = synthetic_face(tmp_path, side=64)
    assert load_blendshapes(tmp_path) is None
    card = add_tensors(tmp_path, BLENDSHAPES, {"coefficients": coefficients})
    assert card.id == before.id
    assert card.files == {**before.files, BLENDSHAPES: card.files[BLENDSHAPES]}
    found = load_blendshapes(tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found.coefficients, coefficients)
    assert found.told == ARKIT
    load_face(tmp_path)

    (tmp_path / BLENDSHAPES).write_bytes(b"something else")
    with pytest.raises(ModelError, match="is not the card's"):
        load_blendshapes(tmp_path)
    add_tensors(tmp_path, BLENDSHAPES, {"coefficients": coefficients[:20]})
    with pytest.raises(ModelError, match="expected"):
        load_blendshapes(tmp_path)
    with pytest.raises(ModelError, match="not to be replaced"):
        add_tensors(tmp_path, FACE, {})
    (tmp_path / BLENDSHAPES).unlink()
    with pytest.raises(ModelError, match="not complete"):
        load_blendshapes(tmp_path)


@pytest.mark.parametrize("name", [DEFAULT, LIVE, "drawn"])
def test_the_models_that_come_with_it_know_blendshapes(name: str) -> None:
    folder = shipped_model(name)
    found, decoder = load_blendshapes(folder), load_face(folder)
    assert found is not None
    assert found.dimensions == read_card(folder).dimensions
    assert found.weights(decoder.rest_code).max() < 0.1, "a face at rest"
    shown = {name: dict(zip(ARKIT, found.weights(code), strict=True)) for name, code in decoder.expressions.items()}
    assert shown["happy"]["mouthSmileLeft"] > 0.4
    assert shown["angry"]["browDownLeft"] > 0.4
    assert shown["surprised"]["browInnerUp"] > 0.4
    wide = decoder.rest_code.copy()
    gaps = [decoder.landmarks(wide + 2 * step)[66, 1] for step in np.eye(16, dtype=np.float32)]
    wide += 2 * np.eye(16, dtype=np.float32)[int(np.argmax(gaps))]
    assert found.weights(wide)[ARKIT.index("jawOpen")] > 0.1
