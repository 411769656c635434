"""Bounded regression: weights between 0 and 1 from facial codes, and how well they tell what the muscles did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError
from th_face_renderer.blendshapes import ARKIT, BlendshapeMap, features
from th_training.actor.units import INDEX

RIDGES = (1e-4, 1e-3, 1e-2)
STILL = 0.01  # sd of a unit's weight below which it is said not to move
_ROUNDS = 30
_COLUMNS = np.array([INDEX[name] for name in ARKIT])


@dataclass(frozen=True)
class Examples:
    """`codes` (N, D) and the weights that they were made of, `wanted` (N, 52) in 0..1, columns as ARKIT; `count` of each in the fit."""

    codes: np.ndarray
    wanted: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, poses: np.ndarray, codes: np.ndarray, count: float = 1.0) -> Examples:
        """Of poses (N, U) of the actor. It uses some units below 0, against the face's own smile: nothing to ARKit, so 0 here."""
        if len(poses) != len(codes):
            raise InputError(f"{len(poses)} poses and {len(codes)} codes are not examples")
        wanted = np.clip(poses[:, _COLUMNS], 0.0, 1.0).astype(np.float64)
        return cls(codes.astype(np.float64), wanted, np.full(len(codes), count))

    def __add__(self, other: Examples) -> Examples:
        return Examples(
            *(np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("codes", "wanted", "count"))
        )


def fit_blendshapes(examples: Examples, checks: Examples) -> BlendshapeMap:
    """The map whose weights, cut off at 0 and 1, are nearest to the examples' in the mean square.

    Where a weight is 0 (or 1) everything below (above) it is right, so least squares are solved again and again with what was said
    there in place of the 0 (censored regression). How much the coefficients are shrunk is chosen on `checks`.

    Raises InputError where there are no examples.
    """
    if not len(examples.codes) or not len(checks.codes):
        raise InputError("no examples to learn blendshapes from")
    maps = [BlendshapeMap(_solve(examples, ridge)) for ridge in RIDGES]
    errors = [np.square(m.weights(checks.codes.astype(np.float32)) - checks.wanted).mean() for m in maps]
    return maps[int(np.argmin(errors))]


def _solve(examples: Examples, ridge: float) -> np.ndarray:
    design, wanted = features(examples.codes), examples.wanted
    weighted = design * examples.count[:, None]
    shrink = ridge * examples.count.sum() * np.eye(design.shape[1])
    shrink[0, 0] = 0.0
    solver = np.linalg.solve(weighted.T @ design + shrink, weighted.T)
    coefficients = solver @ wanted
    for _ in range(_ROUNDS):
        said = design @ coefficients
        right = ((wanted <= 0) & (said < 0)) | ((wanted >= 1) & (said > 1))
        coefficients = solver @ np.where(right, said, wanted)
    coefficients[:, wanted.std(0) < STILL] = 0.0
    return coefficients.astype(np.float32)


@dataclass(frozen=True)
class Score:
    """How well one unit is told: `sd` of its weight in the examples, correlation `r` (nan where it does not move), `rmse`."""

    name: str
    sd: float
    r: float
    rmse: float


def score(found: BlendshapeMap, examples: Examples) -> Sequence[Score]:
    """Scores of all units, in ARKIT's order, on examples that were not learnt from."""
    said = found.weights(examples.codes.astype(np.float32)).astype(np.float64)
    scores = []
    for k, name in enumerate(ARKIT):
        is_, was = said[:, k], examples.wanted[:, k]
        moving = min(is_.std(), was.std()) > 1e-9 and was.std() >= STILL
        r = float(np.corrcoef(is_, was)[0, 1]) if moving else float("nan")
        scores.append(Score(name, float(was.std()), r, float(np.sqrt(np.square(is_ - was).mean()))))
    return scores
