"""The linear model: its algebra, its file, and every way in which a file can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from th_common.errors import InputError, ModelError
from th_common.model_folder import FACE, Tensors
from th_face_renderer.face_model import CODE_LIMIT, LIP_GAP, FaceModel, load
from th_face_renderer.testing import synthetic_face, synthetic_model

MODEL = synthetic_model()


def test_code_zero_is_the_mean() -> None:
    points, texture = MODEL.instance(np.zeros(16))
    np.testing.assert_array_equal(points, MODEL.shape_mean)
    np.testing.assert_array_equal(texture, MODEL.texture_mean)


def test_instance_is_linear_in_the_code() -> None:
    code = np.zeros(16)
    code[2], code[9] = 1.5, -2.0
    points, texture = MODEL.instance(code)
    np.testing.assert_allclose(points, MODEL.shape_mean + 1.5 * MODEL.shape_modes[2], atol=1e-4)
    y0, x0, y1, x1 = MODEL.roi
    np.testing.assert_allclose(
        texture[y0:y1, x0:x1], MODEL.texture_mean[y0:y1, x0:x1] - 2 * MODEL.texture_modes[1], atol=1e-3
    )
    np.testing.assert_array_equal(texture[:y0], MODEL.texture_mean[:y0])


def test_landmarks_are_the_first_68_points() -> None:
    code = np.linspace(-1, 1, 16)
    np.testing.assert_array_equal(MODEL.landmarks(code), MODEL.points(code)[:68])


def test_a_track_is_the_landmarks_of_each_code() -> None:
    codes = np.random.default_rng(0).normal(0, 3, (20, 16)).astype(np.float32)
    np.testing.assert_allclose(MODEL.landmark_track(codes), np.stack([MODEL.landmarks(c) for c in codes]), atol=1e-4)
    for bad in (codes[0], codes[:, :15], np.where(codes > 1, np.nan, codes)):
        with pytest.raises(InputError, match="codes"):
            MODEL.landmark_track(bad)


def test_closed_lips_never_cross() -> None:
    code = np.zeros(16)
    code[0] = -CODE_LIMIT
    points = MODEL.points(code)
    gaps = points[[67, 66, 65], 1] - points[[61, 62, 63], 1]
    linear = MODEL.shape_mean + code[0] * MODEL.shape_modes[0]
    assert (linear[[67, 66, 65], 1] < linear[[61, 62, 63], 1]).any()
    assert (gaps >= LIP_GAP - 1e-4).all()


def test_wild_codes_are_clamped() -> None:
    np.testing.assert_array_equal(MODEL.points(np.full(16, 1e30)), MODEL.points(np.full(16, CODE_LIMIT)))


@pytest.mark.parametrize(
    "code", [np.zeros(15), np.zeros((1, 16)), np.full(16, np.nan), np.full(16, np.inf), ["a"] * 16, None, 3.0]
)
def test_bad_codes_are_refused(code: object) -> None:
    with pytest.raises(InputError, match="facial code"):
        MODEL.points(code)  # type: ignore[arg-type]


def test_float_tensors_load_bit_for_bit() -> None:
    again = FaceModel.from_tensors(MODEL.to_tensors(quantise=False))
    for name in ("shape_mean", "shape_modes", "triangles", "reference", "texture_mean", "texture_modes", "rest"):
        np.testing.assert_array_equal(getattr(again, name), getattr(MODEL, name))
    assert (again.canvas, again.roi) == (MODEL.canvas, MODEL.roi)


def test_quantised_texture_is_within_half_a_step() -> None:
    tensors = MODEL.to_tensors()
    assert tensors["texture.modes"].dtype == np.int8
    assert tensors["texture.mean"].dtype == np.uint8
    again = FaceModel.from_tensors(tensors)
    error = np.abs(again.texture_modes - MODEL.texture_modes).max(axis=(1, 2, 3))
    assert (error <= tensors["texture.scale"] * 0.501).all()


def test_roi_is_the_whole_texture_where_none_is_stored() -> None:
    small = synthetic_model(side=64)
    height, width = small.texture_mean.shape[:2]
    whole = replace(small, roi=(0, 0, height, width), texture_modes=np.ones((8, height, width, 3), np.float32))
    tensors = whole.to_tensors()
    del tensors["texture.roi"]
    assert FaceModel.from_tensors(tensors).roi == (0, 0, height, width)


def test_load_returns_the_face_of_the_card(tmp_path: Path) -> None:
    card = synthetic_face(tmp_path)
    model, found = load(tmp_path)
    assert found.id == card.id
    np.testing.assert_array_equal(model.shape_modes, MODEL.shape_modes)


def _set(name: str, value: Callable[[np.ndarray], object]) -> Callable[[Tensors], None]:
    def change(tensors: Tensors) -> None:
        tensors[name] = np.array(value(tensors[name]))

    return change


def _nan(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flat[3] = np.nan
    return array


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda t: t.pop("shape.mean"), "'shape.mean' is missing"),
        (lambda t: t.pop("texture.scale"), "'texture.scale' is missing"),
        (_set("shape.mean", lambda a: a[:50]), "shape_modes has shape"),
        (_set("shape.modes", lambda a: a[:, :, :1]), "'shape.modes' has shape"),
        (_set("shape.modes", _nan), "shape_modes holds NaN"),
        (_set("shape.modes", lambda a: a * np.float32(1e9)), "far outside the canvas"),
        (_set("triangles", lambda a: a + 5), "triangles must name points"),
        (_set("triangles", lambda a: a - 5), "triangles must name points"),
        (_set("triangles", lambda a: a[:0]), "triangles must name points"),
        (_set("triangles", lambda a: a.astype(np.float32)), "'triangles' must hold integers"),
        (_set("triangles", lambda a: a.astype(np.int64) + 2**32), "triangles must name points, not 42949"),
        (_set("triangles", lambda a: a.astype(np.uint64) + np.uint64(2**63)), "triangles must name points, not 9223"),
        (_set("triangles", lambda a: a[:, [0, 0, 0]]), "shape_mean has no area"),
        (_set("shape.mean", lambda a: a * 0), "shape_mean has no area"),
        (_set("shape.mean", lambda a: a + 2000), "shape_mean lies outside the canvas"),
        (_set("shape.mean", lambda a: a.astype(np.float64) * 1e300), "shape_mean holds NaN or infinity"),
        (_set("texture.reference", lambda a: a * 0 + 5), "reference has no area"),
        (_set("texture.reference", lambda a: a + 300), "outside the texture"),
        (_set("texture.mean", lambda a: a[:50]), "lies outside the texture"),
        (_set("texture.mean", lambda a: a[..., 0]), "'texture.mean' has shape"),
        (_set("texture.modes", lambda a: a[:, 1:]), "'texture.modes' has shape"),
        (_set("texture.roi", lambda a: a[[2, 3, 0, 1]]), "shape"),
        (_set("canvas", lambda a: a * 0), "canvas of 0 x 0"),
        (_set("canvas", lambda a: a * 1000), "canvas of 256000 x 256000"),
        (_set("rest", lambda a: a[:3]), "rest has shape"),
        (_set("rest", lambda a: a + 9), "rest goes beyond"),
    ],
)
def test_damage_is_named(damage: Callable[[Tensors], None], words: str) -> None:
    tensors = MODEL.to_tensors()
    damage(tensors)
    with pytest.raises(ModelError, match=words) as caught:
        FaceModel.from_tensors(tensors, source="some/face.safetensors")
    assert str(caught.value).startswith("some/face.safetensors")


def test_truncated_file_is_refused(tmp_path: Path) -> None:
    synthetic_face(tmp_path)
    data = (tmp_path / FACE).read_bytes()
    (tmp_path / FACE).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="SHA-256"):
        load(tmp_path)


def test_face_of_another_card_is_refused(tmp_path: Path) -> None:
    synthetic_face(tmp_path / "a", seed=1)
    synthetic_face(tmp_path / "b", seed=2)
    (tmp_path / "a" / FACE).write_bytes((tmp_path / "b" / FACE).read_bytes())
    with pytest.raises(ModelError, match="SHA-256"):
        load(tmp_path / "a")


def test_card_with_other_dimensions_is_refused(tmp_path: Path) -> None:
    synthetic_face(tmp_path)
    card = tmp_path / "card.json"
    card.write_text(card.read_text().replace('"shape": 8', '"shape": 7'))
    with pytest.raises(ModelError, match=r"8 \+ 8 modes, the card says 7 \+ 8"):
        load(tmp_path)
