"""What a read-out is worth: how often it is right, how sure it may be, and what of that was already known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from th_face_renderer.readout import NAMES, SURE, ReadOut
from th_training.evaluate.intervals import Bootstrap, Interval
from th_training.readout.examples import END, MOMENTS, Examples
from th_training.readout.fit import log_loss

BINS = 10


@dataclass(frozen=True)
class Score:
    """Of one group of clips at one moment.

    accuracy: share in which the likeliest is true; commonest: what naming the commonest of these clips would give.
    loss, prior_loss: mean -log of the true one's probability (nats), said and of the voices learnt from. calibration: expected
    calibration error of the likeliest (Naeini et al. 2015). named: share in which one is SURE; named_right: of these.
    """

    group: str
    moment: str
    count: int
    accuracy: Interval
    commonest: float
    loss: float
    prior_loss: float
    calibration: float
    named: float
    named_right: float


def scores(read_out: ReadOut, groups: Mapping[str, Examples]) -> Iterator[Score]:
    """Every group at every moment that one of its clips reaches."""
    for group, examples in groups.items():
        for moment in (*(f"{seconds:g} s" for seconds in MOMENTS), END):
            asked = examples.where(examples.moment == moment)
            if len(asked):
                yield _score(read_out, asked, group, moment)


def confusion(read_out: ReadOut, examples: Examples) -> np.ndarray:
    """(7, 7) counts at the clips' ends: rows what is true, columns what is likeliest."""
    asked = examples.where(examples.moment == END)
    counts = np.zeros((len(NAMES), len(NAMES)), int)
    np.add.at(counts, (asked.wanted, _said(read_out, asked).argmax(1)), 1)
    return counts


def calibration_error(said: np.ndarray, wanted: np.ndarray) -> float:
    """Of probabilities (N, K) and what is true (N,): how far the likeliest one's probability is from how often it is right, on average."""
    sure, right = said.max(1), said.argmax(1) == wanted
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    parts = [(place == k) for k in range(BINS)]
    return float(sum(abs(right[part].mean() - sure[part].mean()) * part.mean() for part in parts if part.any()))


def _said(read_out: ReadOut, examples: Examples) -> np.ndarray:
    return read_out.probabilities(examples.statistics, examples.evidence)


def _score(read_out: ReadOut, asked: Examples, group: str, moment: str) -> Score:
    said = _said(read_out, asked)
    right, named = said.argmax(1) == asked.wanted, said.max(1) >= SURE
    prior = read_out.prior - np.log(np.exp(read_out.prior).sum())
    return Score(
        group=group,
        moment=moment,
        count=len(asked),
        accuracy=Bootstrap(len(asked)).mean(right.astype(float)),
        commonest=float(np.bincount(asked.wanted).max() / len(asked)),
        loss=log_loss(read_out, asked),
        prior_loss=float(-prior[asked.wanted].mean()),
        calibration=calibration_error(said, asked.wanted),
        named=float(named.mean()),
        named_right=float(right[named].mean()) if named.any() else float("nan"),
    )
