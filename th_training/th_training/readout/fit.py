"""The read-out learnt: multinomial logistic regression, what it is sure of set by clips that it did not learn from."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.optimize

from th_common.errors import InputError
from th_face_renderer.readout import NAMES, ReadOut
from th_training.readout.examples import Examples

RIDGES = (1e-3, 1e-2, 1e-1)
HALVES = (0.1, 0.3, 1.0)
"""What is tried: how much weights are shrunk, and s of speech with which the evidence counts half."""
_LEAST_SHARE = 1e-3


def fit_readout(examples: Examples, checks: Examples, *, forget: float) -> ReadOut:
    """The read-out that says of `examples` what they were, shrunk, and as sure of itself, as suits `checks` best (log loss).

    Raises InputError where one emotion alone, or none, is among the examples.
    """
    if len(np.unique(examples.wanted)) < 2 or not len(checks):
        raise InputError("a read-out is learnt from clips of several emotions, and set by others")
    mean, scale = examples.statistics.mean(0), np.maximum(examples.statistics.std(0), 1e-3)
    shares = np.bincount(examples.wanted, minlength=len(NAMES)) / len(examples)
    prior = np.log(np.maximum(shares, _LEAST_SHARE))

    def made(weights: np.ndarray, half: float) -> ReadOut:
        return ReadOut(mean=mean, scale=scale, weights=weights, prior=prior, forget=forget, half=half)

    found = [
        made(_weights(examples, mean, scale, prior, r, half), half) for r, half in itertools.product(RIDGES, HALVES)
    ]
    tempered = [made(one.weights * _sureness(one, checks), one.half) for one in found]
    return min(tempered, key=lambda one: log_loss(one, checks))


def log_loss(read_out: ReadOut, examples: Examples) -> float:
    """Mean -log of the probability of what is true, nats."""
    said = read_out.probabilities(examples.statistics, examples.evidence)
    return float(-np.log(np.maximum(said[np.arange(len(examples)), examples.wanted], 1e-9)).mean())


def _weights(
    examples: Examples, mean: np.ndarray, scale: np.ndarray, prior: np.ndarray, ridge: float, half: float
) -> np.ndarray:
    """(2 D, 7) that minimise log loss + ridge / 2 times their squares; each clip counts the same."""
    rows = (examples.statistics - mean) / scale * (examples.evidence / (examples.evidence + half))[:, None]
    count = 1.0 / np.bincount(examples.clip)[examples.clip]
    count /= count.sum()
    true = np.eye(len(NAMES))[examples.wanted]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(rows.shape[1], -1)
        scores = prior + rows @ weights
        scores -= scores.max(1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        slope = rows.T @ (count[:, None] * (np.exp(logs) - true)) + ridge * weights
        return float(-(count[:, None] * true * logs).sum() + 0.5 * ridge * np.square(weights).sum()), slope.ravel()

    start = np.zeros(rows.shape[1] * len(NAMES))
    return scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x.reshape(
        -1, len(NAMES)
    )


def _sureness(read_out: ReadOut, checks: Examples) -> float:
    """A factor of the weights with which the log loss on `checks` is least."""

    def loss(log_factor: float) -> float:
        changed = ReadOut(
            mean=read_out.mean, scale=read_out.scale, weights=read_out.weights * np.exp(log_factor),
            prior=read_out.prior, forget=read_out.forget, half=read_out.half,
        )  # fmt: skip
        return log_loss(changed, checks)

    return float(np.exp(scipy.optimize.minimize_scalar(loss, bounds=(-3.0, 1.0), method="bounded").x))
