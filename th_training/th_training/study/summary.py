"""The figures of a study: the article's figures 6 to 8 and its share of 77 %, with intervals, tests and power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from th_training.evaluate.intervals import Interval
from th_training.speech.sentences import EMOTIONS
from th_training.study import statistics as st
from th_training.study.results import Rated, Results, by_person
from th_training.study.study import Study

SCALES = ("compatibility", "naturalness")
ARTICLE_PREFERENCE = 0.77
"""Share of 62 people who chose the proposed method in the article."""


@dataclass(frozen=True)
class Test:
    """A difference between the pair's two methods, per person. `p_corrected`: for the number of tests of the report."""

    name: str
    effect: Interval
    p: float
    p_corrected: float
    power: st.Power

    @property
    def sure(self) -> bool:
        """Whether it is beyond chance."""
        return self.p_corrected < st.SURE


@dataclass(frozen=True)
class Recognition:
    """(i) of one method. `counts` (7, 7): rows the true emotions, columns the named ones."""

    counts: np.ndarray
    right: Interval
    answers: Interval
    emotions: dict[str, Interval]


@dataclass(frozen=True)
class Preference:
    """(ii). `share`: over people; `answers`: Wilson's, of independent answers. `alike`: how many answers count as one, about."""

    share: Interval
    answers: Interval
    count: int
    total: int
    binomial: float
    left: Interval
    alike: float
    sentences: dict[str, Interval]


@dataclass(frozen=True)
class Marks:
    """(iii) or (iv) of one method. `counts`: of the marks 1 to 5; `mean` over people."""

    counts: tuple[int, ...]
    mean: Interval


@dataclass(frozen=True)
class Summary:
    """All figures. `tests`: of the pair; `others`: differences of the other methods to the pair's first, by scale, with intervals."""

    study: Study
    results: Results
    recognition: dict[str, Recognition]
    preference: Preference | None
    marks: dict[str, dict[str, Marks]]
    tests: dict[str, Test]
    others: dict[str, dict[str, Interval]]


def summarise(study: Study, results: Results) -> Summary:
    """Everything that a report tells of the people in `results`."""
    preference, recognition = _preference(results), {}
    for method in study.methods:
        if any(row.method == method for row in results.named):
            recognition[method] = _recognition(results, method)
    marks = {scale: {method: _marks(results, method, scale) for method in study.methods} for scale in SCALES}
    others: dict[str, dict[str, Interval]] = {}
    for method in study.methods:
        if study.pair is not None and method not in study.pair:
            found = _differences(results, method, study.pair[0])
            others[method] = {name: st.over_people(values) for name, values in found.items()}
    return Summary(study, results, recognition, preference, marks, _tests(study, results), others)


def paired(study: Study, results: Results) -> dict[str, np.ndarray]:
    """What is tested: people's values (P,) that are 0 in the mean where the pair's methods are alike, by measure."""
    if study.pair is None:
        return {}
    found = _differences(results, *study.pair)
    if results.chosen:
        shares = by_person(results.chosen, [row.first for row in results.chosen], results.people)
        found = {"preference": shares - 0.5, **found}
    return found


def _tests(study: Study, results: Results) -> dict[str, Test]:
    found = paired(study, results)
    ps = {name: st.signed_rank(values) for name, values in found.items()}
    corrected = st.holm(ps)
    tests = {}
    for name, values in found.items():
        good = values[np.isfinite(values)]
        effect = st.over_people(values)
        spread = float(good.std(ddof=1)) if len(good) > 1 else math.nan
        tests[name] = Test(name, effect, ps[name], corrected[name], st.Power(effect.value, spread, len(good)))
    return tests


def _differences(results: Results, one: str, other: str) -> dict[str, np.ndarray]:
    """People's mean difference between two methods, one - other: (P,) by measure; every person saw the same sentences with both."""
    found = {scale: _mean(results, one, scale) - _mean(results, other, scale) for scale in SCALES}
    if results.named:
        found["recognition"] = _share(results, one) - _share(results, other)
    return found


def _mean(results: Results, method: str, scale: str) -> np.ndarray:
    rows = [row for row in results.rated if row.method == method]
    return by_person(rows, [getattr(row, scale) for row in rows], results.people)


def _share(results: Results, method: str) -> np.ndarray:
    rows = [row for row in results.named if row.method == method]
    return by_person(rows, [row.right for row in rows], results.people)


def _recognition(results: Results, method: str) -> Recognition:
    rows = [row for row in results.named if row.method == method]
    counts = np.zeros((7, 7), int)
    for row in rows:
        counts[EMOTIONS.index(row.true), EMOTIONS.index(row.named)] += 1
    emotions = {e: st.wilson(int(counts[k, k]), int(counts[k].sum())) for k, e in enumerate(EMOTIONS)}
    right = st.over_people(_share(results, method))
    return Recognition(counts, right, st.wilson(int(np.trace(counts)), len(rows)), emotions)


def _preference(results: Results) -> Preference | None:
    rows = results.chosen
    if not rows:
        return None
    shares = by_person(rows, [row.first for row in rows], results.people)
    count, total = sum(row.first for row in rows), len(rows)
    sentences = {}
    for sentence in sorted({row.sentence for row in rows}):
        own = [row.first for row in rows if row.sentence == sentence]
        sentences[sentence] = st.wilson(sum(own), len(own))
    left = st.wilson(sum(row.left for row in rows), total)
    alike = _alike(shares[np.isfinite(shares)], total)
    share = st.over_people(shares)
    return Preference(share, st.wilson(count, total), count, total, st.binomial(count, total), left, alike, sentences)


def _alike(shares: np.ndarray, answers: int) -> float:
    """The design effect: the variance of people's shares beside that of as many independent answers."""
    p = float(shares.mean())
    if len(shares) < 2 or not 0 < p < 1:
        return math.nan
    return float(shares.var(ddof=1)) * answers / len(shares) / (p * (1 - p))


def _marks(results: Results, method: str, scale: str) -> Marks:
    rows: Sequence[Rated] = [row for row in results.rated if row.method == method]
    marks = [getattr(row, scale) for row in rows]
    return Marks(tuple(marks.count(k) for k in range(1, 6)), st.mean(_mean(results, method, scale)))
