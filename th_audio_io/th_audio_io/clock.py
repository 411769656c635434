"""Times of sound: stamps, or arrivals, read as the clock of a sample counter.

A sound card counts samples evenly; the times that come with messages jitter around that count. So the count is believed from
message to message, and the times only steer it: slowly (drift of the card's crystal), or at once where sound is missing.
Nothing here reads a real clock: the same calls give the same answers.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

MAX_DRIFT = 2e-3
_BANDWIDTH = 0.2  # rad/s of the tracking loop: settles within some 20 s and averages jitter over 5 s
_DAMPING = 0.7
_EXACT = 1e-3  # s of jitter below which a single stamp is believed when it says that sound was lost
_REMEMBERED = 64  # messages of which a second copy is known again
_WITNESSES = 6  # messages that must agree on a loss where stamps jitter more


class Event(Enum):
    """What a message is to the stream."""

    START = "start"
    CONTINUE = "continue"
    GAP = "gap"
    REPEAT = "repeat"


@dataclass(frozen=True)
class Place:
    """Where a message's sound lies: capture time in s of its first sample, and before it `missing` lost samples."""

    event: Event
    time: float
    missing: int = 0


class SampleClock:
    """Stamps (capture time of each message's first sample) as a sample clock.

    A stamp ahead of the count by more than the stamps' usual jitter is a gap; further ahead than `max_gap`, or behind by
    more than it, a new stream. A message whose stamp was there before is a repeat. A single one that comes too late for its
    place is left out like a repeat; when the next follows on it, time was set back, and a new stream begins.
    """

    floor = 0.006
    """Smallest deviation in s that is taken for a gap: less than any usual chunk, more than a real-time publisher's jitter."""

    def __init__(self, rate: int, *, max_gap: float = 0.25) -> None:
        self.rate, self.max_gap = rate, max_gap
        self._running = False
        self._origin = self._next = self._last_time = 0.0
        self._drift = self._jitter = 0.0
        self._errors: deque[float] = deque(maxlen=_WITNESSES)
        self._times: deque[float] = deque(maxlen=_REMEMBERED)
        self._late_end: float | None = None  # where the message before ended, if it came too late

    @property
    def end(self) -> float:
        """Time at the end of the last placed sample, s; 0 before the first."""
        return self._origin + self._next if self._running else 0.0

    @property
    def drift(self) -> float:
        """The source's samples come this much slower than nominal (2e-4 = 200 ppm), as tracked."""
        return self._drift if self._running else 0.0

    @property
    def jitter(self) -> float:
        """Usual deviation of the times from the count, s."""
        return self._jitter if self._running else 0.0

    def place(self, count: int, time: float | None) -> Place:
        """Give `count` samples their place; `time` None leaves them to the count alone."""
        if time is None:
            if not self._running:
                raise ValueError("the first message of a stream needs a time")
            return self._advance(count, Event.CONTINUE, 0)
        if not self._running:
            return self._start(count, time)
        error = time - self._origin - self._next
        if self._repeats(count, time, error):
            return Place(Event.REPEAT, time)
        if not -self._max_early() <= error <= self.max_gap:
            return self._start(count, time)
        if self._late(count, time, error):
            before, self._late_end = self._late_end, time + count / self.rate
            if before is None or abs(time - before) > self.floor:
                return Place(Event.REPEAT, time)
            return self._start(count, time)
        self._late_end = None
        self._times.append(time)
        missing = self._missing(count, error)
        if missing:
            self._next += missing / self.rate
            error -= missing / self.rate
        self._steer(count / self.rate, error, bool(missing), elapsed=max(0.0, time - self._last_time))
        self._last_time = time
        return self._advance(count, Event.GAP if missing else Event.CONTINUE, missing)

    def _start(self, count: int, time: float) -> Place:
        drift = self.drift  # a restart after a pause is the same crystal
        self._origin, self._next, self._last_time = time, 0.0, time
        self._drift, self._jitter, self._running = drift, 0.0, True
        self._errors.clear()
        self._times.clear()
        self._times.append(time)
        self._late_end = None
        return self._advance(count, Event.START, 0)

    def _advance(self, count: int, event: Event, missing: int) -> Place:
        start = self._next - missing / self.rate
        self._next += count / self.rate * (1.0 + self._drift)
        return Place(event, self._origin + start, missing)

    def _max_early(self) -> float:
        return self.max_gap

    def _repeats(self, count: int, time: float, error: float) -> bool:
        """Whether this very stamp was there a moment ago (a recording that begins again has it too, but longer ago)."""
        if not self._behind(count, error) or -error - count / self.rate > self.max_gap:
            return False
        return any(abs(time - known) < 0.5 / self.rate for known in self._times)

    def _late(self, count: int, time: float, error: float) -> bool:
        """Whether the stamp does not move on."""
        return time <= self._last_time + 0.5 / self.rate and self._behind(count, error)

    def _behind(self, count: int, error: float) -> bool:
        """By more than the stamps jitter anyway."""
        return error < -max(0.5 * count / self.rate, 4.0 * self._jitter)

    def _missing(self, count: int, error: float) -> int:
        """Samples lost before this message: exact stamps show it at once, of jittery ones several in a row must agree."""
        self._errors.append(error)
        exact = self._jitter < _EXACT
        sure = error if exact else min(self._errors)
        if sure <= self.floor or (not exact and (len(self._errors) < _WITNESSES or sure < 0.75 * count / self.rate)):
            return 0
        self._errors.clear()
        return round(sure * self.rate)

    def _steer(self, interval: float, error: float, gap: bool, *, elapsed: float) -> None:
        """Second-order loop: offset and drift follow the error within `_BANDWIDTH`."""
        interval = min(interval, 1.0)
        if not gap:
            # Quick to learn that stamps jitter, slow to forget it.
            memory = 0.06 if abs(error) > self._jitter else 2.0
            self._jitter += min(1.0, interval / memory) * (abs(error) - self._jitter)
        self._next += 2.0 * _DAMPING * _BANDWIDTH * interval * error
        drift = self._drift + _BANDWIDTH**2 * interval * error
        self._drift = min(max(drift, -MAX_DRIFT), MAX_DRIFT)


