"""Intervals, tests and power against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from th_training.study import statistics as st


def test_wilson_is_newcombes_example() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    for count, total, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)):  # fmt: skip
        found = st.wilson(count, total)
        assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize("people", [6, 10, 14])
def test_the_exact_signed_rank_test_is_scipys(people: int) -> None:
    rng = np.random.default_rng(people)
    for shift in (0.0, 0.5, 2.0):
        values = rng.standard_normal(people) + shift
        assert st.signed_rank(values) == pytest.approx(scipy_stats.wilcoxon(values, method="exact").pvalue)


def test_the_signed_rank_test_with_ties_and_many_people_is_scipys() -> None:
    values = np.random.default_rng(0).integers(-3, 5, 62) / 7
    scipys = scipy_stats.wilcoxon(values, correction=True, method="approx").pvalue
    assert st.signed_rank(values) == pytest.approx(scipys, rel=1e-6)
    assert st.signed_rank(np.append(values, np.nan)) == st.signed_rank(values)


def test_few_people_or_none_that_differ_prove_nothing() -> None:
    assert st.signed_rank(np.zeros(30)) == 1.0
    assert st.signed_rank(np.array([])) == 1.0
    assert st.signed_rank(np.full(5, 0.5)) == pytest.approx(2 / 32)


def test_holm_is_his_example() -> None:
    assert st.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )


def test_means_and_their_intervals() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    found = st.mean(values)
    half = scipy_stats.t.ppf(0.975, 3) * np.std([1, 2, 3, 4], ddof=1) / 2
    assert (found.value, found.low, found.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half))
    assert np.isnan(st.mean(np.array([3.0])).low)
    over = st.over_people(values)
    assert over.value == 2.5
    assert 1.2 < over.low < 2.0 < 3.0 < over.high < 3.8


@pytest.mark.parametrize(("effect", "people"), [(0.4, 30), (0.25, 62), (0.8, 14)])
def test_power_is_how_often_the_test_finds_it(effect: float, people: int) -> None:
    rng = np.random.default_rng(1)
    found = np.mean([st.signed_rank(rng.normal(effect, 1.0, people)) < st.SURE for _ in range(600)])
    assert st.power(effect, 1.0, people) == pytest.approx(found, abs=0.05)


def test_people_needed() -> None:
    case = st.Power(effect=0.3, spread=0.9, people=20)
    needed = case.needed
    assert needed is not None
    assert st.power(0.3, 0.9, needed) >= 0.8 > st.power(0.3, 0.9, needed - 1)
    assert st.Power(0.0, 1.0, 20).needed is None
    assert st.Power(1e-6, 1.0, 20).needed is None
    assert st.Power(5.0, 0.1, 20).needed == 6
    assert st.power(0.0, 1.0, 40) == pytest.approx(0.05, abs=0.002)
