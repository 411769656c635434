"""What to leave out when the machine is too slow: one rung down when deadlines are missed, up again when all is calm."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW = 0.4  # s over which deadlines are judged
SHARE = 0.1  # of them that may be missed
FEWEST = 4  # deadlines that a judgement needs
SETTLE = 0.25  # s after a change that say nothing: what is late then was held up by the rung before
CALM = 3.0  # s without a missed deadline after which the next rung up is tried
LONGEST_CALM = 60.0
LASTING = (
    20.0  # s that a climb must hold to have been right: a machine that is only just too slow takes a while to show it
)
PAUSE = 1.0  # s without a deadline after which the ones before say nothing any more


class Ladder:
    """Rungs from the best (0) to the cheapest. A climb that fails soon doubles the wait before the next one.

    A pause is calm, too: who speaks a word now and then must not stay for ever where one busy moment has brought him. No clock of its own: `now` in s comes with every deadline.
    """

    def __init__(self, rungs: Sequence[str]) -> None:
        self._rungs = tuple(rungs)
        self.rung = 0
        self.missed = 0
        """Deadlines missed so far."""
        self.falls = 0
        """How often it went down."""
        self._calm = CALM
        self._begin: float | None = None
        self._last = 0.0
        self._seen = self._bad = 0
        self._good_since = 0.0
        self._climbed: float | None = None

    @property
    def name(self) -> str:
        """What the present rung is called."""
        return self._rungs[self.rung]

    @property
    def lowest(self) -> bool:
        """Whether nothing more can be left out."""
        return self.rung == len(self._rungs) - 1

    def observe(self, missed: bool, now: float) -> bool:
        """A deadline was missed or kept at `now`; True if the rung changed."""
        begin = self._begin
        if begin is None or now < self._last:
            begin = self._good_since = self._start(now)
        elif now - self._last >= PAUSE:
            begin = self._start(now)
        self._last = now
        self.missed += missed
        if now < begin:
            return False
        self._seen += 1
        self._bad += missed
        if missed:
            self._good_since = now
        return self._fall(now) or self._climb(now)

    def _start(self, now: float) -> float:
        self._begin, self._seen, self._bad = now, 0, 0
        return now

    def _fall(self, now: float) -> bool:
        assert self._begin is not None
        if now - self._begin < WINDOW or self._seen < FEWEST:
            return False
        bad = self._bad > SHARE * self._seen
        self._start(now)
        if not bad or self.lowest:
            return False
        if self._climbed is not None and now - self._climbed < LASTING:
            self._calm = min(2.0 * self._calm, LONGEST_CALM)
        self._climbed = None
        self.rung += 1
        self.falls += 1
        self._start(now + SETTLE)
        self._good_since = now
        return True

    def _climb(self, now: float) -> bool:
        if now - self._good_since < self._calm:
            return False
        self._good_since = now
        if self.rung == 0:
            if self._climbed is None or now - self._climbed >= LASTING:
                self._calm = CALM
            return False
        self.rung -= 1
        self._climbed = now
        self._start(now + SETTLE)
        return True
