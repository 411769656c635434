"""A head that turns is brought back to the front; a lip that moves is not taken for a head."""

import numpy as np
import pytest

from th_training.retarget.frontal import frontal, generic, own_shape, project
from th_training.retarget.measures import MEASURES, OPENING, measure


def test_the_generic_head_is_in_its_own_frame():
    head = generic()
    np.testing.assert_allclose(head[[36, 39, 42, 45]].mean(0), 0, atol=1e-9)
    assert head[45, 0] - head[36, 0] == pytest.approx(1, abs=0.01)
    assert head[8, 1] > head[33, 1] > 0 > head[19, 1]  # y down
    assert head[30, 2] == head[:, 2].max()  # z to the viewer: the tip of the nose


def test_turning_moves_what_is_near():
    nose = generic()[[30]]
    assert project(nose, np.array([0.2, 0.0]))[0, 0] > nose[0, 0]
    assert project(nose, np.array([0.0, 0.2]))[0, 1] < nose[0, 1]
    np.testing.assert_allclose(project(generic(), np.zeros(2)), generic()[:, :2])


@pytest.mark.parametrize("stretch", [(1.0, 1.0), (1.08, 0.94)])
def test_a_still_face_stays_still_however_the_head_moves(filmed, face, stretch):
    landmarks = filmed(np.repeat(face.rest[None, :8], 400, 0), turn=0.2, stretch=stretch)
    shape = own_shape(landmarks[::3])
    found = measure(frontal(landmarks, shape, 60.0))
    similar = measure(frontal(landmarks, shape, 60.0) * 0 + _by_similarity(landmarks))
    assert found.std(0).max() < 0.012
    assert np.linalg.norm(found.std(0)) < 0.3 * np.linalg.norm(similar.std(0))


def test_lips_that_move_do_not_turn_the_head(filmed, shapes):
    moods = shapes[0][:400]
    still, turning = (filmed(moods, turn=turn) for turn in (0.0, 0.15))
    one, two = (measure(frontal(points, own_shape(points[::3]), 60.0)) for points in (still, turning))
    assert np.corrcoef(one[:, OPENING], two[:, OPENING])[0, 1] > 0.995
    for k in range(len(MEASURES)):
        if one[:, k].std() > 0.02:
            assert np.corrcoef(one[:, k], two[:, k])[0, 1] > 0.93, MEASURES[k].name


def _by_similarity(landmarks):
    eyes = landmarks[:, 45] - landmarks[:, 36]
    size2 = (eyes**2).sum(1)
    turn = np.stack([[eyes[:, 0], eyes[:, 1]], [-eyes[:, 1], eyes[:, 0]]]).transpose(2, 0, 1) / size2[:, None, None]
    return np.einsum("tij,tpj->tpi", turn, landmarks - landmarks[:, [36, 39, 42, 45]].mean(1, keepdims=True))
