"""Lids and gaze: they cover and move what they should, touch nothing else, and leave no trace."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from th_common.default_model import default_model_folder
from th_face_renderer import kernel, load_face
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.eyes import EYE_CONSTANTS, Eyes, eyes
from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.plain import psnr
from th_face_renderer.testing import synthetic_model

SIZE = (512, 512)
BACKENDS = ["numpy"] if kernel.library() is None else ["numpy", "c"]
SHUT = Layer(lid_right=1.0, lid_left=1.0)


@pytest.fixture(scope="module", params=BACKENDS)
def face(request: pytest.FixtureRequest) -> FaceDecoder:
    return load_face(default_model_folder(), backend=request.param)


def opening(face: FaceDecoder, code: np.ndarray, *, left: bool) -> tuple[slice, slice]:
    """The box of one eye's landmarks in a picture of SIZE."""
    names = slice(42, 48) if left else slice(36, 42)
    points = face.landmarks(code)[names] * (SIZE[0] - 1) / (face.canvas[0] - 1)
    (x0, y0), (x1, y1) = points.min(axis=0).astype(int), points.max(axis=0).astype(int) + 1
    return slice(y0, y1), slice(x0, x1)


def darkest(picture: np.ndarray, box: tuple[slice, slice]) -> np.ndarray:
    """Centre (x, y) of the darkest tenth of a part: the pupil."""
    grey = picture[box].mean(axis=2)
    y, x = np.nonzero(grey <= np.quantile(grey, 0.1))
    return np.array([x.mean(), y.mean()])


def all_codes(face: FaceDecoder) -> list[np.ndarray]:
    return [face.rest_code, *face.expressions.values()]


def test_a_neutral_layer_changes_no_bit(face: FaceDecoder) -> None:
    for code in all_codes(face):
        plain_face = face.render(code, SIZE)
        np.testing.assert_array_equal(face.render(code, SIZE, layer=NEUTRAL), plain_face)
        face.render(code, SIZE, layer=SHUT)
        np.testing.assert_array_equal(face.render(code, SIZE), plain_face)


