import numpy as np
import pytest
from menpo.model import PCAModel
from menpo.shape import PointCloud

from th_common.errors import InputError
from th_training.aam.shape import align, encode_shape, fit_shape, landmark_weights


def test_codes_are_in_standard_deviations(drawn):
    codes = fit_shape(drawn[2]).codes
    np.testing.assert_allclose(codes.std(0, ddof=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.corrcoef(codes.T), np.eye(8), atol=1e-6)


def test_modes_are_orthogonal_under_the_weights(drawn):
    modes = fit_shape(drawn[2]).modes
    gram = np.einsum("ipc,p,jpc->ij", modes, landmark_weights(), modes)
    np.testing.assert_allclose(gram, np.diag(gram.diagonal()), atol=1e-9 * gram.max())
    assert (np.diff(gram.diagonal()) <= 0).all()


def test_with_every_mode_nothing_is_lost(drawn):
    shape = fit_shape(drawn[2], modes=10)
    again = shape.mean + np.tensordot(shape.codes, shape.modes, 1)
    # The drop of the lower lip has a kink, so that ten linear modes leave a trace.
    assert np.abs(again - drawn[2]).max() < 0.05
    assert shape.explained > 0.999


def test_agrees_with_menpo_without_weights(drawn, monkeypatch):
    monkeypatch.setattr("th_training.aam.shape.landmark_weights", lambda: np.ones(68))
    shape = fit_shape(drawn[2])
    menpo = PCAModel([PointCloud(points) for points in drawn[2]])
    menpo.trim_components(8)
    assert shape.explained == pytest.approx(menpo.variance_ratio(), abs=1e-6)
    np.testing.assert_allclose(shape.mean, menpo.mean().points)
    again = shape.mean + np.tensordot(shape.codes[3], shape.modes, 1)
    np.testing.assert_allclose(again, menpo.reconstruct(PointCloud(drawn[2][3])).points, atol=1e-9)


def test_encoding_undoes_the_modes(drawn):
    shape = fit_shape(drawn[2])
    code = np.random.default_rng(0).normal(size=(5, 8))
    points = shape.mean + np.tensordot(code, shape.modes, 1)
    np.testing.assert_allclose(encode_shape(points, shape.mean, shape.modes), code, atol=1e-9)


def test_align_takes_the_pose_out(drawn):
    rng = np.random.default_rng(1)
    still = drawn[2][:40]
    moved = []
    for points in still:
        angle, size = rng.normal(0, 0.1), rng.uniform(0.8, 1.2)
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moved.append((points - 48) @ turn.T + 48 + rng.normal(0, 5, 2))
    aligned, maps = align(np.array(moved))
    assert np.var(aligned, axis=0).sum() < 0.2 * np.var(moved, axis=0).sum()
    np.testing.assert_allclose(moved[3] @ maps[3][:, :2].T + maps[3][:, 2], aligned[3])


def test_too_little_movement_is_refused(drawn):
    with pytest.raises(InputError, match="too few for 8"):
        fit_shape(drawn[2][:4])
