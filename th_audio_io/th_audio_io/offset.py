"""Another machine's clock: how far its stamps are from ours, and how fast it runs away."""

from __future__ import annotations

from collections import deque

import numpy as np

NEAR = (-0.05, 0.5)  # arrival after capture, s, that is explained by clocks that agree and by the way here
SAME = 0.5  # s by which a stream's first message may be later than the stream before promised, of the same clock
FIRST = 1.0  # s of sound after which the first guess is looked at again
EARLY = 10.0  # s for which the guess may still be corrected in one step
DRIFT = 1e-3  # fastest that a clock is followed, s per s
AGREES = 0.025  # s that the way of clocks that agree may change without being taken for drift
LONG = 0.05  # s: a longer message may have been made and stamped when it was sent, not captured just before
PAUSE = 5.0  # s: longest pause within speech that is sent ahead of its time
JUMP = 0.25  # s: a clock that was set, not one that drifts
_REMEMBERED = 37
_ENVELOPE = 4  # windows whose smallest age counts: a jittery network seldom shows its shortest way


class ClockOffset:
    """What to add to the stamps to get our time; 0 while the stamps can be of our clock.

    Sound seldom arrives long after it was captured, and never before: the smallest (arrival - capture) tells the offset of
    the clocks plus the shortest way. It is read off the first message and then every `window` s, so that drift is followed
    (a millisecond per second at most, no jumps), but only where sound comes as fast as it lasts (an utterance sent ahead of its
    time says nothing about clocks).
    """

    def __init__(self, *, window: float = 5.0) -> None:
        self._window = window
        self.reset()

    def reset(self) -> None:
        """Forget what is known: a new stream may come from another clock."""
        self.value = 0.0
        """Seconds to add to a stamp."""
        self._way = 0.0  # the shortest way here, as far as it is not in `value`
        self._known = self._following = False
        self._age = 0.0  # of the message before
        self._heard = 0.0
        self._windows: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self.restart()

    def restart(self) -> None:
        """A new stream begins, likely of the same clock."""
        self._first: tuple[float, float] | None = None
        self._smallest = 0.0

    @property
    def drift(self) -> float:
        """The other clock runs this much slower than ours (2e-4 = 200 ppm); 0 while that is not known. From any thread."""
        windows = list(self._windows)  # at once, while `update` goes on in another thread
        if len(windows) < 3:
            return 0.0
        arrivals, ages = np.array(windows).T
        return float(np.polyfit(arrivals - arrivals[0], ages - ages[0], 1)[0])

    def update(self, captured: float, arrival: float, *, begin: float | None = None) -> float:
        """Take the capture time of a message's last sample and its arrival, s; returns `value`.

        `begin`: capture time of its first sample. A long message may have been made and sent at once, stamped when it was sent: its
        end is then no capture time at all.
        """
        age = arrival - captured
        if begin is not None and captured - begin > LONG and not NEAR[0] <= age <= NEAR[1]:
            age, captured = arrival - begin, begin
        before, self._age = self._age, age
        if self._first is None:
            if not (self._known and self._same(age, before)):
                self._judge(age, arrival)
            self._first, self._smallest = (captured, arrival), age
            return self.value
        self._smallest = min(self._smallest, age)
        lasted, took = captured - self._first[0], arrival - self._first[1]
        if took >= (FIRST if arrival - self._heard < EARLY else self._window):
            if abs(lasted - took) < max(0.3, 0.05 * took):
                self._follow(self._smallest, arrival, took)
            self._first, self._smallest = (captured, arrival), age
        return self.value

    def _same(self, age: float, before: float) -> bool:
        """Whether a stream's first message can be of the clock that is known: it came in time, or it was sent ahead of its time as the
        message before was, and is a pause further ahead."""
        known = self.value + self._way
        ahead = before - known < NEAR[0] and -PAUSE <= age - before <= 0.0
        return ahead or NEAR[0] <= age - known <= SAME

    def _judge(self, age: float, arrival: float) -> None:
        agree = NEAR[0] <= age <= NEAR[1]
        self.value, self._way = (0.0, age) if agree else (age, 0.0)
        self._known, self._following, self._heard = True, not agree, arrival
        self._windows.clear()

    def _follow(self, age: float, arrival: float, took: float) -> None:
        self._windows.append((arrival, age))
        drift = min(max(self.drift, -DRIFT), DRIFT)
        age = min(a + drift * (arrival - t) for t, a in list(self._windows)[-_ENVELOPE:])
        error = age - self.value - self._way
        if abs(error) > JUMP:
            self._judge(age, arrival)
        elif error < 0.0 and arrival - self._heard < EARLY:
            if self._following:
                self.value += error
            else:
                self._way += error
        else:
            self._following |= abs(error) > AGREES
            if self._following:
                self.value += min(max(0.5 * error, -DRIFT * took), DRIFT * took)
