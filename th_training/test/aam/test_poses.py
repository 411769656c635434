import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.poses import babble, choose_poses
from th_training.actor.poses import EMOTIONS, VISEMES
from th_training.actor.units import weights


def test_babble_moves_and_repeats_with_its_seed():
    one, two, other = babble(400, seed=1), babble(400, seed=1), babble(400, seed=2)
    assert one.shape == (400, len(weights({})))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0.1


def test_rest_comes_first_and_every_pose_is_there():
    chosen = choose_poses(babble(600, seed=1), 100, seed=0)
    assert chosen.shape[0] == 100
    assert not chosen[0].any()
    for pose in [*EMOTIONS.values(), *VISEMES.values()]:
        assert (np.abs(chosen - weights(pose)).max(1) < 1e-6).any()


def test_what_are_no_poses_is_refused():
    with pytest.raises(InputError, match="weights"):
        choose_poses(np.zeros((10, 3)), 100, seed=0)
    with pytest.raises(InputError, match="at least 60"):
        choose_poses(babble(100, seed=0), 10, seed=0)
