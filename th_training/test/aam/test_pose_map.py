import numpy as np
import pytest

from th_common.errors import InputError, ModelError
from th_training.aam.build import build_face
from th_training.aam.make import make_face_model
from th_training.aam.pose_map import fit_pose_map


@pytest.fixture(scope="module")
def drawn(synthetic):
    """Poses that move together, as a talking face's do; their pictures and landmarks."""
    rng = np.random.default_rng(4)
    poses = 0.6 * np.tanh(rng.normal(size=(140, 3)) @ rng.normal(size=(3, synthetic.UNITS)))
    poses += rng.normal(0, 0.08, poses.shape)
    return poses, *(np.stack([draw(pose) for pose in poses]) for draw in (synthetic.render, synthetic.landmarks))


@pytest.fixture(scope="module")
def built(drawn):
    return build_face(drawn[1], drawn[2])


@pytest.fixture(scope="module")
def pose_map(built, drawn):
    return fit_pose_map(built.model, drawn[0], drawn[2], built.codes[:, 8:])


def test_shape_is_exact_and_appearance_near(pose_map, built, drawn):
    codes = pose_map.codes(drawn[0], drawn[2])
    np.testing.assert_allclose(codes[:, :8], np.clip(built.codes[:, :8], -4, 4), atol=1e-4)
    assert pose_map.figures["pose_map_r2"] > 0.6
    assert len(pose_map.figures["pose_map_r2_per_mode"]) == 8


def test_landmarks_may_be_a_function(pose_map, drawn, synthetic):
    np.testing.assert_array_equal(
        pose_map.codes(drawn[0][:5], synthetic.landmarks), pose_map.codes(drawn[0][:5], drawn[2][:5])
    )


def test_no_frames_give_no_codes(pose_map, drawn):
    assert pose_map.codes(drawn[0][:0], drawn[2][:0]).shape == (0, 16)


def test_noise_is_refused(built, drawn):
    noise = np.random.default_rng(0).normal(size=(140, 8))
    with pytest.raises(ModelError, match="R2"):
        fit_pose_map(built.model, drawn[0], drawn[2], noise)


def test_what_does_not_fit_is_refused(pose_map, drawn):
    with pytest.raises(InputError, match="fit"):
        pose_map.codes(drawn[0], drawn[2][:7])
    with pytest.raises(InputError, match="NaN"):
        pose_map.codes(np.full_like(drawn[0], np.nan), drawn[2])


def test_a_face_of_a_sitter(synthetic):
    model, codes = make_face_model(synthetic.Person(), synthetic.poses(40))
    assert codes.shape == (40, 16)
    np.testing.assert_array_equal(model.rest, codes[0])
