"""Every fault that is put into a track is found, and a track without faults is left in peace."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from th_training.landmarks.draw import BY_HAND, DOUBTED, FILLED, SURE, colour_of, draw, overlay, tile
from th_training.landmarks.review import review
from th_training.landmarks.track import Track


def face() -> np.ndarray:
    """(68, 2) px: symmetric, its eyes 50 px apart."""
    t = np.linspace(np.pi, 0, 17)
    points = np.zeros((68, 2))
    points[:17] = np.stack([100 + 45 * np.cos(t), 100 + 55 * np.sin(t)], 1)
    points[17:27] = [(100 + s * x, 70) for s, xs in ((-1, (40, 33, 26, 19, 12)), (1, (12, 19, 26, 33, 40))) for x in xs]
    points[27:31] = [(100, y) for y in (85, 92, 99, 106)]
    points[31:36] = [(x, 110) for x in (92, 96, 100, 104, 108)]
    points[36:42] = [(75, 85), (80, 82), (86, 82), (91, 85), (86, 87), (80, 87)]
    points[42:48] = [(109, 85), (114, 82), (120, 82), (125, 85), (120, 87), (114, 87)]
    upper, lower = (80, 87, 94, 100, 106, 113, 120), (113, 106, 100, 94, 87)
    points[48:60] = [(x, 130) for x in upper] + [(x, 138) for x in lower]
    points[60:68] = [(x, 132) for x in (84, 93, 100, 107, 116)] + [(x, 135) for x in (107, 100, 93)]
    return points


@pytest.fixture
def track() -> Track:
    rng = np.random.default_rng(0)
    opening = np.zeros((60, 68, 2))
    opening[:, [*range(55, 60), *range(65, 68)], 1] = (4 + 4 * np.sin(np.arange(60) / 4))[:, None]
    way = np.stack([3 * np.sin(np.arange(60) / 9), 2 * np.cos(np.arange(60) / 7)], 1)[:, None]
    points = face() + opening + way + rng.normal(0, 0.15, (60, 68, 2))
    return Track(points.astype(np.float32), np.full(60, 0.9, np.float32), 25.0, size=(240, 220))


def reasons(track):
    return {(doubt.frame, doubt.reason.split(" (")[0].rstrip("0123456789. ")) for doubt in review([("clip", track)])}


def test_a_good_track_is_left_in_peace(track):
    assert review([("clip", track), ("again", track)]) == []


def test_a_jump_is_found(track):
    track.landmarks[30:] += 12
    assert (30, "jump of 0.34 iod") in reasons(track) or any(
        f == 30 and r.startswith("jump") for f, r in reasons(track)
    )
    assert {frame for frame, _ in reasons(track)} == {30}


def test_a_lopsided_face_is_found(track):
    track.landmarks[20, :17, 0] += np.linspace(0, 12, 17)
    assert (20, "asymmetric") in reasons(track)


def test_a_shape_that_the_person_never_has_is_found(track):
    track.landmarks[44, 31:36, 1] += 14  # symmetric: the nose slips down
    assert (44, "implausible shape") in reasons(track)
    assert {frame for frame, _ in reasons(track)} <= {44, 45}


def test_out_of_the_picture_low_confidence_lost_and_filled_are_found(track):
    track.confidence[[3, 4, 10]] = [0.4, 0, 0]
    track.landmarks[10] = np.nan
    track = replace(track, size=(240, 144))
    found = reasons(track)
    assert {(3, "low confidence"), (10, "no face found"), (4, "filled: the detector saw no face")} <= found
    outside = {frame for frame, reason in found if reason.startswith("out of the picture")}
    assert outside == set(np.flatnonzero(track.landmarks[..., 0].max(1) > 143.5))


def test_the_worst_come_first_and_hand_annotation_is_not_doubted(track):
    track.confidence[[3, 8]] = [0.55, 0.2]
    assert [doubt.frame for doubt in review([("clip", track)])] == [8, 3]
    assert review([("clip", replace(track, by_hand=frozenset({3, 8})))]) == []


def test_colours_say_where_landmarks_come_from(track):
    track.confidence[4] = 0
    track = replace(track, by_hand=frozenset({2}))
    assert [colour_of(track, k, k == 1) for k in (0, 1, 2, 4)] == [SURE, DOUBTED, BY_HAND, FILLED]


def test_points_are_drawn_where_they_are(track):
    picture = np.zeros((240, 220, 3), np.uint8)
    drawn = draw(picture, np.round(track.landmarks[0]))
    assert picture.max() == 0
    for x, y in np.round(track.landmarks[0]).astype(int):
        assert drawn[y, x, 1] > 120
    large = overlay(picture, track, 0, ("jump",), enlarge=3)
    assert large.shape == (720, 660, 3)
    x, y = np.round((track.landmarks[0, 30] + 0.5) * 3 - 0.5).astype(int)
    assert large[y, x, 2] > 120  # doubted: red


def test_a_tile_shows_the_face_and_a_lost_frame_the_whole_picture(track):
    picture = np.full((240, 220, 3), 90, np.uint8)
    cv2.circle(picture, (100, 106), 3, (0, 0, 255), -1)
    assert tile(picture, track.landmarks[0], ("a",), side=200).shape == (200, 200, 3)
    lost = tile(picture, np.full((68, 2), np.nan), ("b",), side=240)
    assert lost[106:110, 105:115, 2].max() > 200
