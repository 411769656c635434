"""Regression coefficients over a stream of rows: delta and delta-delta as HTK has them (DELTAWINDOW = ACCWINDOW = 2)."""

from __future__ import annotations

import numpy as np
from python_speech_features import delta

REACH = 2  # rows on either side of the regression
SPAN = 2 * REACH


class Regression:
    """Delta of a stream: sum over t = 1, 2 of t (x[+t] - x[-t]) / 10, edges replicated.

    Args:
        ahead: rows of lookahead: 2 for HTK's centred regression, 0 for the slope over the last five rows.
    """

    def __init__(self, *, ahead: int = REACH) -> None:
        self._ahead = ahead
        self._rows: np.ndarray | None = None

    def push(self, rows: np.ndarray) -> np.ndarray:
        """(T, C) next rows -> (U, C) the deltas that are known by now, in order."""
        if not len(rows):
            return rows[:0]
        if self._rows is None:
            self._rows = np.repeat(rows[:1], SPAN - self._ahead, axis=0)
        window = np.concatenate([self._rows, rows])
        self._rows = window[-SPAN:]
        if len(window) <= SPAN:
            return rows[:0]
        return delta(window, REACH)[REACH:-REACH]

    def flush(self) -> np.ndarray | None:
        """The last `ahead` deltas, the last row replicated; None if nothing was ever pushed."""
        if self._rows is None:
            return None
        last = self._rows[-1:]
        return self.push(np.repeat(last, self._ahead, axis=0))


class Dynamics:
    """Rows x -> rows (x, delta x, delta delta x)."""

    def __init__(self, *, causal: bool = False) -> None:
        ahead = 0 if causal else REACH
        self._delta = Regression(ahead=ahead)
        self._acceleration = Regression(ahead=ahead)
        self._waiting: list[np.ndarray] = []

    def push(self, rows: np.ndarray) -> np.ndarray:
        """(T, C) next rows -> (U, 3 C) the rows that are complete by now, in order."""
        slopes = self._delta.push(rows)
        return self._join(rows, slopes, self._acceleration.push(slopes))

    def flush(self) -> np.ndarray | None:
        """The rows that still waited for their future, the last values replicated; None if nothing was ever pushed."""
        slopes = self._delta.flush()
        if slopes is None:
            return None
        accelerations = self._acceleration.push(slopes)
        rest = self._acceleration.flush()
        if rest is not None:
            accelerations = np.concatenate([accelerations, rest])
        return self._join(slopes[:0], slopes, accelerations)

    def _join(self, *parts: np.ndarray) -> np.ndarray:
        queues = self._waiting or [part[:0] for part in parts]
        queues = [np.concatenate([queue, part]) for queue, part in zip(queues, parts, strict=True)]
        ready = len(queues[-1])
        self._waiting = [queue[ready:] for queue in queues]
        return np.concatenate([queue[:ready] for queue in queues], axis=1)
