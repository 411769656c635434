"""CodeSchedule with a clock of its own: what is due, what is late, coming from and going to rest."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from th_face_renderer.schedule import BRIDGE, FALL, HOLD, HORIZON, LATE, LOST_FALL, RISE, CodeSchedule

REST = np.array([-1.0, 0.0], np.float32)
FRAME = 1 / 60


def code(value: float) -> np.ndarray:
    return np.array([value, value], np.float32)


def filled(count: int, *, start: float = 100.0, first: int = 0) -> CodeSchedule:
    schedule = CodeSchedule(REST)
    for i in range(count):
        assert schedule.push(code(i), due=start + i * FRAME, frame=first + i, now=start - 0.1)
    return schedule


def test_a_late_joiner_sees_rest_at_once() -> None:
    pose = CodeSchedule(REST).at(123.0)
    np.testing.assert_array_equal(pose.code, REST)
    assert not pose.speaking


@pytest.mark.parametrize("rate", [24, 30, 50, 60, 75, 144])
def test_poses_are_interpolated_for_every_display_rate(rate: int) -> None:
    schedule = filled(60)
    for k in range(rate * 59 // 60):
        pose = schedule.at(100.0 + k / rate)
        assert pose.speaking
        np.testing.assert_allclose(pose.code, code(60 * k / rate), atol=1e-3)


def test_a_lost_code_is_bridged() -> None:
    schedule = CodeSchedule(REST)
    for i in (0, 1, 4, 5):
        schedule.push(code(i), due=100 + i * FRAME, frame=i, now=99.9)
    np.testing.assert_allclose(schedule.at(100 + 2.5 * FRAME).code, code(2.5), atol=1e-3)


def test_late_codes_are_dropped_and_counted() -> None:
    schedule = CodeSchedule(REST)
    assert schedule.push(code(1), due=100.0, frame=0, now=100.0 + LATE * 0.9)
    assert not schedule.push(code(2), due=100.0 + FRAME, frame=1, now=100.0 + FRAME + LATE * 1.1)
    assert schedule.late == 1
    np.testing.assert_array_equal(schedule.at(100.05).code, code(1))


def test_without_codes_the_face_comes_to_rest_within_300_ms() -> None:
    schedule = filled(10)
    end = 100 + 9 * FRAME
    np.testing.assert_array_equal(schedule.at(end + HOLD).code, code(9))
    times = end + np.linspace(0, 0.3, 61)
    path = np.array([schedule.at(t).code[0] for t in times])
    assert (np.diff(path) <= 0).all()
    assert np.abs(np.diff(path)).max() < 0.05 * 10  # no jump
    rest = schedule.at(end + HOLD + FALL)
    np.testing.assert_array_equal(rest.code, REST)
    assert not rest.speaking
    assert HOLD + FALL <= 0.3


def test_the_face_rises_from_rest_to_the_first_code() -> None:
    schedule = filled(5)
    assert not schedule.at(100 - RISE).speaking
    path = np.array([schedule.at(100 - RISE + t).code[0] for t in np.linspace(0, RISE, 21)])
    assert (np.diff(path) >= 0).all()
    assert path[0] == REST[0]
    np.testing.assert_array_equal(schedule.at(100.0).code, code(0))


def test_a_pause_between_codes_goes_through_rest() -> None:
    schedule = CodeSchedule(REST)
    schedule.push(code(5), due=100.0, frame=0, now=99.9)
    schedule.push(code(5), due=101.0, frame=60, now=100.0)
    assert not schedule.at(100.5).speaking
    np.testing.assert_array_equal(schedule.at(101.0).code, code(5))


def test_a_short_pause_has_no_jump() -> None:
    schedule = CodeSchedule(REST)
    schedule.push(code(3), due=100.0, frame=0, now=99.9)
    schedule.push(code(4), due=100.0 + 1.5 * BRIDGE, frame=9, now=99.9)
    path = [schedule.at(100 + t).code[0] for t in np.linspace(0, 1.5 * BRIDGE, 200)]
    assert np.abs(np.diff(path)).max() < 0.1


def test_a_burst_of_old_codes_leaves_only_what_is_due() -> None:
    schedule = CodeSchedule(REST)
    for i in range(600):
        schedule.push(code(i), due=100 + i * FRAME, frame=i, now=105.0)
    assert schedule.late == pytest.approx(297, abs=2)
    np.testing.assert_allclose(schedule.at(105.0).code, code(300), atol=1e-2)


def test_codes_that_nobody_looks_at_do_not_pile_up() -> None:
    schedule = CodeSchedule(REST)
    for i in range(3600):
        schedule.push(code(i), due=100 + i * FRAME, frame=i, now=100 + i * FRAME - 0.2)
    assert len(schedule) < 60


@pytest.mark.parametrize("frame", [0, 3])
def test_a_restart_forgets_the_future_of_the_old_stream(frame: int) -> None:
    schedule = filled(60, first=10)
    assert schedule.push(code(-7), due=100.1, frame=frame, now=100.0)
    assert schedule.restarts == 1
    np.testing.assert_allclose(schedule.at(100.0 + FRAME).code, code(1), atol=1e-3)
    np.testing.assert_array_equal(schedule.at(100.1).code, code(-7))
    assert not schedule.at(100.6).speaking


def test_time_that_goes_back_is_a_restart() -> None:
    schedule = filled(60)
    schedule.push(code(-7), due=100.1, frame=60, now=100.0)
    assert schedule.restarts == 1
    np.testing.assert_array_equal(schedule.at(100.12).code, code(-7))


def test_the_same_code_twice_stays_one() -> None:
    schedule = filled(3)
    schedule.push(code(2), due=100 + 2 * FRAME, frame=2, now=99.9)
    assert len(schedule) == 3


@pytest.mark.parametrize("due", [100 + HORIZON + 1, 1e18, float("inf")])
def test_codes_of_another_clock_are_refused(due: float) -> None:
    schedule = CodeSchedule(REST)
    assert not schedule.push(code(1), due=due, frame=0, now=100.0)
    assert schedule.early == 1
    assert not schedule.at(100.0).speaking


def test_clear_is_rest_at_once() -> None:
    schedule = filled(60)
    schedule.clear()
    assert not schedule.at(100.2).speaking
    assert schedule.push(code(1), due=100.3, frame=30, now=100.2)
    assert schedule.restarts == 0


def test_pushing_and_asking_from_two_threads() -> None:
    schedule, failures = CodeSchedule(REST), []

    def ask() -> None:
        try:
            for k in range(4000):
                pose = schedule.at(100 + k / 400)
                assert np.isfinite(pose.code).all()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for i in range(600):
        schedule.push(code(i), due=100 + i * FRAME, frame=i, now=100 + i * FRAME - 0.1)
    thread.join()
    assert not failures


def test_when_the_predictor_dies_the_face_rests_before_its_last_codes_are_over() -> None:
    schedule = filled(60)  # due until 1 s from now
    schedule.lose(100.2)
    path = [schedule.at(100.2 + t).code[0] for t in np.linspace(0, LOST_FALL, 20)]
    assert path[0] == pytest.approx(12, abs=1e-3)
    assert np.abs(np.diff(path)).max() < 12 / 6, "quick, but no jump"
    for later in (LOST_FALL, 0.1, 0.5, 1.0):
        pose = schedule.at(100.2 + later)
        np.testing.assert_array_equal(pose.code, REST)
        assert not pose.speaking


def test_a_false_alarm_costs_nothing_but_a_twitch() -> None:
    """A busy machine may take somebody for dead who speaks on: what waits is worth its time."""
    schedule = filled(60)
    schedule.lose(100.1)
    assert schedule.push(code(60), due=100 + 60 * FRAME, frame=60, now=100.12)
    for k in range(8, 60):
        np.testing.assert_allclose(schedule.at(100 + k * FRAME).code, code(k), atol=1e-3)


def test_a_successor_does_not_say_the_last_words_of_the_dead() -> None:
    schedule = filled(60)
    schedule.lose(100.1)
    assert schedule.push(code(100), due=102.0, frame=90, now=100.7)
    assert not schedule.at(100.8).speaking


def test_a_predictor_that_is_back_speaks_at_once() -> None:
    schedule = filled(30)
    schedule.lose(100.1)
    schedule.lose(100.3)
    assert schedule.push(code(4), due=100.4, frame=0, now=100.35)
    np.testing.assert_array_equal(schedule.at(100.4).code, code(4))


def test_losing_nothing_is_nothing() -> None:
    schedule = CodeSchedule(REST)
    schedule.lose(100.0)
    assert schedule.push(code(4), due=100.4, frame=0, now=100.3)
    np.testing.assert_array_equal(schedule.at(100.4).code, code(4))


def test_rest_may_live() -> None:
    schedule = CodeSchedule(lambda time: code(np.sin(time)))
    pose = schedule.at(3.0)
    assert not pose.speaking
    np.testing.assert_array_equal(pose.code, code(np.sin(3.0)))
    schedule.push(code(5), due=100.0, frame=0, now=99.0)
    falling = schedule.at(100.0 + HOLD + FALL / 2).code
    np.testing.assert_allclose(falling, (code(5) + code(np.sin(100.0 + HOLD + FALL / 2))) / 2, atol=1e-5)
