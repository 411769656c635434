import numpy as np
import pytest

from th_training.evaluate.intervals import Bootstrap


def test_the_interval_of_a_mean_is_that_of_the_textbook():
    values = np.random.default_rng(0).normal(0.5, 0.2, 400)
    found = Bootstrap(400).mean(values)
    assert found.value == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.004)
    assert found.high == pytest.approx(values.mean() + half, abs=0.004)
    assert found.excludes_zero
    assert str(found) == f"{found.value:.3f} ({found.low:.3f} .. {found.high:.3f})"


def test_what_is_undefined_is_left_out():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [np.nan, np.nan]])
    assert Bootstrap(3).mean(values).value == pytest.approx(3.0)
    nothing = Bootstrap(3).mean(np.full(3, np.nan))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
    assert not nothing.excludes_zero


def test_one_clip_has_no_interval():
    found = Bootstrap(1).mean(np.array([[0.3, 0.5]]))
    assert found.value == pytest.approx(0.4)
    assert np.isnan(found.low)
    assert str(found) == "0.400"


def test_clips_weigh_as_a_whole():
    """Clips are drawn, not numbers: 100 equal numbers in each of three clips are three numbers."""
    clips = np.array([0.0, 0.5, 1.0])
    wide, narrow = Bootstrap(3).mean(np.repeat(clips[:, None], 100, axis=1)), Bootstrap(3).mean(clips)
    assert (wide.low, wide.high) == pytest.approx((narrow.low, narrow.high))


def test_correlation_across_clips():
    rng = np.random.default_rng(1)
    one = rng.standard_normal(200)
    other = one + rng.standard_normal(200)
    found = Bootstrap(200).across(one, other)
    assert found.value == pytest.approx(np.corrcoef(one, other)[0, 1])
    assert found.low < found.value < found.high
    fisher = np.arctanh(found.value) + np.array([-1.96, 1.96]) / np.sqrt(197)
    assert [found.low, found.high] == pytest.approx(np.tanh(fisher), abs=0.03)
    assert np.isnan(Bootstrap(2).across(one[:2], other[:2]).value)


def test_same_seed_same_draws():
    values = np.random.default_rng(2).random(12)
    assert Bootstrap(12, seed=3).mean(values) == Bootstrap(12, seed=3).mean(values)
    assert Bootstrap(12, seed=3).mean(values) != Bootstrap(12, seed=4).mean(values)
