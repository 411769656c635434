import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_speech_features import delta

from th_audio_features.deltas import Dynamics


def run(rows: np.ndarray, cuts: list[int], *, causal: bool = False) -> np.ndarray:
    dynamics = Dynamics(causal=causal)
    parts = [dynamics.push(piece) for piece in np.split(rows, sorted(cuts))]
    return np.concatenate([*parts, dynamics.flush()])


def rows_of(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, 13))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 40])
def test_deltas_are_those_of_python_speech_features(count: int) -> None:
    rows = rows_of(count)
    slopes = delta(rows, 2)
    np.testing.assert_array_equal(run(rows, []), np.hstack([rows, slopes, delta(slopes, 2)]))


def test_the_delta_of_a_ramp_is_its_slope_and_its_acceleration_is_nothing() -> None:
    ramp = np.arange(30)[:, None] * np.array([[3.0, -0.5]])
    out = run(ramp, [])
    np.testing.assert_allclose(out[2:-2, 2:4], np.tile([3.0, -0.5], (26, 1)))
    np.testing.assert_allclose(out[4:-4, 4:6], 0.0, atol=1e-12)


@given(st.integers(1, 40), st.lists(st.integers(0, 40), max_size=12), st.booleans())
def test_chunks_do_not_matter(count: int, cuts: list[int], causal: bool) -> None:
    rows = rows_of(count)
    assert np.array_equal(run(rows, cuts, causal=causal), run(rows, [], causal=causal))


def test_causal_deltas_are_the_centred_ones_two_rows_late() -> None:
    rows = rows_of(30)
    late, centred = run(rows, [], causal=True), run(rows, [])
    np.testing.assert_array_equal(late[4:, 13:26], centred[2:-2, 13:26])


def test_causal_deltas_come_at_once() -> None:
    dynamics = Dynamics(causal=True)
    assert [len(dynamics.push(row[None])) for row in rows_of(5)] == [1] * 5
    assert len(dynamics.flush()) == 0


def test_nothing_in_nothing_out() -> None:
    dynamics = Dynamics()
    assert dynamics.flush() is None
    assert dynamics.push(np.zeros((0, 13))).shape == (0, 39)
