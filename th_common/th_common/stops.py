"""What was on its way when the face was stopped: told by the number of the stop after which a stream began."""

from __future__ import annotations

from enum import Enum

IN_FLIGHT = 2.0  # s after a stop in which something from before it may still arrive


class Age(Enum):
    """What a message is to the newest stop."""

    OVER = "over"
    CURRENT = "current"
    NEWER = "newer"


class Stops:
    """The stops heard of so far. A stop is a number, the same for everybody; 0 stands for none.

    Stops and what came after them travel on different ways, so a frame may tell of a stop before the stop itself arrives: it is
    `NEWER`, and whoever sees it stops at once. Numbers are not compared by size: they may come from different clocks.
    """

    def __init__(self) -> None:
        self.newest = 0
        self._over: dict[int, float] = {}

    def stop(self, number: int, now: float) -> bool:
        """Take a stop at `now` s; False if it is known already."""
        self._over = {n: t for n, t in self._over.items() if now - t < IN_FLIGHT}
        if number in (0, self.newest) or number in self._over:
            return False
        self._over[self.newest] = now
        self.newest = number
        return True

    def age(self, after: int, now: float) -> Age:
        """Judge a message of a stream that began after the stop `after`.

        A stream that knows nothing of stops (0: a recording, a node that was started again) is over only while what was on its way
        may still come.
        """
        if after == self.newest:
            return Age.CURRENT
        if after in self._over:
            return Age.OVER if now - self._over[after] < IN_FLIGHT else Age.CURRENT
        return Age.NEWER if after else Age.CURRENT
