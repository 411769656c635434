"""Processes that die, and the others that go on. `eval` is the work: it needs no module that a new process could not import."""

import pytest

from th_training.workers import Died, spread

KILL = "__import__('os').kill(__import__('os').getpid(), 9)"


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_all_is_done_once(jobs):
    assert sorted(spread(eval, [f"{k} * 2" for k in range(7)], jobs)) == list(range(0, 14, 2))
    assert list(spread(eval, [], jobs)) == []


def test_who_dies_is_named_and_blocks_nobody():
    items = ["1", KILL, "2", "__import__('os')._exit(3)", "3", "4"]
    done = list(spread(eval, items, 2))
    died = {one.item: str(one) for one in done if isinstance(one, Died)}
    assert died == {KILL: "its process was killed (SIGKILL)", items[3]: "its process ended with status 3"}
    assert sorted(one for one in done if not isinstance(one, Died)) == [1, 2, 3, 4]


def test_an_exception_comes_out():
    with pytest.raises(ZeroDivisionError):
        list(spread(eval, ["1", "1 / 0"], 2))
