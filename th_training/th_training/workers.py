"""Work spread over processes, each with one item in hand: where one dies, it is known of what, and the others go on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Died(Generic[Item]):
    """The process that had `item` in hand ended, with the exit status `code` (negative: the signal that killed it)."""

    item: Item
    code: int

    def __str__(self) -> str:
        if self.code < 0:
            return f"its process was killed ({signal.Signals(-self.code).name})"
        return f"its process ended with status {self.code}"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def spread(work: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result | Died[Item]]:
    """`work` of every item, in the order in which they are done, by `jobs` processes; 1: in this one.

    `work`, items and results must be picklable. An exception of `work` is raised here, and ends all.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    waiting = deque(items)
    busy: dict[Connection, tuple[SpawnProcess, Item]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                item = waiting.popleft()
                line, process = _start(work)
                busy[line] = process, item
                _give(line, item)
            ready = set(wait(list(busy)))
            for line in [line for line in busy if line in ready]:
                process, item = busy.pop(line)
                try:
                    done, result = line.recv()
                except (EOFError, OSError):
                    line.close()
                    process.join()
                    yield Died(item, process.exitcode or 0)
                    continue
                if not done:
                    raise result
                if waiting:
                    busy[line] = process, (item := waiting.popleft())
                    _give(line, item)
                else:
                    line.close()
                yield result
    finally:
        for line, (process, _) in busy.items():
            process.terminate()
            process.join()
            line.close()


def _give(line: Connection, item: object) -> None:
    try:
        line.send(item)
    except OSError:  # it is dead: that is found where it is waited for
        return


def _start(work: Callable[[Item], Result]) -> tuple[Connection, SpawnProcess]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    _give(here, work)
    return here, process


def _serve(line: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks ends this one
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before `work` brings numpy: one core for each process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work = line.recv()
        while True:
            item = line.recv()
            try:
                answer = True, work(item)
            except Exception as error:
                answer = False, error
            line.send(answer)
    except (EOFError, BrokenPipeError):
        return


def _end_with_parent() -> None:
    """A process that asks and is killed cannot end this one, which would go on beside the next that asks for the same."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
