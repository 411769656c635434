import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.clock import bridge, frame_clock, quality_to_clock, to_clock


def cubic(t):
    return np.stack([1 + t, t**2 - 2 * t, 0.5 * t**3 - t], -1)


def test_rows_are_where_the_features_are():
    np.testing.assert_allclose(frame_clock(3.0)[[0, -1]], [1 / 60, 3.0])
    assert len(frame_clock(3.0)) == 180
    assert len(frame_clock(2.999)) == 179


@pytest.mark.parametrize("fps", [25, 30, 50])
def test_a_cubic_is_resampled_exactly(fps):
    times = (np.arange(2 * fps) + 0.5) / fps
    wanted = frame_clock(2.0)
    within = (wanted >= times[0]) & (wanted <= times[-1])
    assert within.sum() > 110
    np.testing.assert_allclose(to_clock(times, cubic(times), wanted)[within], cubic(wanted)[within], atol=1e-9)


@pytest.mark.parametrize(("fps", "most"), [(25, 0.02), (30, 0.01), (50, 0.002)])
def test_a_movement_of_four_hertz_is_kept(fps, most):
    times = (np.arange(2 * fps) + 0.5) / fps
    wanted = frame_clock(1.9)[5:]
    found = to_clock(times, np.sin(8 * np.pi * times), wanted)
    assert np.abs(found - np.sin(8 * np.pi * wanted)).max() < most


def test_uneven_frame_times_are_respected():
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.06, 60))
    wanted = frame_clock(times[-1])
    wanted = wanted[wanted >= times[0]]
    np.testing.assert_allclose(to_clock(times, cubic(times), wanted), cubic(wanted), atol=1e-9)


def test_nothing_is_made_up_beyond_the_ends():
    found = to_clock(np.array([1.0, 2.0, 3.0]), np.array([5.0, 6.0, 9.0]), np.array([0.0, 4.0]))
    np.testing.assert_array_equal(found, [5.0, 9.0])
    np.testing.assert_array_equal(to_clock(np.array([1.0]), np.array([[7.0]]), np.array([0.5, 2.0])), [[7.0], [7.0]])


def test_quality_is_nothing_beside_a_frame_that_was_not_seen():
    times = np.array([0.1, 0.2, 0.3, 0.4])
    found = quality_to_clock(
        times, np.array([0.8, 1.0, 0.0, 0.6]), np.array([0.0, 0.05, 0.15, 0.2, 0.25, 0.35, 0.4, 0.6])
    )
    np.testing.assert_allclose(found, [0.0, 0.8, 0.9, 1.0, 0.0, 0.0, 0.6, 0.0])


def test_a_hole_is_crossed_in_line_and_not_known():
    times = np.r_[np.arange(20), np.arange(20) + 110] / 25
    wanted = frame_clock(times[-1])
    hole = (wanted > times[19]) & (wanted < times[20])
    wave = np.stack([np.sin(9 * times), np.cos(7 * times)], 1)
    found = to_clock(times, wave, wanted)
    assert hole.sum() > 200
    line = (wanted[hole, None] - times[19]) / (times[20] - times[19]) * (wave[20] - wave[19]) + wave[19]
    np.testing.assert_allclose(found[hole], line, atol=1e-9)
    outside = np.stack([np.sin(9 * wanted), np.cos(7 * wanted)], 1)[~hole & (wanted > times[1])]
    np.testing.assert_allclose(found[~hole & (wanted > times[1])], outside, atol=0.01)
    quality = quality_to_clock(times, np.full(40, 0.9), wanted)
    assert (quality[hole] == 0).all()
    assert (quality[~hole] == 0.9).all()


def test_a_missing_picture_is_no_hole():
    times = np.delete(np.arange(20), 7) / 25
    wanted = frame_clock(times[-1])
    assert (quality_to_clock(times, np.ones(19), wanted) == 1).all()
    found = to_clock(times, cubic(times), wanted)
    np.testing.assert_allclose(found, cubic(wanted), atol=1e-9)


def test_the_only_picture_is_seen_as_long_as_it_lasts():
    found = quality_to_clock(np.array([0.52]), np.array([0.8]), np.array([0.4, 0.5, 0.54, 0.6]), duration=0.04)
    np.testing.assert_allclose(found, [0, 0.8, 0.8, 0])


def test_gaps_are_bridged_in_line_and_ends_held():
    values = np.array([[9.0, 0], [1, 10], [9, 9], [9, 9], [4, 40], [9, 9]])
    seen = np.array([False, True, False, False, True, False])
    found = bridge(np.arange(6.0), values, seen)
    np.testing.assert_allclose(found, [[1, 10], [1, 10], [2, 20], [3, 30], [4, 40], [4, 40]])
    with pytest.raises(InputError, match="nothing was seen"):
        bridge(np.arange(6.0), values, np.zeros(6, bool))


@pytest.mark.parametrize("times", [[0.0, 0.0, 1.0], [0.0, 1.0], [0.0, np.nan, 1.0]])
def test_times_that_cannot_be_are_refused(times):
    with pytest.raises(InputError):
        to_clock(np.array(times), np.zeros(3), np.array([0.5]))
