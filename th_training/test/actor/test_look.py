"""What the actor looks like, as far as numbers can say it."""

import numpy as np
import pytest

from th_training.actor.camera import Camera
from th_training.actor.folds import fold_depths, paint_folds
from th_training.actor.hair import draw_hair
from th_training.actor.head import Head
from th_training.actor.mesh import smoothed
from th_training.actor.occlusion import cone
from th_training.actor.parts import Material
from th_training.actor.poses import EMOTIONS, VISEMES
from th_training.actor.units import pair, weights

SIZE = 256


@pytest.fixture(scope="module")
def head():
    return Head()


@pytest.fixture(scope="module")
def points(head):
    camera = Camera(SIZE)
    return lambda pose: camera.project(head.points(pose, head.landmark_ids))


def test_skin_folds_where_an_emotion_folds_it():
    assert fold_depths({}) == (0, 0, 0, 0)
    frown, forehead, _, nose = range(4)
    assert fold_depths(EMOTIONS["anger"])[frown] > 0.5
    assert fold_depths(EMOTIONS["surprise"])[forehead] > 0.5
    assert fold_depths(EMOTIONS["disgust"])[nose] > 0.5
    assert fold_depths(EMOTIONS["happiness"])[frown] < 0.1
    assert max(fold_depths(weights(pair(browDown=9.0, noseSneer=9.0)))) <= 1


def test_folds_are_painted_dark_and_leave_the_rest_alone(points):
    painted = paint_folds(points({}), SIZE).astype(int)
    assert (painted.min((0, 1)) < 110).all()
    assert (np.abs(painted - 128) <= 2).all(2).mean() > 0.8


def test_hair_frames_the_face_and_leaves_it_free(head, points):
    behind, front = draw_hair(head.vertices({})[head.of(Material.SKIN)], SIZE)
    for layer in (behind, front):
        assert (layer[..., :3] <= layer[..., 3:]).all()  # premultiplied
    for k in [*range(17, 68)]:
        x, y = points({})[k].round().astype(int)
        assert front[y, x, 3] < 30, k
    crown, cheek = front[SIZE // 10, SIZE // 2, 3], front[SIZE // 2, round(SIZE * 0.26), 3]
    assert min(crown, cheek) > 220
    edge = front[..., 3] / 255
    assert ((edge > 0.05) & (edge < 0.95)).mean() > 0.01  # soft, not cut out


def test_rounded_vowels_are_narrow_and_open_and_f_lays_the_lip_to_the_teeth(points):
    def width(pose):
        return np.ptp(points(pose)[[48, 54], 0])

    def gap(pose):
        lips = points(pose)
        return lips[66, 1] - lips[62, 1]

    for name in ("OO", "WW", "OH"):
        assert width(VISEMES[name]) < 0.75 * width({}), name
    assert gap(VISEMES["OO"]) > 0.01 * SIZE
    assert gap(VISEMES["OH"]) > 2 * gap(VISEMES["OO"])
    assert gap(VISEMES["MM"]) < gap(VISEMES["FF"]) < gap(VISEMES["SS"]) < gap(VISEMES["AH"])
    assert gap(VISEMES["MM"]) < 0.002 * SIZE


def test_pursed_lips_do_not_dip_like_a_beak(points):
    upper = points(VISEMES["OO"])[[61, 62, 63], 1]
    assert abs(upper[1] - upper[[0, 2]].mean()) < 0.006 * SIZE


def test_skin_beside_the_hair_is_still(head, points):
    for name, pose in {**VISEMES, **EMOTIONS}.items():
        moved = np.abs(points(pose) - points({}))[[0, 1, 2, 14, 15, 16]]
        assert moved.max() < 0.004 * SIZE, name


def test_a_soft_light_comes_from_within_its_cone():
    axis = np.array([0.3, 0.5, 1.0])
    rays = cone(axis, 0.4, 50)
    cosine = rays @ (axis / np.linalg.norm(axis))
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1)
    assert (cosine >= np.cos(0.4) - 1e-9).all()
    assert cosine.min() < np.cos(0.38)


def test_smoothing_keeps_what_is_even_and_spreads_a_peak():
    triangles = np.array([[0, 1, 2], [1, 3, 2]])
    np.testing.assert_allclose(smoothed(np.ones(4), triangles, rounds=3), 1)
    peak = smoothed(np.array([1.0, 0, 0, 0]), triangles, rounds=1)
    assert 0 < peak[1] < peak[0] < 1
