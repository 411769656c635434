"""Down when deadlines are missed, up again when all is calm, without swinging."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from th_common.ladder import CALM, LONGEST_CALM, Ladder

FRAME = 1 / 60
RUNGS = ("full", "half", "energy", "rest")


class Machine:
    """Deadlines 60 times a second; `slow(rung, time)` says whether they are missed."""

    def __init__(self, slow: Callable[[int, float], bool]) -> None:
        self.ladder, self.time, self.slow = Ladder(RUNGS), 50.0, slow
        self.changes: list[tuple[float, int]] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / FRAME)):
            self.time += FRAME
            if self.ladder.observe(self.slow(self.ladder.rung, self.time), self.time):
                self.changes.append((self.time, self.ladder.rung))


def test_a_quick_machine_stays_at_the_top() -> None:
    machine = Machine(lambda rung, time: False)
    machine.run(30.0)
    assert (machine.ladder.rung, machine.ladder.name, machine.ladder.falls) == (0, "full", 0)


def test_single_misses_change_nothing() -> None:
    ladder = Ladder(RUNGS)
    for k in range(3600):
        assert not ladder.observe(k % 60 == 0, k * FRAME)
    assert ladder.missed == 60


@pytest.mark.parametrize("enough", [1, 2, 3])
def test_it_goes_down_as_far_as_needed_and_no_further(enough: int) -> None:
    machine = Machine(lambda rung, time: rung < enough)
    machine.run(3.0)
    assert machine.ladder.rung == enough
    assert [rung for _, rung in machine.changes] == list(range(1, enough + 1))


def test_it_climbs_back_rung_by_rung_when_the_load_is_gone() -> None:
    machine = Machine(lambda rung, time: time < 60.0)
    machine.run(10.0)
    assert machine.ladder.name == "rest"
    machine.run(3 * CALM + 1.0)
    assert machine.ladder.name == "full"


def test_a_machine_that_is_always_too_slow_is_tried_less_and_less() -> None:
    machine = Machine(lambda rung, time: rung < 1)
    machine.run(600.0)
    climbs = [time for time, rung in machine.changes if rung == 0]
    assert len(climbs) < 20
    assert pairwise_gaps(climbs)[-1] > 0.8 * LONGEST_CALM


def test_after_silence_old_misses_do_not_count() -> None:
    ladder = Ladder(RUNGS)
    for k in range(20):
        ladder.observe(True, k * FRAME)
    assert not ladder.observe(True, 100.0)
    assert ladder.rung == 0


def test_who_speaks_a_word_now_and_then_comes_up_again() -> None:
    """Utterances shorter than the calm that a climb needs, with nothing between them."""
    machine = Machine(lambda rung, time: time < 54.0)
    machine.run(3.0)
    assert machine.ladder.name == "rest"
    for _ in range(5):
        machine.time += 4.0
        machine.run(1.5)
    assert machine.ladder.name == "full"


@pytest.mark.parametrize("onset", [0.5, 2.5, 4.0, 10.0])
def test_a_climb_that_fails_late_is_not_tried_for_ever(onset: float) -> None:
    """A machine that is only just too slow misses deadlines when its backlog has grown for a while."""
    since = [0.0]

    def slow(rung: int, time: float) -> bool:
        if rung:
            since[0] = time
        return time - since[0] > onset

    machine = Machine(slow)
    machine.run(900.0)
    climbs = [time for time, rung in machine.changes if rung == 0]
    assert pairwise_gaps(climbs)[-1] > 0.8 * LONGEST_CALM


def pairwise_gaps(times: list[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]
