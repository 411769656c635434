"""FaceDecoder as programs use it: from a folder, with good and bad codes and sizes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from th_common.errors import InputError, ModelError
from th_face_renderer import load_face
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel
from th_face_renderer.testing import synthetic_face, synthetic_model

SMALL = (64, 64)


@pytest.fixture(scope="module")
def decoder() -> FaceDecoder:
    return FaceDecoder(synthetic_model(side=96), model_id="me")


def test_load_face_knows_its_card(tmp_path: Path) -> None:
    card = synthetic_face(tmp_path)
    face = load_face(tmp_path)
    assert face.model_id == card.id
    assert face.rest_code.shape == (16,)
    assert face.landmarks(face.rest_code).shape == (68, 2)
    assert face.render(face.rest_code, (90, 120)).shape == (90, 120, 3)


def test_load_face_refuses_a_folder_without_face(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        load_face(tmp_path / "nothing")


def test_the_mouth_opens_where_the_landmarks_say(decoder: FaceDecoder) -> None:
    code = np.zeros(16)
    code[0] = 3
    rest, spoken = decoder.landmarks(np.zeros(16)), decoder.landmarks(code)
    assert spoken[66, 1] - spoken[62, 1] > rest[66, 1] - rest[62, 1] + 3
    changed = np.abs(decoder.render(code).astype(int) - decoder.render(np.zeros(16))).max(axis=2) > 40
    x, y = spoken[62:67].mean(axis=0).astype(int)
    assert changed[y : y + 8, x - 3 : x + 4].any()
    assert not changed[: decoder.canvas[0] // 2].any()


def test_appearance_changes_colours_and_not_the_shape(decoder: FaceDecoder) -> None:
    code = np.zeros(16)
    code[10] = 2
    np.testing.assert_array_equal(decoder.landmarks(code), decoder.landmarks(np.zeros(16)))
    assert (decoder.render(code) != decoder.render(np.zeros(16))).any()


def test_pictures_are_the_callers_own_unless_said(decoder: FaceDecoder) -> None:
    first = decoder.render(np.zeros(16), SMALL)
    kept = first.copy()
    shared = decoder.render(np.ones(16), SMALL, copy=False)
    np.testing.assert_array_equal(first, kept)
    assert decoder.render(np.zeros(16), SMALL, copy=False) is shared


def test_wild_codes_draw_like_the_limit(decoder: FaceDecoder) -> None:
    np.testing.assert_array_equal(decoder.render(np.full(16, 1e9), SMALL), decoder.render(np.full(16, 4.0), SMALL))


@pytest.mark.parametrize("code", [np.zeros(8), np.full(16, np.nan), np.zeros((16, 1)), "face"])
def test_bad_codes_are_refused(decoder: FaceDecoder, code: object) -> None:
    with pytest.raises(InputError):
        decoder.render(code, SMALL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "size",
    [
        *((0, 10), (10, 100_000), (-5, 5), (10,), (1, 1), (10**30, 64), [64, 64, 3]),
        *(512, "ab", ("64", "64"), (64.5, 64.2), (None, 64), (float("nan"), 64), {64: 1, 65: 2}),
        *(np.zeros((2, 2), int), np.array([64.0, 64.0])),
    ],
)
def test_impossible_sizes_are_refused(decoder: FaceDecoder, size: Any) -> None:
    with pytest.raises(InputError, match="size"):
        decoder.render(np.zeros(16), size)


@pytest.mark.parametrize("size", [[64, 48], np.array([64, 48]), (np.int32(64), np.uint8(48))])
def test_two_whole_numbers_of_any_kind_are_a_size(decoder: FaceDecoder, size: Any) -> None:
    assert decoder.render(np.zeros(16), size).shape == (64, 48, 3)


def test_a_second_thread_is_refused_while_one_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = FaceDecoder(synthetic_model(side=64))
    expected = decoder.render(np.ones(16))
    drawing, done = threading.Event(), threading.Event()
    points_of = FaceModel.points_of

    def slow(model: FaceModel, shape: Any) -> Any:
        drawing.set()
        assert done.wait(30)
        return points_of(model, shape)

    monkeypatch.setattr(FaceModel, "points_of", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(decoder.render, np.ones(16))
        assert drawing.wait(30)
        with pytest.raises(InputError, match="another thread"):
            decoder.render(np.zeros(16))
        done.set()
        np.testing.assert_array_equal(first.result(30), expected)
    np.testing.assert_array_equal(decoder.render(np.ones(16)), expected)


def test_a_picture_that_fails_leaves_the_decoder_usable(decoder: FaceDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(FaceModel, "points_of", fail)
        with pytest.raises(MemoryError):
            decoder.render(np.zeros(16))
    assert decoder.render(np.zeros(16)).any()


def test_many_sizes_keep_few_buffers(decoder: FaceDecoder) -> None:
    pictures = {side: decoder.render(np.ones(16), (side, side)) for side in range(40, 52)}
    assert len(decoder._sizes) <= 3
    np.testing.assert_array_equal(decoder.render(np.ones(16), (40, 40)), pictures[40])
