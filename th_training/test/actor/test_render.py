import numpy as np
import pytest

from th_common.errors import DeviceError, InputError
from th_training.actor import Actor, pair, pose_sheet
from th_training.actor.poses import EMOTIONS, VISEMES

SIZE = 192
MIRRORED = [
    *[(k, 16 - k) for k in range(8)], *[(17 + k, 26 - k) for k in range(5)], (31, 35), (32, 34),
    (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (48, 54), (49, 53), (50, 52),
    (59, 55), (58, 56), (60, 64), (61, 63), (67, 65),
]  # fmt: skip


@pytest.fixture(scope="module")
def actor():
    try:
        return Actor(SIZE)
    except DeviceError as error:
        pytest.skip(str(error))


def test_portrait_is_a_bgr_picture_of_the_size_asked_for(actor):
    picture = actor.render({})
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.dtype == np.uint8
    blue, _, red = picture[round(SIZE * 0.52), round(SIZE * 0.40)].astype(int)  # a cheek
    assert red > blue + 10


def test_same_pose_same_picture(actor):
    pose = VISEMES["AA"]
    first = actor.render(pose)
    actor.render(EMOTIONS["anger"])
    assert np.array_equal(first, actor.render(pose))


def test_another_actor_draws_the_same_picture(actor):
    first = actor.render({})
    other = Actor(SIZE)
    assert np.array_equal(first, other.render({}))
    assert np.array_equal(first, actor.render({}))


def test_pose_changes_mouth_and_leaves_hair_and_backdrop(actor):
    change = np.abs(actor.render({}).astype(int) - actor.render(VISEMES["AA"]).astype(int)).max(2)
    mouth = actor.landmarks({})[48:68].mean(0).round().astype(int)
    assert change[mouth[1] - 2 : mouth[1] + 12, mouth[0] - 6 : mouth[0] + 6].max() > 40
    assert change[: SIZE // 8].max() <= 2


def test_jaw_open_lowers_the_lower_lip_and_chin_only(actor):
    moved = actor.landmarks({"jawOpen": 0.5}) - actor.landmarks({})
    assert moved[66, 1] > 0.03 * SIZE
    assert moved[8, 1] > 0.02 * SIZE
    assert np.abs(moved[[27, 36, 45, 19, 24]]).max() < 0.5


def test_lips_are_closed_at_rest_and_on_m(actor):
    for pose in ({}, VISEMES["MM"], VISEMES["sil"]):
        points = actor.landmarks(pose)
        gap = points[[67, 66, 65], 1] - points[[61, 62, 63], 1]
        assert (gap >= 0.5 - 1e-9).all()
        assert gap.max() < SIZE / 256


def test_every_pose_keeps_the_lower_inner_lip_below_the_upper(actor):
    for name, pose in {**VISEMES, **EMOTIONS}.items():
        points = actor.landmarks(pose)
        assert (points[[67, 66, 65], 1] - points[[61, 62, 63], 1] >= 0.5 - 1e-9).all(), name


def test_symmetric_poses_have_symmetric_landmarks(actor):
    left, right = np.array(MIRRORED).T
    for pose in ({}, VISEMES["OO"], EMOTIONS["happiness"], pair(eyeBlink=1.0)):
        points = actor.landmarks(pose)
        mirrored = points[right] * [-1, 1] + [SIZE - 1, 0]
        assert np.abs(points[left] - mirrored).max() < 0.01 * SIZE


def test_vector_poses_draw_as_named_ones(actor):
    from th_training.actor import weights

    assert np.array_equal(actor.render(weights(VISEMES["EE"])), actor.render(VISEMES["EE"]))


def test_unknown_unit_and_bad_sizes_are_named(actor):
    with pytest.raises(InputError, match="earWiggle"):
        actor.render({"earWiggle": 1.0})
    with pytest.raises(InputError, match="shape"):
        actor.landmarks(np.zeros(3))
    with pytest.raises(InputError, match="9999"):
        Actor(9999)


def test_pose_sheet_is_written_and_a_bad_path_refused(actor, tmp_path):
    pose_sheet(actor, tmp_path / "sheet.png", tile=32)
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    with pytest.raises(InputError, match=r"missing"):
        pose_sheet(actor, tmp_path / "missing" / "sheet.png", tile=32)


def test_only_the_moving_part_is_drawn_again_and_nobody_sees_it(actor):
    """The window before the still picture looks as the whole, drawn at once, does."""
    drawn, whole = actor.render({}).astype(int), actor.portrait.astype(int)
    off = np.abs(drawn - whole).max(2)
    assert off.mean() < 0.1
    assert (off > 8).mean() < 0.002
    top, left = actor.window[0].start, actor.window[1].start
    assert np.array_equal(drawn[:top], whole[:top])
    assert np.array_equal(drawn[:, :left], whole[:, :left])


def test_every_pose_stays_inside_the_window_that_is_redrawn(actor):
    rows, columns = actor.window
    for name, pose in {**VISEMES, **EMOTIONS}.items():
        points = actor.landmarks(pose)
        assert rows.start < points[:, 1].min() < points[:, 1].max() < rows.stop, name
        assert columns.start < points[:, 0].min() < points[:, 0].max() < columns.stop, name
