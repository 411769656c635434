"""The face that is moved: what its codes do in measures, how far it was ever seen to go, and the code that shows wanted measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from th_common.errors import ModelError
from th_face_renderer.face_model import LANDMARKS, LIP_GAP, FaceModel
from th_training.landmarks.measures import inter_ocular
from th_training.landmarks.pose import move, similarity
from th_training.retarget.frontal import EYE_CORNERS, RIGID
from th_training.retarget.measures import NOISE, OPENING, measure

STIFFNESS = 5.0
"""What a second difference of codes by one sd counts, squared, beside one sd away from rest. What is measured surely, as the lips'
opening, is not smoothed by it (half at 20 Hz and more); what is not, from about 8 Hz on."""
_EDGES = 0.002, 0.998  # quantiles of the face's own codes and measures: beyond them it was never seen
_RANGE = 0.05, 0.95  # quantiles that a range is taken between
_LEAST_OPENING = 0.02  # IOD, in plain speech
_TURNS = 8
_STEP = 0.5  # sd, for the slope of measures


@dataclass(frozen=True, eq=False)
class Puppet:
    """Shape codes (S,) and measures (K,) of one face.

    rest (S,), at_rest (K,) IOD: of the face when nobody speaks, with closed lips; slope (K, S) IOD per sd;
    low, high (S,): what its codes were seen to be; least, most (K,): and its measures;
    range (K,): between the 5 and 95 % quantile in plain speech; spread (S, S): covariance of its codes.
    """

    rest: np.ndarray
    at_rest: np.ndarray
    slope: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    most: np.ndarray
    range: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, model: FaceModel, codes: np.ndarray, speech: np.ndarray) -> Puppet:
        """Of a face, codes (N, S + A) that it was seen with in all its moods, and shape codes (M, S) of plain speech.

        Raises ModelError where its lips never opened.
        """
        count = len(model.shape_modes)
        rest = model.rest[:count].astype(np.float64)
        shape = np.concatenate([codes[:, :count], speech, rest[None]]).astype(np.float64)
        steps = _STEP * np.eye(count)
        at_rest = measure(_frontal(model, rest[None], rest))[0]
        after, before = (measure(_frontal(model, rest + step, rest)) for step in (steps, -steps))
        slope = ((after - before) / (2 * _STEP)).T
        size = float(inter_ocular(_landmarks(model, rest[None]))[0])
        at_rest[OPENING] = min(at_rest[OPENING], LIP_GAP / size)  # lips that meet
        low, high = np.quantile(shape, _EDGES, axis=0)
        reached = at_rest + (shape - rest) @ slope.T
        least, most = np.quantile(reached, _EDGES, axis=0)
        least[OPENING] = at_rest[OPENING]
        first, last = np.quantile(at_rest + (speech - rest) @ slope.T, _RANGE, axis=0)
        first[OPENING] = max(first[OPENING], at_rest[OPENING])
        if last[OPENING] - at_rest[OPENING] < _LEAST_OPENING:
            raise ModelError(
                "the lips of this face were never opened in what is known of it: it cannot be moved as a person does"
            )
        around = shape - shape.mean(0)
        spread = around.T @ around / len(around) + 1e-3 * np.eye(count)
        return cls(rest, at_rest, slope, np.minimum(low, rest), np.maximum(high, rest), np.minimum(least, at_rest),
                   np.maximum(most, at_rest), last - first, spread)  # fmt: skip

    def shape(self, wanted: np.ndarray) -> np.ndarray:
        """Measures (T, K) IOD at 60 Hz -> shape codes (T, S) sd: the most likely course.

        Least squares over all frames together: deviations by each measure's noise, codes by their own spread about rest, and
        smooth. Then the lips' opening is met, as far as codes within what the face was seen with can.
        """
        aims = np.clip(wanted, self.least, self.most) - self.at_rest
        weighted = self.slope / (NOISE**2)[:, None]
        # In coordinates where the codes' spread is 1 and what the measures say is diagonal, every coordinate is for itself
        root = np.linalg.cholesky(self.spread)
        sure, axes = np.linalg.eigh(root.T @ self.slope.T @ weighted @ root)
        pull = aims @ weighted @ root @ axes
        smooth = _second_differences(len(aims))
        course = np.stack([_ridge(weight + 1.0, smooth, pull[:, k]) for k, weight in enumerate(sure)], 1)
        codes = course @ (root @ axes).T
        way = self.spread @ self.slope[OPENING]
        way = way / (self.slope[OPENING] @ way)
        for _ in range(_TURNS):  # the lips' opening and the limits of codes, by turns
            codes = codes + (aims[:, OPENING] - codes @ self.slope[OPENING])[:, None] * way
            codes = np.clip(codes, self.low - self.rest, self.high - self.rest)
        return codes + self.rest

    def measures(self, shape: np.ndarray) -> np.ndarray:
        """Shape codes (T, S) -> measures (T, K)."""
        return self.at_rest + (shape - self.rest) @ self.slope.T


def _second_differences(count: int) -> np.ndarray:
    """(3, count) upper bands of STIFFNESS D'D."""
    bands = np.zeros((3, count))
    for k in range(max(count - 2, 0)):
        for i, x in enumerate((1, -2, 1)):
            for j, y in enumerate((1, -2, 1)):
                if j >= i:
                    bands[2 - (j - i), k + j] += x * y
    return STIFFNESS * bands


def _ridge(weight: float, smooth: np.ndarray, pull: np.ndarray) -> np.ndarray:
    bands = smooth.copy()
    bands[2] += weight
    return solveh_banded(bands, pull)


def _landmarks(model: FaceModel, shape: np.ndarray) -> np.ndarray:
    """(T, 68, 2) px: linear, the lips may cross."""
    return model.shape_mean[:LANDMARKS] + np.tensordot(shape, model.shape_modes[:, :LANDMARKS], 1)


def _frontal(model: FaceModel, shape: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(T, 68, 2) IOD: a face's landmarks laid onto those of its rest by what no expression moves."""
    home = _landmarks(model, rest[None])[0].astype(np.float64)
    home = (home - home[EYE_CORNERS].mean(0)) / inter_ocular(home)
    points = _landmarks(model, shape).astype(np.float64)
    return np.stack([move(one, similarity(one[RIGID], home[RIGID])) for one in points])
