"""The newest part of an endless signal, addressed by absolute sample numbers."""

from __future__ import annotations

import numpy as np


class History:
    """The last `keep` samples of a signal, contiguous, in fixed memory."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._data = np.zeros(4 * keep, np.float32)
        self._stop = 0  # write position in _data
        self.end = 0  # samples seen so far

    def append(self, samples: np.ndarray) -> None:
        """Add the next samples, at most `keep` at a time."""
        if self._stop + len(samples) > len(self._data):
            self._data[: self._keep] = self._data[self._stop - self._keep : self._stop]
            self._stop = self._keep
        self._data[self._stop : self._stop + len(samples)] = samples
        self._stop += len(samples)
        self.end += len(samples)

    def view(self, start: int, stop: int) -> np.ndarray:
        """Samples [start, stop) of the signal; valid until the next append."""
        offset = self._stop - self.end
        if not (self.end - self._keep <= start and 0 <= start <= stop <= self.end):
            raise IndexError(f"samples [{start}, {stop}) are not among the last {self._keep} of {self.end}")
        return self._data[start + offset : stop + offset]
