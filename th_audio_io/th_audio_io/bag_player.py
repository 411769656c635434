"""The pace of a replay: any rate, as fast as the graph follows, paused, and never further ahead of the graph than it can hold."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from th_audio_io.bag_sound import Piece

AHEAD = 3.0
"""s of sound that may be on its way to codes: more than any model looks ahead, far less than any queue holds."""
PATIENCE = 20.0
"""s that the graph may take for the next code before it is taken for dead."""
LONGEST = 1_000_000_000  # ns that one message counts for at most
TICK = 0.01  # s between two looks at the clock
SET_BACK = 1_000_000_000  # ns; time that goes back by less is two messages that overlap


class Backlog:
    """Sound that was sent and has no codes yet; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: deque[tuple[int, int]] = deque()  # stamp, length
        self._ahead = 0
        self.codes = 0
        """Codes so far."""
        self.newest = 0
        """Stamp of the newest code, ns."""

    def sent(self, piece: Piece) -> None:
        """A message has left."""
        length = min(max(piece.length, 0) or LONGEST // 10, LONGEST)
        with self._lock:
            if self._sent and piece.stamp < self._sent[-1][0] - SET_BACK:
                self._sent.clear()
                self._ahead = 0
            self._sent.append((piece.stamp, length))
            self._ahead += length

    def done(self, stamp: int) -> None:
        """A code has come, for sound of this capture time (ns)."""
        with self._lock:
            self.codes, self.newest = self.codes + 1, stamp
            while self._sent and self._sent[0][0] <= stamp:
                self._ahead -= self._sent.popleft()[1]

    def clear(self) -> None:
        """Forget what was sent."""
        with self._lock:
            self._sent.clear()
            self._ahead = 0

    @property
    def full(self) -> bool:
        """Whether the next message must wait."""
        return len(self._sent) > 1 and self._ahead > AHEAD * 1e9


class Player:
    """Send pieces when they are due: each when its last sample was captured, at `rate` times the pace of the recording.

    Args:
        send: publishes a piece.
        tell: is told what time it is in the recording (ns), at every message and often in between; never backward in one round.
        clock: monotonic, s. wait: waits so many s and says whether it is time to stop.
    """

    def __init__(
        self,
        send: Callable[[Piece], None],
        *,
        backlog: Backlog,
        clock: Callable[[], float],
        wait: Callable[[float], bool],
        tell: Callable[[int], None] = lambda now: None,
        rate: float = 1.0,
        gated: Callable[[], bool] = lambda: True,
    ) -> None:
        self._send, self._backlog, self._clock, self._wait, self._tell = send, backlog, clock, wait, tell
        self._gated = gated
        self.rate = rate
        """0: as fast as the graph follows."""
        self.paused = False
        self.position = 0
        """Where the recording is, ns."""
        self.stalls = 0
        """How often the graph did not follow within PATIENCE."""

    def play(self, pieces: Iterable[Piece]) -> bool:
        """Play to the end; False if stopped before it."""
        anchor: tuple[float, int, float] | None = None  # our time, the recording's, and the rate in between
        for piece in pieces:
            due = piece.stamp + piece.length
            begin = self._clock()
            if anchor is None or due < self.position - SET_BACK:
                self.position = piece.stamp
                anchor = (begin, piece.stamp, self.rate)
            while True:
                now, (since, start, rate), pause = self._clock(), anchor, TICK
                full = self._gated() and self._backlog.full
                if self.paused or full or rate != self.rate:
                    # Time stands still, and goes on from here.
                    anchor = now, self.position, self.rate
                else:
                    there = due if not rate else min(due, start + round((now - since) * rate * 1e9))
                    self.position = max(self.position, there)
                    self._tell(self.position)
                    if self.position >= due:
                        break
                    pause = min(TICK, (due - self.position) * 1e-9 / rate)
                if full and not self.paused and now - begin > PATIENCE:
                    self.stalls += 1
                    self._backlog.clear()
                elif self.paused:
                    begin = now
                if self._wait(max(pause, 1e-4)):
                    return False
            # Counted first: the codes may be quicker than we are.
            self._backlog.sent(piece)
            self._send(piece)
        return True
