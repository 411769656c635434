"""A recording at the pace of a microphone: absolute deadlines, so that nothing adds up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

MAX_STALL = 2.0  # s behind which lost time is given up (a suspended machine), not caught up


def rechunk(blocks: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Blocks (n, channels) of any length -> pieces (size, channels); the last one may be shorter."""
    held: list[np.ndarray] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if count < size:
            continue
        joined = np.concatenate(held)
        whole = count - count % size
        yield from (joined[i : i + size] for i in range(0, whole, size))
        held, count = [joined[whole:]], count - whole
    if count:
        yield np.concatenate(held)


class Pacer:
    """Hand pieces over as a microphone would: each when its last sample is due, with the time of its first.

    `clock` is monotonic, in s; `wait(seconds)` waits and returns True when it is time to stop.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._clock = clock
        self._wait = wait or threading.Event().wait
        self.stalls = 0

    def run(self, pieces: Iterator[np.ndarray], rate: int, emit: Callable[[np.ndarray, float], None]) -> bool:
        """Call emit(piece, time of its first sample on `clock`) in real time; False if stopped before the end.

        Late pieces (the machine stalled) follow at once, with the times that they should have had.
        """
        begin, count = self._clock(), 0
        for piece in pieces:
            due = begin + (count + len(piece)) / rate
            late = self._clock() - due
            if late > MAX_STALL:
                begin, due = begin + late, due + late
                self.stalls += 1
            if self._wait(max(0.0, -late) if late < 0 else 0.0):
                return False
            emit(piece, due - len(piece) / rate)
            count += len(piece)
        return True
