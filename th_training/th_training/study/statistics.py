"""How sure figures of a study are. Answers of one person are alike, so that tests are of people, not of answers.

A person's answers become one number (the share of a choice, the mean of a difference), and these are tested against zero by Wilcoxon's
signed-rank test. The binomial test beside it takes all answers for independent, which makes it too sure where people differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from th_training.evaluate.intervals import NONE, Bootstrap, Interval

SURE = 0.05
POWER = 0.8
EXACT = 14
"""People of whom all signs are tried; of more the normal approximation is good."""
EFFICIENCY = 3 / math.pi
"""Of the signed-rank test beside the t-test, where differences are normal (Pitman)."""
MOST_PEOPLE = 100_000


def wilson(count: int, total: int) -> Interval:
    """A proportion and its 95 % interval (Wilson 1927), of independent answers."""
    if not total:
        return NONE
    z = float(stats.norm.ppf(0.975))
    p, square = count / total, z * z / total
    middle = (p + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(p * (1 - p) / total + square / (4 * total))
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def mean(values: np.ndarray) -> Interval:
    """The mean of people (P,) and its 95 % interval (Student's t); NaN are left out."""
    good = values[np.isfinite(values)]
    if len(good) < 2:
        return Interval(float(good[0]), math.nan, math.nan) if len(good) else NONE
    half = float(stats.t.ppf(0.975, len(good) - 1)) * float(good.std(ddof=1)) / math.sqrt(len(good))
    return Interval(float(good.mean()), float(good.mean()) - half, float(good.mean()) + half)


def over_people(values: np.ndarray, *, seed: int = 0) -> Interval:
    """The mean of people (P,) and its 95 % interval (bootstrap over people)."""
    good = values[np.isfinite(values)]
    return Bootstrap(len(good), seed=seed).mean(good) if len(good) else NONE


def signed_rank(values: np.ndarray) -> float:
    """Two-sided p of Wilcoxon's signed-rank test of people's values (P,) against zero; zeros and NaN are left out.

    Up to 14 values by all signs, exact with ties as well; then by the normal approximation with corrections for ties and continuity.
    """
    good = values[np.isfinite(values) & (values != 0)]
    if not len(good):
        return 1.0
    ranks = stats.rankdata(np.round(np.abs(good), 9))
    found = float(ranks[good > 0].sum())
    if len(good) <= EXACT:
        signs = (np.arange(2 ** len(good))[:, None] >> np.arange(len(good))) & 1
        away = np.abs(signs @ ranks - ranks.sum() / 2)
        return float(np.mean(away >= abs(found - ranks.sum() / 2) - 1e-9))
    spread = math.sqrt(float((ranks**2).sum()) / 4)
    z = max(abs(found - ranks.sum() / 2) - 0.5, 0.0) / spread
    return float(2 * stats.norm.sf(z))


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """p of several tests, corrected for their number (Holm 1979)."""
    order, worst, corrected = sorted(ps, key=lambda name: ps[name]), 0.0, {}
    for rank, name in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[name]))
        corrected[name] = worst
    return {name: corrected[name] for name in ps}


def binomial(count: int, total: int, chance: float = 0.5) -> float:
    """Two-sided p of the exact binomial test, of independent answers."""
    return float(stats.binomtest(count, total, chance).pvalue) if total else 1.0


@dataclass(frozen=True)
class Power:
    """A test of people's mean against zero: its effect, the sd over people, and with how many people it is found how surely.

    `needed`: people for a power of 80 %; None: more than 100,000, or there is no effect at all.
    """

    effect: float
    spread: float
    people: int

    @property
    def power(self) -> float:
        """The chance that the signed-rank test finds an effect of this size, at 5 % two-sided."""
        return power(self.effect, self.spread, self.people)

    @property
    def needed(self) -> int | None:
        """People for a power of 80 %."""
        if not self.effect or not math.isfinite(self.spread):
            return None
        low, high = 1, 2
        while power(self.effect, self.spread, high) < POWER:
            low, high = high, 2 * high
            if high > MOST_PEOPLE:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if power(self.effect, self.spread, middle) >= POWER else (middle, high)
        return high


def power(effect: float, spread: float, people: int) -> float:
    """Power of the signed-rank test, two-sided 5 %: that of the t-test of 3/pi as many people (noncentral t)."""
    count = people * EFFICIENCY
    if people < 6 or not math.isfinite(spread):  # of five no signs are rarer than 5 %
        return 0.0
    if spread <= 0:
        return float(effect != 0)
    shift, limit = abs(effect) / spread * math.sqrt(count), float(stats.t.ppf(1 - SURE / 2, count - 1))
    above, below = stats.nct.sf(limit, count - 1, shift), stats.nct.cdf(-limit, count - 1, shift)
    return float(np.clip(np.nan_to_num(above, nan=1.0) + np.nan_to_num(below), 0.0, 1.0))
