import numpy as np
import pytest

from th_common.errors import ModelError
from th_face_renderer.face_model import LIP_GAP
from th_training.landmarks.measures import inter_ocular, lip_opening
from th_training.retarget.measures import MEASURES, OPENING
from th_training.retarget.puppet import Puppet


def test_measures_are_those_of_the_drawn_face(puppet, face, shapes):
    moods = shapes[0]
    opened = puppet.measures(moods)[:, OPENING]
    drawn = lip_opening(face.landmark_track(np.c_[moods, np.zeros_like(moods)]))
    wide = drawn > 0.03
    np.testing.assert_allclose(opened[wide], drawn[wide], atol=0.012)


def test_rest_is_rest(puppet):
    codes = puppet.shape(np.repeat(puppet.at_rest[None], 30, 0))
    np.testing.assert_allclose(codes, np.repeat(puppet.rest[None], 30, 0), atol=0.05)


def test_measures_of_a_code_give_it_back(puppet, shapes):
    """Within what twelve measures with their noise tell of eight numbers."""
    plain = shapes[1]
    found = puppet.shape(puppet.measures(plain))
    reached = np.clip(puppet.measures(plain)[:, OPENING], puppet.at_rest[OPENING], puppet.most[OPENING])
    np.testing.assert_allclose(puppet.measures(found)[:, OPENING], reached, atol=1e-3)
    assert np.sqrt(((found - plain) ** 2).mean()) < 0.5 * np.sqrt(((plain - puppet.rest) ** 2).mean())


def test_nothing_goes_beyond_what_was_seen(puppet, shapes):
    wild = puppet.at_rest + np.random.default_rng(0).normal(0, 0.5, (200, len(MEASURES)))
    codes = puppet.shape(wild)
    assert (codes >= puppet.low - 1e-9).all()
    assert (codes <= puppet.high + 1e-9).all()
    aims = np.clip(wild[:, OPENING], puppet.at_rest[OPENING], puppet.most[OPENING])
    np.testing.assert_allclose(puppet.measures(codes)[:, OPENING], aims, atol=0.01)


def test_a_closure_of_two_frames_of_video_is_kept(puppet):
    wanted = np.repeat(puppet.at_rest[None], 60, 0)
    wanted[:, OPENING] += 0.1
    wanted[30:35, OPENING] = puppet.at_rest[OPENING]
    opening = puppet.measures(puppet.shape(wanted))[:, OPENING]
    np.testing.assert_allclose(opening, wanted[:, OPENING], atol=1e-4)


def test_jitter_of_what_is_told_badly_is_calmed(puppet):
    rng = np.random.default_rng(1)
    wanted = np.repeat(puppet.at_rest[None], 300, 0)
    wanted[:, 1:] += rng.normal(0, 0.01, wanted[:, 1:].shape)
    codes = puppet.shape(wanted)
    alone = np.concatenate([puppet.shape(row[None]) for row in wanted])
    assert np.abs(np.diff(codes, 3, axis=0)).mean() < 0.3 * np.abs(np.diff(alone, 3, axis=0)).mean()


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_frames(count, puppet):
    assert puppet.shape(np.repeat(puppet.at_rest[None], count, 0)).shape == (count, 8)


def test_lips_meet_as_near_as_they_may_be_drawn(puppet, face):
    gap = LIP_GAP / inter_ocular(face.landmarks(face.rest))
    assert puppet.at_rest[OPENING] == pytest.approx(min(gap, puppet.at_rest[OPENING]))


def test_a_face_that_never_moved_cannot_be_moved(face):
    still = np.repeat(face.rest[None], 50, 0)
    with pytest.raises(ModelError, match="never opened"):
        Puppet.of(face, still, still[:, :8])
