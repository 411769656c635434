import numpy as np
import pytest

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.aam.build import build_face
from th_training.aam.encode import FaceEncoder
from th_training.aam.inspect import lines, round_trips
from th_training.aam.sheets import mode_sheet, pair_sheet


def test_a_face_is_drawn_again_from_its_codes(built, drawn):
    _, images, landmarks = drawn
    figures = round_trips(built.model, images, landmarks, built.codes)
    assert figures["psnr_face_db"] > 27
    assert figures["psnr_face_worst_db"] > 21


def test_codes_are_in_standard_deviations(built):
    assert built.codes.shape == (120, 16)
    np.testing.assert_allclose(built.codes[:, :8].std(0, ddof=1), 1, atol=1e-4)
    np.testing.assert_allclose(built.codes[:, 8:].std(0, ddof=1), 1, atol=0.1)


def test_rest_is_the_code_of_the_frame_at_rest(built):
    np.testing.assert_array_equal(built.model.rest, built.codes[built.rest])


def test_encoding_gives_the_codes_of_the_build(built, drawn):
    _, images, landmarks = drawn
    encoder = FaceEncoder(FaceModel.from_tensors(built.model.to_tensors()))
    codes = np.stack([encoder.encode(images[k], landmarks[k]) for k in range(0, 120, 17)])
    np.testing.assert_allclose(codes[:, :8], built.codes[::17, :8], atol=1e-4)
    # Points inside the mouth follow the shape modes here, the landmarks there; and modes are 8-bit.
    assert np.sqrt(((codes[:, 8:] - built.codes[::17, 8:]) ** 2).mean()) < 0.15


def test_encoding_can_take_the_pose_out(built, drawn):
    import cv2

    _, images, landmarks = drawn
    encoder = FaceEncoder(built.model)
    turn = np.c_[1.3 * np.array([[0.98, -0.17], [0.17, 0.98]]), [4.0, -15.0]]
    moved = cv2.warpAffine(images[4], turn, (130, 130), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    points = landmarks[4] @ turn[:, :2].T + turn[:, 2]
    again = encoder.encode(moved, points, align=True)
    straight = encoder.encode(images[4], landmarks[4], align=True)
    np.testing.assert_allclose(again[:8], straight[:8], atol=1e-3)
    np.testing.assert_allclose(again[8:], straight[8:], atol=0.6)


def test_hair_and_neck_are_still(built):
    decoded = np.stack([built.model.points(code) for code in built.codes])
    assert np.ptp(decoded[:, 68:92], axis=0).max() == 0
    y0, x0, y1, x1 = built.model.roi
    assert 0 < y0 < y1 < 96
    assert 0 < x0 < x1 < 96


def test_a_texture_may_be_larger_than_the_portrait(drawn):
    _, images, landmarks = drawn
    face = build_face(images[:60], landmarks[:60], texture_size=144)
    assert face.model.texture_mean.shape == (144, 144, 3)
    figures = round_trips(face.model, images[:60], landmarks[:60], face.codes)
    assert figures["psnr_face_db"] > 27


def test_a_moving_head_is_aligned(drawn):
    import cv2

    rng = np.random.default_rng(5)
    images, landmarks = [], []
    for image, points in zip(drawn[1][:60], drawn[2][:60], strict=True):
        shift = rng.normal(0, 1.5, 2)
        images.append(cv2.warpAffine(image, np.c_[np.eye(2), shift], (96, 96), borderMode=cv2.BORDER_REPLICATE))
        landmarks.append(points + shift)
    still = build_face(images, np.array(landmarks), align=True)
    moving = build_face(images, np.array(landmarks))
    spread = [np.linalg.norm(face.model.shape_modes[:, 27:31]) for face in (still, moving)]
    assert spread[0] < 0.5 * spread[1]


def test_figures_stand_beside_the_papers(built):
    text = "\n".join(lines(dict(built.figures)))
    assert "paper: 98.0%" in text
    assert "paper: 79.9%" in text


def test_sheets_have_a_tile_for_everything(built, drawn):
    assert mode_sheet(built.model, tile=40, columns=4).shape == (4 * 40, 4 * 3 * 40, 3)
    images = list(drawn[1][:3])
    assert pair_sheet(built.model, images, images, ["a", "b", "c"], tile=40, columns=2).shape == (160, 80, 3)


@pytest.mark.parametrize(
    ("images", "landmarks", "text"),
    [
        (slice(0, 30), slice(0, 31), "30 pictures for 31"),
        (slice(0, 31), slice(0, 30), "picture 31"),
        (slice(0, 0), slice(0, 30), "there are none"),
        (slice(0, 4), slice(0, 4), "too few"),
    ],
)
def test_what_does_not_fit_is_refused(drawn, images, landmarks, text):
    with pytest.raises(InputError, match=text):
        build_face(drawn[1][images], drawn[2][landmarks])


def test_landmarks_that_are_not_numbers_are_refused(drawn):
    broken = drawn[2].copy()
    broken[3, 30] = np.nan
    with pytest.raises(InputError, match="finite"):
        build_face(drawn[1], broken)
    with pytest.raises(InputError, match="68"):
        build_face(drawn[1], drawn[2][:, :60])


def test_encoding_refuses_another_canvas_and_nan(built, drawn):
    encoder = FaceEncoder(built.model)
    with pytest.raises(InputError, match="portrait"):
        encoder.encode(drawn[1][0][:90], drawn[2][0])
    with pytest.raises(InputError, match="NaN"):
        encoder.encode(drawn[1][0], np.full((68, 2), np.nan))
