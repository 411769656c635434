"""How sure a mean over clips is: bootstrap over clips (Efron 1979), the same draws for all that is compared."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

REPEATS = 2000
COVERAGE = (2.5, 97.5)


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval; NaN where there is none (of one clip there is a figure, but no interval)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return "–"
        return f"{self.value:.3f}" + (f" ({self.low:.3f} .. {self.high:.3f})" if math.isfinite(self.low) else "")

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return bool(self.low > 0 or self.high < 0)


NONE = Interval(float("nan"), float("nan"), float("nan"))


class Bootstrap:
    """Draws of clips with replacement; two figures from one object may be compared."""

    def __init__(self, clips: int, *, seed: int = 0, repeats: int = REPEATS) -> None:
        rng = np.random.default_rng(seed)
        self.clips = clips
        self._weights = rng.multinomial(clips, np.full(clips, 1 / clips), size=repeats).astype(np.float64)

    def mean(self, values: np.ndarray) -> Interval:
        """Mean of all numbers of values (N,) or (N, D), rows being clips; NaN are left out of it."""
        rows = values.reshape(len(values), -1).astype(np.float64)
        good = np.isfinite(rows)
        sums, counts = np.where(good, rows, 0.0).sum(1), good.sum(1).astype(np.float64)
        if not counts.any():
            return NONE
        return self._interval(sums.sum() / counts.sum(), self._weights @ sums, self._weights @ counts)

    def across(self, one: np.ndarray, other: np.ndarray) -> Interval:
        """Correlation over clips of two figures (N,) each, for instance of the mean height of the brows in each clip."""
        good = np.isfinite(one) & np.isfinite(other)
        if good.sum() < 3:
            return NONE
        a, b = (x[good] - x[good].mean() for x in (one, other))
        drawn = self._weights[:, good]
        n = drawn.sum(1)
        mean_a, mean_b = drawn @ a / n, drawn @ b / n
        covariance = drawn @ (a * b) / n - mean_a * mean_b
        spread = (drawn @ (a * a) / n - mean_a**2) * (drawn @ (b * b) / n - mean_b**2)
        whole = float((a * b).sum() / np.sqrt(max((a * a).sum() * (b * b).sum(), 1e-30)))
        return self._interval(whole, covariance, np.sqrt(np.maximum(spread, 1e-30)))

    def _interval(self, value: float, numerators: np.ndarray, denominators: np.ndarray) -> Interval:
        there = denominators > 0
        if self.clips < 2 or not there.any():
            return Interval(float(value), float("nan"), float("nan"))
        low, high = np.percentile(numerators[there] / denominators[there], COVERAGE)
        return Interval(float(value), float(low), float(high))
