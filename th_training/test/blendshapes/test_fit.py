"""Bounded regression on faces whose muscles are known."""

from __future__ import annotations

import numpy as np
import pytest

from th_common.errors import InputError
from th_face_renderer.blendshapes import ARKIT
from th_training.actor.units import ARKIT_UNITS, INDEX, UNITS
from th_training.blendshapes.fit import Examples, fit_blendshapes, score

MOVING = ("jawOpen", "mouthPucker", "browDownLeft", "eyeBlinkRight")


def examples(count: int, *, noise: float = 0.0, seed: int = 0) -> Examples:
    """Codes in which four muscles are told linearly; where a muscle rests its part of the code goes on, below zero."""
    rng = np.random.default_rng(seed)
    inner = rng.normal(0.2, 0.5, (count, len(MOVING)))
    poses = np.zeros((count, len(UNITS)))
    poses[:, [INDEX[name] for name in MOVING]] = np.clip(inner, -0.2, 1)
    mixing = np.random.default_rng(9).normal(0, 1, (len(MOVING), 6))
    return Examples.of(poses, inner @ mixing + rng.normal(0, noise, (count, 6)))


def test_what_the_names_mean() -> None:
    assert sorted(ARKIT) == sorted(ARKIT_UNITS)


def test_muscles_are_told_from_codes_that_were_not_learnt() -> None:
    found = fit_blendshapes(examples(2000, seed=1), examples(200, seed=2))
    assert set(found.told) == set(MOVING)
    scores = {s.name: s for s in score(found, examples(500, seed=3))}
    for name in MOVING:
        assert scores[name].r > 0.995
        assert scores[name].rmse < 0.04, "a plain regression cannot: its 0 begins where the code goes on"
    assert np.isnan(scores["cheekPuff"].r)
    assert scores["cheekPuff"].rmse == 0.0


def test_noise_is_not_learnt() -> None:
    found = fit_blendshapes(examples(60, noise=0.8, seed=1), examples(200, noise=0.8, seed=2))
    plain = np.mean([s.sd for s in score(found, examples(500, seed=3)) if s.name in MOVING])
    told = np.mean([s.rmse for s in score(found, examples(500, noise=0.8, seed=3)) if s.name in MOVING])
    assert told < plain


def test_examples_that_count_more_are_met_better() -> None:
    """Two halves that contradict each other."""
    one, other = examples(400, seed=1), examples(400, seed=2)
    other = Examples(-other.codes, other.wanted, other.count)
    heavy = Examples(one.codes, one.wanted, 50 * one.count) + other
    rmse = [np.mean([s.rmse for s in score(fit_blendshapes(e, one), one)]) for e in (heavy, one + other)]
    assert rmse[0] < rmse[1]


def test_nothing_to_learn_from() -> None:
    empty = Examples.of(np.zeros((0, len(UNITS))), np.zeros((0, 6)))
    with pytest.raises(InputError, match="no examples"):
        fit_blendshapes(empty, examples(10))
    with pytest.raises(InputError, match="are not examples"):
        Examples.of(np.zeros((3, len(UNITS))), np.zeros((2, 6)))
