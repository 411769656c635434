"""Known codes, shown by somebody else with a turning head, come back as codes."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.landmarks.measures import lip_opening
from th_training.retarget.measures import INDEX, LIDS, OPENING
from th_training.retarget.person import GAIN, Person


@pytest.fixture(scope="module")
def plain(shapes):
    return shapes[1]


def test_known_codes_come_back(plain, filmed, puppet, face):
    landmarks = filmed(plain, noise=0.002)
    person = Person.of([(landmarks, 60.0)])
    found = puppet.shape(person.wanted(landmarks, 60.0, puppet))
    seen, true = (face.landmark_track(np.c_[codes, np.zeros_like(codes)]) for codes in (found, plain))
    assert np.corrcoef(lip_opening(seen), lip_opening(true))[0, 1] > 0.97
    for k in np.argsort(plain.std(0))[-3:]:  # what moves most in plain speech
        assert plain[:, k].std() > 0.5
        assert np.corrcoef(found[:, k], plain[:, k])[0, 1] > 0.8
    apart = np.sqrt(((seen - true)[:, 48:] ** 2).sum(-1).mean())
    resting = np.sqrt(((true - true.mean(0))[:, 48:] ** 2).sum(-1).mean())
    assert apart < 0.6 * resting


def test_lips_that_touch_touch(plain, filmed, puppet, face):
    landmarks = filmed(plain, seed=1)
    person = Person.of([(landmarks, 60.0)])
    wanted = person.wanted(landmarks, 60.0, puppet)
    codes = puppet.shape(wanted)
    closed = lip_opening(face.landmark_track(np.c_[plain, np.zeros_like(plain)])) < 0.004
    assert closed.sum() > 10
    np.testing.assert_allclose(wanted[closed, OPENING], puppet.at_rest[OPENING], atol=1e-6)
    drawn = lip_opening(face.landmark_track(np.c_[codes, np.zeros_like(codes)]))
    assert drawn[closed].max() < 0.012


def test_another_range_is_brought_to_the_face(plain, filmed, puppet):
    """Someone who moves only half as much uses the face's whole range, within bounds."""
    shy = plain[:1] + 0.5 * (plain - plain[:1])
    whole, half = (Person.of([(filmed(codes, seed=2, turn=0.02), 60.0)]) for codes in (plain, shy))
    assert half.range[OPENING] < 0.65 * whole.range[OPENING]
    few, many = half.gains(puppet), whole.gains(puppet)
    assert few[OPENING] > many[OPENING] > 1.1  # 0.94 as high, in 1.08 times the eyes' distance
    assert few.max() <= GAIN
    assert few.min() >= 1 / GAIN


def test_a_blink_is_no_expression(plain, filmed, puppet):
    landmarks = filmed(plain, turn=0.0)
    person = Person.of([(landmarks, 60.0)])
    blinking = landmarks.copy()
    middle = (landmarks[:, [37, 38, 43, 44]] + landmarks[:, [41, 40, 47, 46]]) / 2
    blinking[100:112, [37, 38, 43, 44]] = blinking[100:112, [41, 40, 47, 46]] = middle[100:112]
    one, two = (person.wanted(points, 60.0, puppet)[:, LIDS] for points in (landmarks, blinking))
    assert np.abs(one - two).max() < 0.02


def test_brows_go_up_as_far_as_the_persons(plain, filmed, puppet):
    calm = np.repeat(plain[:1], 200, 0)
    landmarks = np.concatenate([filmed(plain, turn=0.0), filmed(calm, turn=0.0)])
    raised = landmarks.copy()
    raised[-100:, 17:27, 1] -= 0.08 * 90
    person = Person.of([(landmarks, 60.0)])
    one, two = (person.wanted(points[-200:], 60.0, puppet) for points in (landmarks, raised))
    k = INDEX["inner brows"]
    assert (one - two)[150, k] == pytest.approx(0.08 / 1.08, abs=0.012)


def test_who_hardly_moves_is_refused(plain, filmed):
    still = np.repeat(plain[:1], 200, 0)
    with pytest.raises(InputError, match="too little movement"):
        Person.of([(filmed(still, noise=0.002), 60.0)])
    with pytest.raises(InputError, match="7 pictures"):
        Person.of([(filmed(plain[:7]), 60.0)])
