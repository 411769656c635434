"""Sound that leaves at given times: what the loudspeaker and the delayed topic share. No devices, no ROS, no clock of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from th_audio_io.intake import Chunk

PIECE = 0.02  # s: longest piece that leaves at once
LATE = 0.05  # s after which a piece is worthless: it is left out, not played late
CAPACITY = 60.0  # s of sound that may wait

Delay = float | Callable[[float], float]
"""s from capture to ear: one number, or one for every capture time."""


@dataclass(frozen=True)
class Piece:
    """Sound captured at `time` (s), float32 (N,) mono at `rate` Hz; `due` when it is given out, 0 before."""

    samples: np.ndarray
    rate: int
    time: float
    due: float = 0.0


class DelayLine:
    """Holds sound back until capture time + delay; the delay may change while sound waits. Safe between threads."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._lock = threading.Lock()
        self.late = 0
        """Pieces left out because they came more than `LATE` s after they were due."""
        self.overflowed = 0
        """Pieces left out because more than `CAPACITY` s were waiting."""

    def put(self, chunk: Chunk) -> bool:
        """Take a chunk; one that begins a new stream drives out what waits with a later capture time.

        Returns whether it is the next to leave: whoever waits for the next one should look again.
        """
        step = max(1, round(PIECE * chunk.rate))
        with self._lock:
            while self._pieces and self._pieces[-1].time > chunk.time:
                self._pieces.pop()
            first = not self._pieces
            for at in range(0, len(chunk.samples), step):
                self._pieces.append(Piece(chunk.samples[at : at + step], chunk.rate, chunk.time + at / chunk.rate))
            while self._pieces[-1].time - self._pieces[0].time > CAPACITY:
                self._pieces.popleft()
                self.overflowed += 1
        return first

    def due(self, now: float, delay: Delay, *, lead: float = 0.0) -> list[Piece]:
        """Take out the pieces due (time + delay) by `now` + `lead`, oldest first, without those that are worthless."""
        ready = []
        with self._lock:
            while self._pieces and (due := _due(self._pieces[0], delay)) <= now + lead:
                piece = self._pieces.popleft()
                if due + len(piece.samples) / piece.rate < now - LATE:
                    self.late += 1
                else:
                    ready.append(replace(piece, due=due))
        return ready

    def next_due(self, delay: Delay) -> float | None:
        """When the next piece is due, None if none waits."""
        with self._lock:
            return _due(self._pieces[0], delay) if self._pieces else None

    def waiting(self) -> float:
        """Seconds of sound that wait."""
        with self._lock:
            return sum(len(p.samples) / p.rate for p in self._pieces)

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._pieces.clear()


def _due(piece: Piece, delay: Delay) -> float:
    return piece.time + (delay(piece.time) if callable(delay) else delay)


class OutputSchedule:
    """Samples with due times in, an unbroken run of samples for a device out. Safe between threads.

    The device asks for `count` samples whose first is heard at time `at`. Sound goes on sample by sample; where it is more
    than `tolerance` s off its due time it jumps (counted as `slips`), below that it is led back by one sample a call.
    """

    tolerance = 0.005

    def __init__(self, rate: int, *, capacity: float = 2.0) -> None:
        self.rate = rate
        self._capacity = capacity
        self._lock = threading.Lock()
        self._runs: deque[tuple[np.ndarray, float]] = deque()
        self.underruns = 0
        """Calls that found less sound than asked for in the middle of sound."""
        self.slips = 0
        self.error = 0.0
        """How much later than due the latest sound was given to the device, s."""
        self._playing = False

    def put(self, samples: np.ndarray, due: float) -> None:
        """Add float32 (N,) samples, the first due at `due` s."""
        with self._lock:
            self._runs.append((samples, due))
            while self._runs[-1][1] - self._runs[0][1] > self._capacity:
                self._runs.popleft()

    def clear(self) -> None:
        """Forget what is not played yet."""
        with self._lock:
            self._runs.clear()
            self._playing = False

    def pull(self, count: int, at: float) -> np.ndarray:
        """The next `count` samples float32 (count,), silence where nothing is due."""
        out = np.zeros(count, np.float32)
        filled, nudged = 0, False
        with self._lock:
            while filled < count and self._runs:
                samples, due = self._runs[0]
                early = round((due - at) * self.rate) - filled  # samples that it is ahead of its time
                self.error = -early / self.rate if self._playing else self.error
                if self._playing and abs(early) <= self.tolerance * self.rate:
                    early = int(np.sign(early)) if abs(early) > 1 and not nudged else 0
                    nudged = True
                elif early < 0:
                    self.slips += self._playing
                if early > 0:
                    pause = min(early, count - filled)
                    out[filled : filled + pause] = samples[0] if nudged else 0.0
                    filled += pause
                    self._playing = nudged
                elif early < 0:
                    self._drop(-early)
                else:
                    taken = min(count - filled, len(samples))
                    out[filled : filled + taken] = samples[:taken]
                    filled += taken
                    self._drop(taken)
                    self._playing = True
            if filled < count:
                self.underruns += self._playing
                self._playing = False
        return out

    def _drop(self, count: int) -> None:
        """Take samples off the first run."""
        samples, due = self._runs.popleft()
        if count < len(samples):
            self._runs.appendleft((samples[count:], due + count / self.rate))
