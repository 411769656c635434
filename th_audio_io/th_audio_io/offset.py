"""Another machine's clock: how far its stamps are from ours."""

from __future__ import annotations

NEAR = (-0.05, 0.5)  # arrival after capture, s, that is explained by clocks that agree and by the way here


class ClockOffset:
    """What to add to the stamps to get our time; 0 while the stamps can be of our clock.

    Sound seldom arrives long after it was captured, and never before: the smallest (arrival - capture) tells the offset of
    the clocks plus the shortest way. It is read off the first message and then every `window` s, so that drift is followed,
    but only where sound comes as fast as it lasts (an utterance sent ahead of its time says nothing about clocks).
    """

    def __init__(self, *, window: float = 5.0) -> None:
        self._window = window
        self.reset()

    def reset(self) -> None:
        """Forget what is known: a new stream may come from another clock."""
        self._first: tuple[float, float] | None = None
        self._smallest = 0.0
        self.value = 0.0
        """Seconds to add to a stamp."""

    def update(self, captured: float, arrival: float) -> float:
        """Take the capture time of a message's last sample and its arrival, s; returns `value`."""
        age = arrival - captured
        if self._first is None:
            self._judge(age)
            self._first, self._smallest = (captured, arrival), age
            return self.value
        self._smallest = min(self._smallest, age)
        lasted, took = captured - self._first[0], arrival - self._first[1]
        if took >= self._window:
            if abs(lasted - took) < 0.05 * took:
                self._judge(self._smallest)
            self._first, self._smallest = (captured, arrival), age
        return self.value

    def _judge(self, age: float) -> None:
        if self.value or not NEAR[0] <= age <= NEAR[1]:
            self.value = age