def test_closed_lids_cover_the_eyes_in_every_expression(face: FaceDecoder) -> None:
    for code in all_codes(face):
        open_, shut = face.render(code, SIZE), face.render(code, SIZE, layer=SHUT)
        for left in (False, True):
            box = opening(face, code, left=left)
            grey, covered = open_[box].mean(axis=2), shut[box].mean(axis=2)
            # The lower third holds the lashes now.
            iris = grey <= np.quantile(grey, 0.25)
            iris[2 * len(iris) // 3 :] = False
            assert covered[iris].mean() > grey[iris].mean() + 60, "where the iris was there is skin"


def test_a_wink_is_one_eye(face: FaceDecoder) -> None:
    code = face.rest_code
    wink = face.render(code, SIZE, layer=Layer(lid_left=1.0))
    right, left = opening(face, code, left=False), opening(face, code, left=True)
    plain_face, shut = face.render(code, SIZE), face.render(code, SIZE, layer=SHUT)
    np.testing.assert_array_equal(wink[right], plain_face[right])
    np.testing.assert_array_equal(wink[left], shut[left])


def test_nothing_but_the_eyes_changes(face: FaceDecoder) -> None:
    code = face.rest_code
    moved = face.render(code, SIZE, layer=Layer(0.7, 0.7, 0.6, -0.5, 0.0))
    points = face.landmarks(code) * (SIZE[0] - 1) / (face.canvas[0] - 1)
    changed = np.argwhere((moved != face.render(code, SIZE)).any(axis=2))
    top, bottom = points[17:27, 1].min(), points[28, 1]
    assert changed[:, 0].min() > top - 2
    assert changed[:, 0].max() < bottom + 10
    assert changed[:, 1].min() > points[36, 0] - 5
    assert changed[:, 1].max() < points[45, 0] + 5
    beyond = EYE_CONSTANTS["wide"] * (points[39, 0] - points[36, 0]) + 3
    assert not ((changed[:, 1] > points[39, 0] + beyond) & (changed[:, 1] < points[42, 0] - beyond)).any()


@pytest.mark.parametrize(("axis", "reach"), [(0, EYE_CONSTANTS["side"]), (1, EYE_CONSTANTS["down"])])
def test_the_iris_goes_where_the_gaze_goes(face: FaceDecoder, axis: int, reach: float) -> None:
    code = face.rest_code
    for left in (False, True):
        box = opening(face, code, left=left)
        wide = box[1].stop - box[1].start
        seen = []
        for part in (-1.0, 0.0, 1.0):
            gaze = [0.0, 0.0]
            gaze[axis] = part
            picture = face.render(code, SIZE, layer=Layer(gaze_x=gaze[0], gaze_y=gaze[1]))
            seen.append(darkest(picture, box)[axis])
        assert seen[0] < seen[1] < seen[2]
        assert (seen[2] - seen[0]) / wide == pytest.approx(2 * reach * (1 if axis == 0 else 0.8), rel=0.5)


def test_no_white_shows_along_closed_lids_on_a_large_screen() -> None:
    face, size = load_face(default_model_folder()), (1080, 1080)
    for code in all_codes(face):
        shut = face.render(code, size, layer=SHUT).astype(int)
        points = face.landmarks(code) * (size[0] - 1) / (face.canvas[0] - 1)
        for eye in (points[36:42], points[42:48]):
            (x0, y0), (x1, y1) = eye.min(axis=0).astype(int) - 6, eye.max(axis=0).astype(int) + 7
            part = shut[y0:y1, x0:x1]
            white = (part.mean(axis=2) > 120) & (part[..., 2] - part[..., 0] < 28)
            assert white.sum() <= 8, "the inner corner of eyes that are opened widest shows 7 px, of about 5000"


@pytest.mark.parametrize("gaze", [(1.0, 0.0), (-1.0, 0.0), (0.7, 0.7), (-0.7, -0.7)], ids=str)
def test_an_eye_that_looks_aside_shows_no_skin(gaze: tuple[float, float]) -> None:
    """Skin is red and the eyeball white here; only the very edge may be something between."""
    face = load_face(default_model_folder())
    landmarks = face.landmarks(face.rest_code)
    for backend in BACKENDS:
        frame = np.zeros((*face.canvas, 3), np.uint8)
        layer = Layer(gaze_x=gaze[0], gaze_y=gaze[1])
        y, x = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(float)
        inner = np.zeros(frame.shape[:2], bool)
        frame[...] = (0, 0, 255)
        for eye in eyes(landmarks, layer):
            s = ((x - eye.x) * eye.ex + (y - eye.y) * eye.ey) / eye.width
            t = (y - eye.y) * eye.ex - (x - eye.x) * eye.ey
            upper, lower = (s * (1 - s) * (one + two * s) for one, two in (eye.upper, eye.lower))
            frame[(s > 0) & (s < 1) & (t > upper) & (t < lower)] = 255
            follow = max(eye.down, 0.0), max(-eye.down, 0.0)  # a lid follows the iris
            inner |= (s > 0.08) & (s < 0.92) & (t > upper + follow[0] + 2) & (t < lower - follow[1] - 2)
        Eyes(frame, kernel=backend == "c").draw(landmarks, layer)
        assert inner.sum() > 500
        assert frame[inner].min() > 200


def test_lids_close_little_by_little(face: FaceDecoder) -> None:
    code, box = face.rest_code, opening(face, face.rest_code, left=True)
    pictures = [face.render(code, SIZE, layer=Layer(part, part))[box].astype(float) for part in np.linspace(0, 1, 33)]
    steps = [np.abs(b - a).mean() for a, b in pairwise(pictures)]
    assert max(steps) < 12, "nothing jumps"
    assert np.abs(pictures[1] - pictures[0]).mean() < 6, "also not at its beginning"


def test_breath_lifts_the_face_and_not_what_is_around(face: FaceDecoder) -> None:
    code = face.rest_code
    calm, lifted = face.render(code, SIZE), face.render(code, SIZE, layer=Layer(lift=0.01))
    assert (lifted != calm).any()
    assert not (lifted[:20] != calm[:20]).any()
    (y, x), moved = opening(face, code, left=True), 5
    shifted = slice(y.start - moved, y.stop - moved), x
    assert psnr(lifted[shifted], calm[y, x]) > psnr(lifted[y, x], calm[y, x]) + 3


def test_layers_come_and_go_without_a_trace_on_faces_whose_eyes_are_still() -> None:
    """A mesh without any motion is drawn once: what lies over it must be taken back."""
    model = synthetic_model(side=96)
    for backend in BACKENDS:
        still = replace(model, shape_modes=model.shape_modes * 0, texture_modes=model.texture_modes * 0)
        face = FaceDecoder(still, backend=backend)
        before = face.render(face.rest_code, (96, 96))
        assert (face.render(face.rest_code, (96, 96), layer=SHUT) != before).any()
        np.testing.assert_array_equal(face.render(face.rest_code, (96, 96)), before)


@pytest.mark.skipif(kernel.library() is None, reason="the C kernel was not built")
@pytest.mark.parametrize("size", [(512, 512), (1080, 1920), (90, 61)], ids=str)
def test_both_ways_of_drawing_agree(size: tuple[int, int]) -> None:
    one, two = (load_face(default_model_folder(), backend=backend) for backend in ("c", "numpy"))
    for code in all_codes(one)[1:4]:
        for layer in (SHUT, Layer(0.4, 0.6, 0.5, 0.5, 0.01), Layer(gaze_x=-1, gaze_y=-1), Layer(gaze_y=1.0)):
            found, want = (face.render(code, size, layer=layer).astype(int) for face in (one, two))
            plain_one, plain_two = (face.render(code, size).astype(int) for face in (one, two))
            y, x = np.nonzero((found != plain_one).any(axis=2))
            part = slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1)
            assert psnr(found[part], want[part]) > min(40.0, psnr(plain_one[part], plain_two[part]) - 3)


WILD = [0.0, -0.5, 1e4, -1e6, 1e30, np.inf, -np.inf, np.nan]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from([3.0, 40.0, 400.0, 3e4]))
def test_any_landmarks_stay_inside(seed: int, wild: float, spread: float) -> None:
    rng = np.random.default_rng(seed)
    landmarks = np.array([20.0, 90.0]) + rng.uniform(-spread, spread, (68, 2))
    landmarks = np.where(rng.random((68, 2)) < wild, rng.choice(WILD, (68, 2)), landmarks)
    layer = Layer(*rng.uniform(-1.5, 1.5, 5)).clamped()
    for backend in BACKENDS:
        picture = np.full((64 * 3 + 2 * 64, 40, 3), 77, np.uint8)
        frame = picture[64:-64]
        before = frame.copy()
        touched = Eyes(frame, kernel=backend == "c")
        touched.draw(landmarks, layer)
        assert (picture[:64] == 77).all()
        assert (picture[-64:] == 77).all()
        touched.undo()
        np.testing.assert_array_equal(frame, before)


def test_landmarks_that_make_no_eye_are_left_alone() -> None:
    assert list(eyes(np.zeros((68, 2)), SHUT)) == []
    assert list(eyes(np.full((68, 2), np.nan), SHUT)) == []
