"""How near predicted trajectories come to true ones.

CORR (Sakurai et al. 2018): the normalised correlation of the predicted and the true trajectory of one code dimension in one
video, averaged over all dimensions and test videos.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

STILL = 1e-6
"""A trajectory whose standard deviation is not above this is constant: rounding, not movement."""


def correlation(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Normalised correlation over time of every dimension.

    Args:
        predicted, true: (T, D).

    Returns:
        float64 (D,) in -1..1. Where the truth does not move the correlation is undefined: NaN. Where the prediction does not
        move and the truth does, it is 0: nothing was predicted.
    """
    p = predicted.astype(np.float64) - predicted.mean(axis=0, dtype=np.float64)
    t = true.astype(np.float64) - true.mean(axis=0, dtype=np.float64)
    p_sd, t_sd = np.sqrt((p**2).mean(axis=0)), np.sqrt((t**2).mean(axis=0))
    moves = p_sd > STILL
    result = np.where(moves, (p * t).mean(axis=0) / np.where(moves, p_sd * np.maximum(t_sd, STILL), 1.0), 0.0)
    return np.where(t_sd > STILL, np.clip(result, -1.0, 1.0), np.nan)


def still(codes: np.ndarray) -> np.ndarray:
    """Which dimensions (D,) of codes (T, D) do not move: for `correlation` a prediction of nothing."""
    return codes.astype(np.float64).std(axis=0) <= STILL


def change(codes: np.ndarray, order: int) -> np.ndarray:
    """Differences from frame to frame, `order` times: 1 velocity, 3 jerk, in units of the codes per frame^order; (T - order, D)."""
    return np.diff(codes.astype(np.float64), n=order, axis=0)


def rms_ratio(predicted: np.ndarray, true: np.ndarray) -> float:
    """Root mean square of what is predicted over that of the truth, all dimensions together; NaN where the truth is zero."""
    of_truth = np.sqrt(np.mean(np.square(true, dtype=np.float64))) if true.size else 0.0
    return (
        float(np.sqrt(np.mean(np.square(predicted, dtype=np.float64))) / of_truth) if of_truth > STILL else float("nan")
    )


@dataclass(frozen=True)
class Agreement:
    """Predicted against true codes over a set of clips.

    Attributes:
        corr: CORR, the mean of all defined correlations; NaN where none is.
        by_dimension: CORR of each dimension (D,).
        undefined: pairs of clip and dimension whose truth does not move, left out of the mean.
        rmse: root of the mean squared error over all frames and dimensions, in units of the codes.
        clips: number of clips.
    """

    corr: float
    by_dimension: tuple[float, ...]
    undefined: int
    rmse: float
    clips: int


def agreement(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Agreement:
    """CORR and error over clips, each a pair (predicted, true) of (T, D) arrays."""
    rows, squares, values, clips = [], 0.0, 0, 0
    for predicted, true in pairs:
        rows.append(correlation(predicted, true))
        squares += float(((predicted.astype(np.float64) - true) ** 2).sum())
        values += true.size
        clips += 1
    if not rows:
        return Agreement(float("nan"), (), 0, float("nan"), 0)
    table = np.stack(rows)
    defined = ~np.isnan(table)
    counts = defined.sum(axis=0)
    sums = np.where(defined, table, 0.0).sum(axis=0)
    by_dimension = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    corr = float(sums.sum() / counts.sum()) if counts.any() else float("nan")
    undefined = int(table.size - counts.sum())
    return Agreement(corr, tuple(by_dimension.tolist()), undefined, float(np.sqrt(squares / values)), clips)