class ArrivalClock(SampleClock):
    """Arrival times as a sample clock: messages are late by a jitter that is never negative.

    The earliest arrivals of the last second tell the time; when even they are late, sound was lost on the way. Sound that
    comes faster than it lasts (a whole utterance at once) queues up behind what came before.
    `time` of `place` is the arrival time less the message's duration.
    """

    floor = 0.012
    window = 1.0
    max_early = 30.0

    def _start(self, count: int, time: float) -> Place:
        self._nominal = 0.0  # what the count alone says, never steered: old and new lateness compare
        self._settled = 0.0  # count at the last correction
        self._lateness: deque[tuple[float, float]] = deque()  # ascending: the first is the window's smallest
        return super()._start(count, time)

    def _advance(self, count: int, event: Event, missing: int) -> Place:
        self._nominal += (count + missing) / self.rate
        return super()._advance(count, event, missing)

    def _max_early(self) -> float:
        return self.max_early

    def _repeats(self, count: int, time: float, error: float) -> bool:
        return False

    def _late(self, count: int, time: float, error: float) -> bool:
        return False

    def _missing(self, count: int, error: float) -> int:
        lateness = self._lateness
        late = error + self._next - self._nominal
        while lateness and lateness[-1][1] >= late:
            lateness.pop()
        lateness.append((self._nominal, late))
        while lateness[0][0] < self._nominal - self.window:
            lateness.popleft()
        if self._nominal - self._settled < self.window or self._smallest() <= max(
            self.floor, 0.75 * count / self.rate, 0.3 * self._jitter
        ):
            return 0
        missing = round(self._smallest() * self.rate)
        lateness.clear()
        self._settled = self._nominal
        return missing

    def _smallest(self) -> float:
        return self._lateness[0][1] + self._nominal - self._next if self._lateness else 0.0

    def _steer(self, interval: float, error: float, gap: bool, *, elapsed: float) -> None:
        self._jitter += min(1.0, interval / 0.5) * (abs(error) - self._jitter)
        jitter = self._jitter
        super()._steer(min(interval, elapsed), max(self._smallest(), -self.max_gap), True, elapsed=elapsed)
        self._jitter = jitter
        if error < 0.0:
            # Sound that is here was not captured later than now: follow quickly, but without a jump.
            self._next += max(0.25 * error, -0.1 * min(interval, elapsed))
