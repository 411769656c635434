"""Processes that die, and the others that go on. `eval` is the work: it needs no module that a new process could not import."""

import subprocess
import sys
import time
from pathlib import Path

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


def test_who_asks_and_is_killed_takes_the_others_along(tmp_path: Path) -> None:
    told = tmp_path / "worker"
    item = f"(open({str(told)!r}, 'w').write(str(__import__('os').getpid())), __import__('time').sleep(60))"
    script = f"from th_training.workers import spread\nlist(spread(eval, [{item!r}, '1'], 2))"
    asking = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 60
    while not (told.is_file() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    worker = int(told.read_text())
    asking.kill()
    asking.wait()
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(worker)


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
