"""When must the sound of a capture time be heard: as the facial codes say it."""

from __future__ import annotations

import threading
from collections import deque

STEP = 2e-4  # s: a smaller change of the delay is none
FAR = 10.0  # s from what codes spoke of: another time, perhaps another clock, of which they said nothing
LONGEST = 60.0  # s of capture times that are kept


class Timeline:
    """Capture time (clock of the stamps) -> presentation time (our clock), read off codes as they come. Safe between threads.

    The delay between the two holds the offset of the clocks. It may change from code to code: in between it is interpolated, as
    the face is, so that sound and face stay together through every change.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: deque[tuple[float, float]] = deque()  # capture time, delay from there on; ascending
        self._latest = 0.0

    def learn(self, capture: float, present_at: float) -> bool:
        """A code says that what was captured at `capture` is due at `present_at`, s; returns whether that is news."""
        delay = present_at - capture
        with self._lock:
            points = self._points
            before, self._latest = self._latest, capture
            while points and points[-1][0] > capture:  # a new stream
                points.pop()
            while len(points) > 1 and points[1][0] < capture - LONGEST:
                points.popleft()
            if points and abs(delay - points[-1][1]) < STEP:
                return False
            if points and points[-1][0] < before < capture:
                points.append((before, points[-1][1]))  # it was the same until the code before
            points.append((capture, delay))
            return True

    def delay(self, capture: float) -> float | None:
        """Seconds from `capture` until its sound is due; None where no code has spoken of that time."""
        with self._lock:
            points = self._points
            if not points or not points[0][0] - FAR <= capture <= self._latest + FAR:
                return None
            if len(points) == 1 or capture >= points[-1][0]:
                return points[-1][1]
            after = points[0]
            for point in reversed(points):
                if point[0] <= capture:
                    part = (capture - point[0]) / (after[0] - point[0])
                    return point[1] + part * (after[1] - point[1])
                after = point
            return points[0][1]

    def clear(self) -> None:
        """Forget what codes said."""
        with self._lock:
            self._points.clear()
