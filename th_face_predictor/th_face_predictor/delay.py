"""The graph's one presentation delay: what features and network must wait for, and the margin that the rest was measured to need."""

from __future__ import annotations

from collections import deque

import numpy as np

SHOW = 0.02
"""s that a code is ready before it is due: the way to the renderer, and the next code, between which it is interpolated. More than
`live.LEAD`, or codes that are in time were computed before their context is complete."""
MOST = 1.2
"""Largest automatic margin, s: messages of a second each, or a network's jitter of 200 ms and lost messages, and a busy machine on top."""
MACHINE = 0.15
"""Most of it for this machine, s from the arrival of the sound to the code: a machine that takes longer still is too slow, which no
delay heals; that is the ladder's business."""
WINDOW = 4.0
"""s of codes that decide whether the margin is too small."""
TOO_LATE = 0.1
"""Share of those codes that may be late before it grows: one stall of some 0.25 s is no reason to be late for ever."""
AGAIN = 3
"""Windows with 1 % of late codes, within MEMORY, at which it grows as well."""
MEMORY = 30.0
"""s that must have gone well with less before it shrinks ..."""
SHRINK = 0.002
"""... by so many s per s: 0.2 % of pitch and pace, which nobody hears or sees."""
SLACK = 0.01
"""s of margin too much that are left alone."""
_CHECK = 0.5
_FEWEST = 60


class PresentationDelay:
    """`value` is what to add to a capture time for the time at which its sound and face reach the person, in s.

    It begins with the given margin, grows at once where codes come too late for it again and again, and shrinks slowly where less
    is enough. A fixed delay stays what it is; what it would need is measured all the same.

    Args:
        algorithmic: s from a frame's centre to the last sample that its code depends on.
        margin: s for messages, resampling, computing and display, to begin with.
        fixed: s, the whole delay; None: automatic.
    """

    def __init__(self, algorithmic: float, margin: float, *, fixed: float | None = None) -> None:
        self.algorithmic = algorithmic
        self._fixed = fixed
        self.value = algorithmic + margin if fixed is None else fixed
        self.late = 0
        """Codes that were ready only after they were due."""
        self._recent: deque[tuple[float, float]] = deque()  # when, and how long after its capture a code was ready
        self._highs: deque[tuple[float, float]] = deque()  # one high quantile per WINDOW
        self._checked = self._filed = -1e18

    @property
    def margin(self) -> float:
        """What `value` has above the algorithmic delay, s."""
        return self.value - self.algorithmic

    def observe(self, captured: float, now: float, *, heard: float = 0.0) -> bool:
        """A code whose sound was captured at `captured` is ready `now`; both in s on this machine's clock.

        `heard`: when the last sound that it needed arrived, 0 where nobody said. Returns whether `value` has changed.
        """
        took = now - captured
        self.late += took > self.value
        if heard:
            took = min(took, heard - captured + MACHINE)
        recent = self._recent
        if recent and not 0.0 <= now - recent[-1][0] < WINDOW:
            recent.clear()  # a pause: what was before says little
        recent.append((now, took))
        while now - recent[0][0] > WINDOW:
            recent.popleft()
        if not 0.0 <= now - self._checked < _CHECK:
            elapsed, self._checked = min(max(now - self._checked, 0.0), _CHECK), now
            return self._fixed is None and len(recent) >= _FEWEST and self._adapt(now, elapsed)
        return False

    def waits(self) -> tuple[float, float]:
        """How long codes wait until they are due (the depth of the buffer): median, and what 99 % of them have at least; s.

        From any thread.
        """
        recent = list(self._recent)  # at once, while `observe` goes on in another thread
        if not recent:
            return 0.0, 0.0
        middle, high = np.percentile([took for _, took in recent], [50, 99])
        return self.value - float(middle), self.value - float(high)

    def _adapt(self, now: float, elapsed: float) -> bool:
        usual, high = np.quantile([took for _, took in self._recent], [1.0 - TOO_LATE, 0.99])
        self._file(now, float(high))
        before = self.value
        most = self.algorithmic + MOST
        highs = sorted(h for _, h in self._highs)
        again = highs[-AGAIN] if len(highs) >= AGAIN else 0.0
        if max(usual, again) + SHOW > self.value:
            self.value = max(self.value, min(max(float(high), again) + SHOW, most))
            return self.value != before
        if now - self._highs[0][0] < MEMORY - WINDOW:
            return False
        enough = highs[-1] + SHOW
        if self.value > enough + SLACK:
            self.value = max(enough, self.value - SHRINK * elapsed)
        return self.value != before

    def _file(self, now: float, high: float) -> None:
        if not 0.0 <= now - self._filed < WINDOW:
            self._highs.append((now, high))
            self._filed = now
        while not 0.0 <= now - self._highs[0][0] <= MEMORY:
            self._highs.popleft()
