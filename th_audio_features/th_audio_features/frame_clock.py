"""When was this sample captured: positions in a stream of chunks -> times."""

from __future__ import annotations

from collections import deque

SAME = 2e-6
"""s by which a chunk may be off the count without being news: stamps in ns, sums in float64 (0.24 us at today's epoch). So the times
of a stream with exact stamps do not depend on how it was cut into messages."""


class FrameClock:
    """Capture times of a stream whose chunks come with the capture time of their first sample.

    Between chunks time may run a little faster or slower than the sample count (a crystal's drift, followed by the intake): a position
    is timed by the chunk that it lies in.

    Args:
        rate: Hz, nominal.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._chunks: deque[tuple[int, float]] = deque()  # first sample's position and time, ascending
        self.position = 0
        """Samples so far."""

    def add(self, count: int, time: float) -> None:
        """The next `count` samples were captured from `time` s on."""
        if not self._chunks or abs(self._time_of(self._chunks[-1], self.position) - time) > SAME:
            self._chunks.append((self.position, time))
        self.position += count

    def time_at(self, seconds: float) -> float:
        """Capture time in s of the sample `seconds` after the stream's first, by the count; asked in ascending order."""
        position = seconds * self._rate
        while len(self._chunks) > 1 and self._chunks[1][0] <= position:
            self._chunks.popleft()
        return self._time_of(self._chunks[0], position)

    def _time_of(self, chunk: tuple[int, float], position: float) -> float:
        start, time = chunk
        return time + (position - start) / self._rate
