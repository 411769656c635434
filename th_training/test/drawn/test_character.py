import cv2
import numpy as np
import pytest

from th_common.errors import InputError
from th_face_renderer.eyes import Eyes
from th_face_renderer.layer import Layer
from th_training.aam.inspect import round_trips
from th_training.aam.make import make_face_model
from th_training.actor.poses import EMOTIONS, VISEMES, pose_sheet
from th_training.actor.units import pair, weights
from th_training.drawn import DrawnActor
from th_training.drawn.character import TEETH, THROAT, TONGUE
from th_training.drawn.shape import shape_face

SIZE = 128
MIRRORED = [
    *[(k, 16 - k) for k in range(8)], *[(17 + k, 26 - k) for k in range(5)], (31, 35), (32, 34),
    (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (48, 54), (49, 53), (50, 52),
    (59, 55), (58, 56), (60, 64), (61, 63), (67, 65),
]  # fmt: skip
POSES = {**VISEMES, **EMOTIONS, "blink": pair(eyeBlink=1.0)}


@pytest.fixture(scope="module")
def character():
    return DrawnActor(SIZE)


def gap(points):
    return points[66, 1] - points[62, 1]


def test_portrait_is_a_bgr_picture_and_the_same_every_time(character):
    picture = character.render({})
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.dtype == np.uint8
    character.render(EMOTIONS["anger"])
    assert np.array_equal(picture, character.render({}))
    assert np.array_equal(character.render(weights(VISEMES["EE"])), DrawnActor(SIZE).render(VISEMES["EE"]))


def test_a_larger_picture_shows_the_same(character):
    small = cv2.resize(DrawnActor(2 * SIZE).render(VISEMES["AA"]), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - character.render(VISEMES["AA"])).mean() < 2.5
    points = (DrawnActor(2 * SIZE).landmarks({}) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(points, character.landmarks({}), atol=0.3)


@pytest.mark.parametrize("name", POSES)
def test_landmarks_are_a_face_in_every_pose(character, name):
    points = character.landmarks(POSES[name])
    assert points.shape == (68, 2)
    assert (np.diff(points[3:14, 0]) > 0).all()
    assert (np.diff(points[:9, 1]) > 0).all()
    assert (points[[67, 66, 65], 1] - points[[61, 62, 63], 1] >= 0.5 - 1e-9).all()
    assert (points[[57, 58, 56], 1] > points[[66, 67, 65], 1]).all()
    assert (points[[51, 50, 52], 1] < points[[62, 61, 63], 1]).all()
    assert (points[[41, 40, 47, 46], 1] >= points[[37, 38, 43, 44], 1] - 1e-6).all()
    left, right = np.array(MIRRORED).T
    np.testing.assert_allclose(points[left], points[right] * [-1, 1] + [2 * points[27, 0], 0], atol=1e-6)


def test_lips_meet_on_m_and_at_rest_and_are_round_on_o(character):
    at = {name: character.landmarks(pose) for name, pose in POSES.items()}
    assert max(gap(at["MM"]), gap(at["neutral"])) < 1.0
    assert gap(at["AA"]) > 1.4 * gap(at["AH"]) > gap(at["SS"]) > 1
    width = {name: np.ptp(points[[48, 54], 0]) for name, points in at.items()}
    assert max(width["OO"], width["WW"], width["OH"]) < 0.75 * width["neutral"]
    assert width["happiness"] > 1.1 * width["neutral"]


def test_teeth_are_seen_on_f_little_on_oo_and_the_tongue_where_it_is_raised():
    character = DrawnActor(512)

    def share(pose, colour):
        pose = POSES[pose] if isinstance(pose, str) else pose
        points = character.landmarks(pose)
        low, high = points[60:68].min(0).astype(int), points[60:68].max(0).astype(int) + 1
        mouth = character.render(pose)[low[1] : high[1], low[0] : high[0]].astype(int)
        return (np.abs(mouth - colour).max(2) < 14).mean()

    assert share("FF", TEETH) > 0.08
    assert share("EE", TEETH) > 0.1
    assert share("MM", TEETH) < 0.02
    assert share("OO", TEETH) < 0.02
    assert share("OO", THROAT) > 0.05 > share("EE", THROAT)
    assert share({**VISEMES["AA"], "tongueUp": 0.8}, TONGUE) > 1.2 * share("AA", TONGUE)


def test_emotions_differ_in_the_picture(character):
    pictures = [
        cv2.resize(character.render(pose), (48, 48), interpolation=cv2.INTER_AREA) for pose in EMOTIONS.values()
    ]
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert np.abs(one.astype(int) - other).max(2).mean() > 1.5


def test_a_blink_is_left_to_the_renderer():
    """Codes that must not blur the eyes know lids that droop, not lids that are closed: the renderer's layer closes them."""
    character = DrawnActor(512)
    height = {}
    for name in ("neutral", "blink"):
        points = character.landmarks(POSES[name])
        height[name] = points[[41, 40, 47, 46], 1] - points[[37, 38, 43, 44], 1]
    assert (0.3 * height["neutral"] < height["blink"]).all()
    assert (height["blink"] < 0.8 * height["neutral"]).all()


def test_lids_that_the_layer_closes_hide_the_eyes():
    character = DrawnActor(512)
    picture, points = character.render({}), character.landmarks({})
    frame = picture.copy()
    Eyes(frame, kernel=False).draw(points, Layer(lid_right=1.0, lid_left=1.0))
    for eye in (slice(36, 42), slice(42, 48)):
        low, high = points[eye].min(0).astype(int), points[eye].max(0).astype(int) + 1
        inside = np.s_[low[1] : high[1], low[0] : high[0]]
        white = [(np.abs(image[inside].astype(int) - 255).max(2) < 10).mean() for image in (picture, frame)]
        assert white[0] > 0.2
        assert white[1] < 0.02


def test_what_is_printed_goes_with_the_mesh(character):
    """A face model of a few poses draws others of them: nothing but triangles has to move for brows and eyes."""
    sheet = DrawnActor(512)._sheet
    rest, angry = (shape_face(pose).landmarks() for pose in ({}, EMOTIONS["anger"]))
    pinned = sheet.pin(rest[17:27])
    np.testing.assert_allclose(pinned.at(sheet.points(rest)), rest[17:27], atol=1e-6)
    np.testing.assert_allclose(pinned.at(sheet.points(angry)), angry[17:27], atol=1e-6)
    upper, lower = sheet.teeth(sheet.points(shape_face(VISEMES["AA"]).landmarks()))
    assert (upper[1:-1, 1] < lower[1:-1, 1]).all()


def test_bad_size_and_unknown_unit_are_named(character):
    with pytest.raises(InputError, match="9999"):
        DrawnActor(9999)
    with pytest.raises(InputError, match="earWiggle"):
        character.render({"earWiggle": 1.0})


def test_a_face_model_can_be_made_of_it(character, tmp_path):
    rng = np.random.default_rng(0)
    fixed = [weights(pose) for pose in POSES.values()]
    mixed = [0.6 * fixed[rng.integers(len(fixed))] + 0.5 * fixed[rng.integers(len(fixed))] for _ in range(40)]
    poses = np.stack([weights({}), *fixed, *mixed])
    model, codes = make_face_model(character, poses)
    assert model.dimensions == (8, 8)
    landmarks = np.stack([character.landmarks(pose) for pose in poses])
    figures = round_trips(model, [character.render(pose) for pose in poses], landmarks, codes)
    assert figures["psnr_face_db"] > 20
    pose_sheet(character, tmp_path / "sheet.png", tile=32)  # type: ignore[arg-type]
    assert (tmp_path / "sheet.png").stat().st_size > 1000
