"""The presentation delay under simulated computing times and networks."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from th_face_predictor.delay import MACHINE, MEMORY, MOST, SHOW, SHRINK, PresentationDelay

ALGORITHMIC = 0.2


def run(
    delay: PresentationDelay, seconds: float, took: Callable[[float], float], *, begin: float = 1000.0
) -> np.ndarray:
    """Codes 60 times a second, each ready `took(captured)` after its capture; the delay after each."""
    values, ready = [], 0.0
    for n in range(round(60 * seconds)):
        captured = begin + n / 60
        ready = max(ready if n else 0.0, captured + took(captured))  # in order
        delay.observe(captured, ready)
        values.append(delay.value)
    return np.array(values)


def test_a_margin_that_fits_stays() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    rng = np.random.default_rng(0)
    values = run(delay, 25.0, lambda _: ALGORITHMIC + 0.03 + rng.exponential(0.005))
    assert set(values) == {ALGORITHMIC + 0.1}
    assert delay.late == 0


def test_one_stall_does_not_move_it() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    values = run(delay, 20.0, lambda t: ALGORITHMIC + (0.3 if 1010.0 <= t < 1010.016 else 0.03))
    assert set(values) == {ALGORITHMIC + 0.1}
    assert 9 <= delay.late <= 13


def test_it_grows_within_seconds_where_the_network_jitters() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    rng = np.random.default_rng(1)
    values = run(delay, 20.0, lambda _: ALGORITHMIC + 0.03 + rng.uniform(0, 0.2))
    assert values[5 * 60] == pytest.approx(ALGORITHMIC + 0.23 + SHOW, abs=0.015)
    assert np.ptp(values[5 * 60 :]) < 0.01
    late = delay.late
    run(delay, 10.0, lambda _: ALGORITHMIC + 0.03 + rng.uniform(0, 0.2), begin=1020.0)
    assert delay.late == late, "none late once it has grown"


def test_it_grows_where_stalls_come_again_and_again() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    values = run(delay, 30.0, lambda t: ALGORITHMIC + (0.25 if t % 3.0 < 0.016 else 0.03))
    assert values[3 * 60] == ALGORITHMIC + 0.1
    assert values[-1] == pytest.approx(ALGORITHMIC + 0.25 + SHOW, abs=0.05)


def test_it_never_grows_beyond_reason() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    run(delay, 10.0, lambda _: 7.0)
    assert delay.margin == pytest.approx(MOST)


def test_messages_of_a_second_are_waited_for() -> None:
    """Their first sound arrives a second after its capture."""
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    for n in range(1200):
        captured = 1000.0 + n / 60
        heard = np.ceil(captured + ALGORITHMIC) + 0.005
        delay.observe(captured, heard + 0.02, heard=heard)
    assert delay.value == pytest.approx(ALGORITHMIC + 1.0 + 0.025 + SHOW, abs=0.03)
    assert delay.late < 300, "only until it was known"


def test_it_does_not_grow_for_ever_where_the_machine_is_too_slow() -> None:
    """The backlog grows by 0.5 s per s: what must be left out then is for the ladder to say."""
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    for n in range(600):
        captured = 1000.0 + n / 60
        heard = captured + ALGORITHMIC + 0.01
        delay.observe(captured, heard + 0.02 + 0.5 * n / 60, heard=heard)
    assert delay.value == pytest.approx(ALGORITHMIC + 0.01 + MACHINE + SHOW, abs=1e-3)
    assert delay.late > 500


def test_a_slow_network_is_waited_for_all_the_same() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    for n in range(600):
        captured = 1000.0 + n / 60
        heard = captured + ALGORITHMIC + 0.3
        delay.observe(captured, heard + 0.02, heard=heard)
    assert delay.value == pytest.approx(ALGORITHMIC + 0.32 + SHOW, abs=1e-3)


def test_it_shrinks_slowly_to_what_was_measured() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    values = run(delay, 90.0, lambda _: ALGORITHMIC + 0.03)
    assert values[25 * 60] == ALGORITHMIC + 0.1
    assert values[-1] == pytest.approx(ALGORITHMIC + 0.03 + SHOW, abs=0.011)
    assert np.diff(values).min() >= -SHRINK * 0.51 - 1e-9


def test_a_fixed_delay_is_kept_and_what_it_lacks_is_counted() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1, fixed=0.25)
    values = run(delay, 10.0, lambda _: 0.3)
    assert set(values) == {0.25}
    assert delay.late == 600
    assert delay.waits() == pytest.approx((-0.05, -0.05))


def test_a_clock_that_is_set_back_is_survived() -> None:
    delay = PresentationDelay(ALGORITHMIC, 0.1)
    run(delay, 10.0, lambda _: ALGORITHMIC + 0.03)
    values = run(delay, 10.0, lambda _: ALGORITHMIC + 0.03, begin=10.0)
    assert set(values) == {ALGORITHMIC + 0.1}
    assert run(delay, 2 * MEMORY, lambda _: ALGORITHMIC + 0.03, begin=20.0)[-1] < ALGORITHMIC + 0.1, "it shrinks again"


def test_it_can_be_asked_while_it_learns() -> None:
    """Diagnostics ask in the executor's thread, codes come in the worker's."""
    before = sys.getswitchinterval()
    delay, done = PresentationDelay(ALGORITHMIC, 0.1), threading.Event()

    def learn() -> None:
        for n in range(40_000):
            delay.observe(1000.0 + n * 2e-3, 1000.2 + n * 2e-3)
        done.set()

    sys.setswitchinterval(1e-5)
    try:
        thread = threading.Thread(target=learn)
        thread.start()
        while not done.is_set():
            delay.waits()
        thread.join()
    finally:
        sys.setswitchinterval(before)
