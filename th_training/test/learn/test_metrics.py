"""CORR on trajectories whose correlation is known."""

from __future__ import annotations

import numpy as np
import pytest

from th_training.learn.metrics import agreement, change, correlation, rms_ratio, still


def test_correlation_is_numpys() -> None:
    rng = np.random.default_rng(0)
    p, t = rng.standard_normal((2, 50, 4)).astype(np.float32)
    expected = [np.corrcoef(p[:, d], t[:, d])[0, 1] for d in range(4)]
    assert correlation(p, t) == pytest.approx(expected, abs=1e-6)


def test_scale_and_offset_do_not_matter_and_sign_does() -> None:
    t = np.random.default_rng(1).standard_normal((30, 2))
    assert correlation(5.0 * t + 3.0, t) == pytest.approx([1.0, 1.0])
    assert correlation(-t, t) == pytest.approx([-1.0, -1.0])


def test_still_trajectories() -> None:
    t = np.random.default_rng(2).standard_normal((30, 3))
    t[:, 1] = 0.7
    p = t.copy()
    p[:, 0] = 4.0
    result = correlation(p, t)
    assert result[0] == 0.0
    assert np.isnan(result[1])
    assert result[2] == pytest.approx(1.0)
    assert np.isnan(correlation(t[:1], t[:1])).all()


def test_agreement_averages_what_is_defined() -> None:
    t = np.random.default_rng(3).standard_normal((40, 2))
    still = t.copy()
    still[:, 1] = 1.0
    result = agreement([(t, t), (-still, still)])
    assert result.corr == pytest.approx((1.0 + 1.0 - 1.0) / 3)
    assert result.by_dimension == pytest.approx((0.0, 1.0))
    assert result.undefined == 1
    assert result.clips == 2
    assert result.rmse == pytest.approx(np.sqrt((4 * (still**2).sum()) / (2 * t.size)))


def test_no_clips() -> None:
    assert np.isnan(agreement([]).corr)


def test_movement() -> None:
    ramp = np.arange(6.0)[:, None] * [1.0, 2.0]
    assert change(ramp, 1).tolist() == [[1.0, 2.0]] * 5
    assert not change(ramp, 3).any()
    assert change(ramp**3, 3)[0].tolist() == pytest.approx([6.0, 48.0])
    assert rms_ratio(change(2 * ramp, 1), change(ramp, 1)) == pytest.approx(2.0)
    assert np.isnan(rms_ratio(ramp, 0 * ramp))
    assert np.isnan(rms_ratio(ramp[:0], ramp[:0]))
    assert still(np.column_stack([ramp[:, 0], np.full(6, 3.0)])).tolist() == [False, True]
