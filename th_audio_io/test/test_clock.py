"""Sample clocks under simulated jitter, loss, drift, bursts and restarts."""

from __future__ import annotations

import numpy as np
import pytest

from th_audio_io.clock import ArrivalClock, Event, SampleClock

RATE = 16_000
COUNT = 256
CHUNK = COUNT / RATE


def simulate(
    clock: SampleClock,
    *,
    seconds: float,
    jitter: float = 0.0,
    loss: float = 0.0,
    ppm: float = 0.0,
    late_by: float = 0.0,
    seed: int = 1,
) -> tuple[np.ndarray, np.ndarray, list[Event]]:
    """(true time, error of the placed time) per message received, and the events; jitter is uniform in 0..jitter."""
    rng = np.random.default_rng(seed)
    truth, errors, events = [], [], []
    for n in range(int(seconds / CHUNK)):
        time = 1000.0 + n * CHUNK * (1 + ppm * 1e-6)
        heard = time + late_by + rng.uniform(0, jitter) if jitter else time + late_by
        if rng.random() < loss:
            continue
        place = clock.place(COUNT, heard)
        truth.append(time)
        errors.append(place.time + place.missing / RATE - time)
        events.append(place.event)
    return np.array(truth), np.array(errors), events


def test_exact_stamps_are_kept() -> None:
    _, errors, events = simulate(SampleClock(RATE), seconds=60)
    assert np.abs(errors).max() < 1e-6
    assert set(events) == {Event.START, Event.CONTINUE}


def test_every_loss_is_found_with_exact_stamps() -> None:
    clock = SampleClock(RATE)
    truth, errors, events = simulate(clock, seconds=60, loss=0.02, ppm=200)
    assert events.count(Event.START) == 1
    assert events.count(Event.GAP) == np.count_nonzero(np.diff(truth) > 1.5 * CHUNK)
    assert np.abs(errors).max() < 0.001


@pytest.mark.parametrize("ppm", [-500, 200, 500])
def test_drift_is_learned(ppm: float) -> None:
    clock = SampleClock(RATE)
    truth, errors, events = simulate(clock, seconds=120, jitter=0.004, ppm=ppm)
    late = truth > truth[0] + 40
    assert clock.drift * 1e6 == pytest.approx(ppm, abs=40)
    assert (
        np.abs(errors[late] - 0.002).max() < 0.001
    )  # the mean of the jitter is not to be told from the source's latency
    assert Event.GAP not in events


def test_stamps_of_a_jittery_publisher_do_not_tear_the_stream() -> None:
    truth, errors, events = simulate(SampleClock(RATE), seconds=60, jitter=0.03)
    assert events.count(Event.START) == 1
    early = truth < truth[0] + 2
    assert Event.GAP not in np.array(events)[~early]
    assert np.ptp(errors[truth > truth[0] + 20]) < 0.006


@pytest.mark.parametrize("jitter", [0.005, 0.02])
def test_jitter_is_not_taken_for_loss(jitter: float) -> None:
    """Publishers that stamp when they get to it: half-normal lateness, nothing lost, (almost) nothing filled in."""
    rng, clock, filled = np.random.default_rng(0), SampleClock(RATE), 0
    for number in range(round(20 / CHUNK)):
        place = clock.place(COUNT, 100 + number * CHUNK + abs(rng.normal(0, jitter)))
        assert place.event is not Event.REPEAT
        filled += place.missing
    assert filled <= 2 * COUNT


def test_gap_repeat_and_restart() -> None:
    clock = SampleClock(RATE, max_gap=0.25)
    assert clock.place(COUNT, 5.0).event is Event.START
    assert clock.place(COUNT, 5.0).event is Event.REPEAT
    gap = clock.place(COUNT, 5.0 + 3 * CHUNK)
    assert (gap.event, gap.missing) == (Event.GAP, 2 * COUNT)
    assert gap.time == pytest.approx(5.0 + CHUNK)
    assert clock.place(COUNT, 5.0 + 2 * CHUNK).event is Event.REPEAT  # a straggler whose place is filled
    assert clock.place(COUNT, 6.0).event is Event.START
    assert clock.place(COUNT, 2.0).event is Event.START


def test_first_message_needs_a_time() -> None:
    with pytest.raises(ValueError, match="time"):
        SampleClock(RATE).place(COUNT, None)


def test_arrivals_with_jitter_are_smoothed() -> None:
    truth, errors, events = simulate(ArrivalClock(RATE), seconds=120, jitter=0.1, ppm=200, late_by=0.002)
    settled = truth > truth[0] + 10
    assert set(events) == {Event.START, Event.CONTINUE}
    assert np.abs(errors[settled]).max() < 0.012
    assert np.abs(np.diff(errors[settled])).max() < 0.002


