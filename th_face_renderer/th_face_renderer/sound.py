"""The sound that goes with the face: every piece is due one presentation delay after its capture."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

HELD = 2.0
"""So much sound (s) waits for the first code, which tells the delay; older sound is forgotten."""
_LONGEST_DELAY = 10.0


class SoundInStep:
    """Passes sound on with the time at which it is due; `play(samples, rate, present_at)` takes it.

    The delay is learnt from the codes, which come a little later than their sound: until then sound waits.
    """

    def __init__(self, play: Callable[[Samples, int, float], None]) -> None:
        self._play = play
        self._lock = threading.Lock()
        self._delay: float | None = None
        self._lag: float | None = None
        self._held: deque[tuple[Samples, int, float]] = deque()
        self.late = 0
        """Pieces that were not passed on because they were over already."""

    @property
    def delay(self) -> float | None:
        """What to add to a capture time, s; None while it is unknown."""
        return self._delay

    @property
    def lag(self) -> float | None:
        """How long a voice takes to its face, s: the delay without what lies between the two clocks; None while it is unknown."""
        return self._lag

    def learn(self, *, capture: float, present_at: float, offset: float = 0.0) -> None:
        """A code says that what was captured at `capture` is due at `present_at`; absurd delays are left out.

        `capture` may be of another clock: `offset` is what makes our time of it, and becomes part of the delay.
        """
        lag = present_at - capture - offset
        if 0.0 <= lag <= _LONGEST_DELAY:
            self._delay, self._lag = present_at - capture, lag

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._held.clear()

    def push(self, samples: Samples, *, rate: int, capture: float, now: float) -> None:
        """Take a piece (N,) captured from `capture` on, in s, the clock of the codes' captures; `now` is ours."""
        with self._lock:
            self._held.append((samples, rate, capture))
            if self._delay is None:
                while self._held and self._held[0][2] < capture - HELD:
                    self._held.popleft()
                return
            pieces, self._held = self._held, deque()
        for piece, piece_rate, begin in pieces:
            due = begin + self._delay
            if due + len(piece) / piece_rate < now:
                self.late += 1
            else:
                self._play(piece, piece_rate, due)
