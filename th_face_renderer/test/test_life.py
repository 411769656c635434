"""Idle life: the same for the same seed and time, human in its timing, and never in mid-viseme."""

from __future__ import annotations

import numpy as np
import pytest

from th_face_renderer.life import BLINK, BLINK_EVERY, CLOSED, CLOSING, Blinks, IdleLife, chance, lid

EPOCH = 1.79e9
STEP = 1 / 60


def starts(blinks: Blinks, begin: float, seconds: float) -> list[float]:
    """When the lids begin to close, to a step."""
    times = begin + STEP * np.arange(round(seconds / STEP))
    down = np.array([blinks.lids(time) for time in times]) > 0
    return times[1:][down[1:] & ~down[:-1]].tolist()


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_blinks_come_every_1_6_to_4_seconds(seed: int) -> None:
    found = np.diff(starts(Blinks(IdleLife(seed=seed), lambda _: True), EPOCH, 300))
    assert len(found) > 90
    assert BLINK_EVERY[0] - STEP <= found.min() < 2.2
    assert 3.3 < found.max() <= BLINK_EVERY[1] + STEP
    assert found.mean() == pytest.approx(sum(BLINK_EVERY) / 2, abs=0.1)


def test_a_blink_closes_in_75_ms_and_opens_in_150() -> None:
    times = np.linspace(0, BLINK, 2001)
    down = np.array([lid(time) for time in times])
    assert down.max() == 1.0
    assert times[np.argmax(down == 1.0)] == pytest.approx(0.075, abs=1e-3)
    assert BLINK - times[len(times) - 1 - np.argmax(down[::-1] == 1.0)] == pytest.approx(0.150, abs=1e-3)
    assert (lid(0.0), lid(-1.0), lid(BLINK)) == (0.0, 0.0, 0.0)
    assert np.abs(np.diff(down)).max() < 0.03, "nothing jumps"
    assert CLOSING < BLINK - CLOSING - CLOSED


def test_the_same_seed_and_time_are_the_same_face_whenever_somebody_begins_to_look() -> None:
    all_along, later = (Blinks(IdleLife(seed=3), lambda _: True) for _ in range(2))
    early = [all_along.lids(EPOCH + STEP * k) for k in range(1800)]
    late = [later.lids(EPOCH + STEP * k) for k in range(900, 1800)]
    assert early[900:] == late
    one, two, other = IdleLife(seed=3), IdleLife(seed=3), IdleLife(seed=4)
    for time in EPOCH + np.arange(0, 60, 0.37):
        assert (one.gaze(time), one.breath(time), one.attention(time)) == (
            two.gaze(time),
            two.breath(time),
            two.attention(time),
        )
    assert [one.planned_blink(k) for k in range(9)] != [other.planned_blink(k) for k in range(9)]


def test_a_blink_in_mid_viseme_waits_for_the_pause() -> None:
    life = IdleLife(seed=1)
    planned = life.planned_blink(life.last_planned(EPOCH) + 1)
    until = planned + 0.8
    blinks = Blinks(life, lambda time: not planned - 0.1 <= time < until)
    found = starts(blinks, planned - 0.3, 1.5)
    assert found[0] == pytest.approx(until, abs=0.04)


def test_speech_without_a_pause_has_no_blink() -> None:
    assert starts(Blinks(IdleLife(), lambda _: False), EPOCH, 30) == []


def test_after_a_late_blink_the_next_one_keeps_its_distance() -> None:
    rng = np.random.default_rng(0)
    talk = rng.random(4000) < 0.8  # a tenth of a second each
    blinks = Blinks(IdleLife(seed=5), lambda time: not talk[int((time - EPOCH) * 10) % len(talk)])
    assert min(np.diff(starts(blinks, EPOCH, 300))) >= BLINK_EVERY[0] - STEP


def test_time_that_goes_back_is_no_harm() -> None:
    blinks = Blinks(IdleLife(), lambda _: True)
    first = [blinks.lids(EPOCH + STEP * k) for k in range(600)]
    for k in range(600):
        blinks.lids(EPOCH - 1e6 + STEP * k)
    assert [blinks.lids(EPOCH + STEP * k) for k in range(600)] == first


def test_gaze_is_fixations_with_quick_small_shifts_between_them() -> None:
    life = IdleLife(seed=2)
    times = EPOCH + np.arange(0, 120, 0.005)
    gaze = np.array([life.gaze(time) for time in times])
    speed = np.linalg.norm(np.diff(gaze, axis=0), axis=1) / 0.005
    assert np.abs(gaze).max() < 0.4
    assert (speed < 0.1).mean() > 0.95, "fixating nearly all the time"
    assert speed.max() > 2.0, "shifts are quick"
    assert np.abs(np.diff(gaze, axis=0)).max() < 0.12, "but nothing jumps"
    at_home = (np.abs(gaze) < 0.05).all(axis=1).mean()
    assert 0.35 < at_home < 0.85, "mostly at the person in front"


def test_breath_is_slow_and_smooth_and_scale_quietens() -> None:
    life, calm = IdleLife(seed=2), IdleLife(seed=2, scale=0.0)
    times = EPOCH + np.arange(0, 60, 0.01)
    breath = np.array([life.breath(time) for time in times])
    attention = np.array([life.attention(time) for time in times])
    assert breath.min() >= 0
    assert 0.8 < breath.max() <= 1
    assert np.abs(np.diff(breath)).max() < 0.02
    assert np.abs(np.diff(attention)).max() < 0.02
    assert 10 <= ((breath[1:-1] > breath[:-2]) & (breath[1:-1] >= breath[2:])).sum() <= 16, "breaths a minute"
    assert (calm.breath(EPOCH), calm.attention(EPOCH), calm.gaze(EPOCH)) == (0, 0, (0, 0))


def test_chance_is_even() -> None:
    drawn = np.array([chance(1, 2, k) for k in range(20000)])
    assert np.histogram(drawn, 10, (0, 1))[0].min() > 1850
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn, [chance(2, 2, k) for k in range(20000)])[0, 1]) < 0.02
