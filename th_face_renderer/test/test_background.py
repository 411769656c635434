"""What is around the face: colours, pictures, and names that are neither."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from th_common.errors import InputError
from th_face_renderer.background import paint, read_background
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.testing import synthetic_model

STRIPES = np.zeros((30, 60, 3), np.uint8)
STRIPES[:, 20:40] = (200, 100, 50)


def test_colours() -> None:
    assert read_background("#102030") == (0x30, 0x20, 0x10)
    assert read_background((1, 2, 3)) == (1, 2, 3)
    assert read_background([1, 2, np.uint8(3)]) == (1, 2, 3)  # type: ignore[list-item]
    assert (paint((1, 2, 3), (4, 5)) == (1, 2, 3)).all()


def test_a_picture_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "wall with spaces.png"
    cv2.imwrite(str(path), STRIPES)
    np.testing.assert_array_equal(read_background(str(path)), STRIPES)
    np.testing.assert_array_equal(read_background(path), STRIPES)


@pytest.mark.parametrize(
    ("background", "words"),
    [
        ("red", "no such file"),
        ("#12345", "not a colour"),
        ("", "not a colour"),
        ((1, 2), "not a colour"),
        ((1, 2, 300), "not a colour"),
        ((float("nan"), 0, 0), "not a colour"),
        (("a", "b", "c"), "not a colour"),
        ([1, 2, None], "not a colour"),
        (None, "neither a colour"),
        (5, "neither a colour"),
        (b"wall.png", "neither a colour"),
        ("nothing\0", "no such file"),
        (np.zeros((4, 4), np.uint8), "expected uint8"),
        (np.zeros((4, 4, 3), np.float32), "expected uint8"),
        (np.zeros((0, 4, 3), np.uint8), "expected uint8"),
    ],
)
def test_anything_else_is_refused(background: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_background(background)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff"])
def test_files_that_are_no_pictures_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"wall\.png' is not a picture") as caught:
        read_background(path)
    assert "loadsave" not in str(caught.value)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_what_is_transparent_lies_over_black(kind: type, tmp_path: Path) -> None:
    full = np.iinfo(kind).max
    picture = np.full((4, 6, 4), full, kind)
    picture[:, 2:4, 3] = 0
    picture[:, 4:, 3] = full // 5
    cv2.imwrite(str(tmp_path / "wall.png"), picture)
    found = read_background(tmp_path / "wall.png")
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[0, :, 0], [255, 255, 0, 0, 51, 51])


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_background(tmp_path)


def test_a_picture_fills_the_frame_and_keeps_its_proportions() -> None:
    high = paint(
        STRIPES, (60, 60)
    )  # the middle half is seen, twice as large: 30 of 60 px, the stripe and 5 px on each side
    assert (high[:, 15:45] == (200, 100, 50)).all()
    assert (high[:, :8] == 0).all()
    small = paint(STRIPES, (10, 20))
    assert (small[:, 8:12] == (200, 100, 50)).all()
    for size in ((2, 4096), (4096, 2), (30, 60)):
        assert paint(STRIPES, size).shape == (*size, 3)
    assert paint(np.full((1, 1, 3), 9, np.uint8), (5, 7)).max() == 9


@pytest.mark.parametrize("backend", [None, "numpy"])
def test_the_picture_is_seen_around_the_portrait(backend: str | None) -> None:
    wall = np.random.default_rng(0).integers(0, 256, (100, 300, 3)).astype(np.uint8)
    decoder = FaceDecoder(synthetic_model(side=96), background=wall, backend=backend)
    drawn = decoder.render(np.ones(16), (100, 300))
    np.testing.assert_array_equal(drawn[:, :100], wall[:, :100])
    np.testing.assert_array_equal(drawn[:, 200:], wall[:, 200:])
    assert (drawn[:, 110:190] != wall[:, 110:190]).any(axis=2).mean() > 0.9
