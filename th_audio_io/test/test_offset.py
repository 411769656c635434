"""Another machine's clock, found from when its stamps arrive."""

from __future__ import annotations

import numpy as np
import pytest

from th_audio_io.offset import ClockOffset

CHUNK = 0.016


def test_offset_is_nothing_for_our_own_clock_and_all_for_anothers() -> None:
    ours = ClockOffset()
    assert [ours.update(t, t + 0.01 + 0.1 * (n % 3)) for n, t in enumerate(np.arange(5.0, 20.0, 0.1))] == [0.0] * 150
    recording = ClockOffset()
    values = [recording.update(t, t + 1e6 + 0.02 * (n % 3)) for n, t in enumerate(np.arange(5.0, 20.0, 0.1))]
    assert values[-1] == pytest.approx(1e6, abs=1e-6)
    drifting = ClockOffset()
    values = [drifting.update(t, t * 1.0002 + 3.0) for t in np.arange(0.0, 3600.0, 0.1)]
    assert values[0] == 3.0
    assert values[-1] == pytest.approx(3.0 + 3600 * 0.0002, abs=0.005)
    ahead = ClockOffset()
    assert {ahead.update(t, 5.0 + t / 100) for t in np.arange(5.0, 20.0, 0.1)} == {0.0}
    recording.reset()
    assert recording.value == 0.0


def talk(
    offset: ClockOffset, seconds: float, *, ahead: float, ppm: float, jitter: float, begin: float = 1000.0
) -> np.ndarray:
    """Sound of a clock that is `ahead` of ours and drifts, over a network; the error of the estimate after each message."""
    rng, errors, arrival = np.random.default_rng(0), [], 0.0
    for n in range(round(seconds / CHUNK)):
        now = begin + n * CHUNK
        stamp = now * (1 + ppm * 1e-6) + ahead
        arrival = max(arrival, now + 0.003 + rng.uniform(0, jitter))  # in order
        errors.append(offset.update(stamp, arrival) - (now - stamp))
    return np.array(errors)


@pytest.mark.parametrize("ppm", [-200, 200])
@pytest.mark.parametrize("jitter", [0.0, 0.1, 0.2])
def test_a_drifting_clock_is_followed_without_jumps(ppm: float, jitter: float) -> None:
    offset = ClockOffset()
    errors = talk(offset, 600.0, ahead=1234.5, ppm=ppm, jitter=jitter)
    settled = errors[round(15 / CHUNK) :]
    assert np.abs(settled - settled.mean()).max() < 0.01 + 0.06 * jitter
    assert np.abs(settled).max() < 0.003 + 0.01 + 0.3 * jitter  # the shortest way is not to be told from the clock
    assert np.abs(np.diff(settled)).max() < 0.006
    if not jitter:
        assert offset.drift == pytest.approx(-ppm * 1e-6, abs=2e-5)


def test_a_clock_that_agrees_at_first_and_drifts_away_is_followed() -> None:
    offset = ClockOffset()
    errors = talk(offset, 3600.0, ahead=-0.2, ppm=200, jitter=0.0)
    assert offset.value == pytest.approx(-0.72, abs=0.02)
    assert np.abs(np.diff(errors)).max() < 0.006, "no jump on the way"


def test_a_jittery_network_between_clocks_that_agree_is_no_drift() -> None:
    offset = ClockOffset()
    talk(offset, 300.0, ahead=0.0, ppm=0.0, jitter=0.2)
    assert abs(offset.value) < 0.03


def test_a_new_stream_of_the_same_clock_goes_on_from_what_is_known() -> None:
    offset = ClockOffset()
    talk(offset, 30.0, ahead=-50.0, ppm=0.0, jitter=0.0)
    known = offset.value
    offset.restart()
    offset.update(1100.0 - 50.0, 1100.0 + 0.19)  # the first message is late
    assert offset.value == known
    offset.restart()
    assert offset.update(2000.0, 2000.01) == 0.0, "another clock"


def test_an_utterance_in_one_message_says_little_of_clocks() -> None:
    offset = ClockOffset()
    assert offset.update(1002.0, 1000.01, begin=1000.0) == 0.0, "stamped when it was sent"
    offset.reset()
    assert offset.update(1002.0, 1002.01, begin=1000.0) == 0.0, "stamped when it was recorded"
    offset.reset()
    assert offset.update(7.0, 1000.01, begin=5.0) == pytest.approx(995.01), "of another clock: never too early"


def test_a_clock_that_is_set_is_followed_at_once() -> None:
    offset = ClockOffset()
    talk(offset, 30.0, ahead=100.0, ppm=0.0, jitter=0.0)
    offset.restart()  # its stamps jump: the intake sees a new stream
    errors = talk(offset, 30.0, ahead=103.0, ppm=0.0, jitter=0.0, begin=1030.0)
    assert np.abs(errors[-1]) < 0.005


@pytest.mark.parametrize("live", [True, False])
def test_sentences_sent_ahead_with_a_pause_between_them_are_no_other_clock(live: bool) -> None:
    """A voice that is made sends both at once, stamped one after the other, in pieces of 0.1 s."""
    offset = ClockOffset()
    for k in range(100 * live):
        offset.update(1000.0 + 0.016 * (k + 1), 1000.003 + 0.016 * (k + 1), begin=1000.0 + 0.016 * k)
    offset.restart()
    for k in range(50):
        offset.update(1010.1 + 0.1 * k, 1010.01, begin=1010.0 + 0.1 * k)
    assert offset.value == 0.0
    offset.restart()
    for k in range(30):
        offset.update(1015.6 + 0.1 * k, 1010.02, begin=1015.5 + 0.1 * k)
    assert offset.value == 0.0