@pytest.mark.parametrize("ppm", [-200, 200])
def test_arrivals_with_jitter_loss_and_drift_stay_in_time(ppm: float) -> None:
    truth, errors, events = simulate(ArrivalClock(RATE), seconds=300, jitter=0.1, loss=0.02, ppm=ppm)
    assert events.count(Event.START) == 1
    assert np.abs(errors[truth > truth[0] + 10]).max() < 0.12
    assert np.abs(errors[truth > truth[0] + 250]).mean() < 0.04


def test_arrivals_that_stall_and_burst_are_one_stream_in_time() -> None:
    clock = ArrivalClock(RATE, max_gap=0.25)
    errors, events = [], []
    for n in range(2000):
        time = 50.0 + n * CHUNK
        heard = 50.0 + 1012 * CHUNK if 1000 <= n < 1012 else time  # 0.2 s late, then all at once
        place = clock.place(COUNT, heard)
        events.append(place.event)
        errors.append(place.time - time)
    assert set(events) == {Event.START, Event.CONTINUE}
    assert np.abs(errors).max() < 0.02


def test_utterances_sent_at_once_queue_up() -> None:
    clock = ArrivalClock(RATE)
    places = [clock.place(COUNT, 20.0 + n * 1e-5) for n in range(300)]
    assert places[-1].time - places[0].time == pytest.approx(299 * CHUNK, abs=0.001)
    follow = clock.place(COUNT, 22.0)
    assert (follow.event, follow.time) == (Event.CONTINUE, pytest.approx(20.0 + 300 * CHUNK, abs=0.005))
    assert clock.place(COUNT, 100.0).event is Event.START


def test_arrivals_after_a_long_stall_come_back_to_time() -> None:
    clock = ArrivalClock(RATE)
    error = 0.0
    for n in range(1500):
        time = 50.0 + n * CHUNK
        place = clock.place(COUNT, 50.0 + 560 * CHUNK if 500 <= n < 560 else time)
        error = place.time - time
        if n == 565:
            assert error > 0.5
    assert abs(error) < 0.01


def test_simulated_hour_with_drift() -> None:
    clock = SampleClock(RATE)
    truth, errors, _ = simulate(clock, seconds=3600, jitter=0.002, ppm=200)
    assert np.abs(errors[truth > truth[0] + 60]).max() < 0.002


@pytest.mark.parametrize("step", [0.05, 0.2, 0.23])
def test_time_that_is_set_back_begins_a_new_stream(step: float) -> None:
    clock = SampleClock(RATE)
    for n in range(50):
        clock.place(COUNT, 100.0 + n * CHUNK)
    later = [(time, clock.place(COUNT, time)) for time in (100.0 + n * CHUNK - step for n in range(50, 100))]
    assert [place.event for _, place in later[:3]] == [Event.REPEAT, Event.START, Event.CONTINUE]
    assert {place.event for _, place in later[2:]} == {Event.CONTINUE}
    assert all(place.time == pytest.approx(time, abs=1e-6) for time, place in later[1:])


def test_a_message_that_was_overtaken_is_left_out() -> None:
    clock = SampleClock(RATE)
    events = [clock.place(COUNT, 100.0 + n * CHUNK).event for n in (0, 1, 3, 2, 4, 5)]
    assert events == [
        Event.START,
        Event.CONTINUE,
        Event.GAP,
        Event.REPEAT,
        Event.CONTINUE,
        Event.CONTINUE,
    ]


def test_second_copies_are_left_out_even_of_long_messages_and_in_blocks() -> None:
    clock = SampleClock(RATE)
    long = RATE // 2
    assert [clock.place(long, 10.0 + t / 2).event for t in (0, 0, 1, 1, 2)] == [
        Event.START,
        Event.REPEAT,
        Event.CONTINUE,
        Event.REPEAT,
        Event.CONTINUE,
    ]
    clock = SampleClock(RATE)
    events = [clock.place(COUNT, 10.0 + n * CHUNK).event for n in (0, 1, 2, 0, 1, 2, 3, 4)]
    assert events == [Event.START, *[Event.CONTINUE] * 2, *[Event.REPEAT] * 3, *[Event.CONTINUE] * 2]


def test_a_recording_that_begins_again_with_its_old_stamps_is_a_new_stream() -> None:
    clock = SampleClock(RATE)
    events = [clock.place(RATE // 2, 10.0 + t / 2).event for t in (0, 1, 2, 0, 1, 2)]
    assert events == [Event.START, Event.CONTINUE, Event.CONTINUE] * 2
