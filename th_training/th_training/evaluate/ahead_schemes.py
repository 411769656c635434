"""What may be shown of a frame when so much of what follows it has been heard, and what can be made of it as more comes.

`estimates` is everything that a network says: Y[d, t], the code of frame t when frame t + d is the newest. A scheme at a delay of d frames may
use of it, for frame t, what was said until t + d: Y[d, t] itself, what was shown before (Y[d, s], s < t), how those past frames look by now
(Y[t + d - s, s]), and what the newest frames look like (Y[k, t + d - k], k < d).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from th_face_predictor.predictor import Predictor
from th_face_predictor.stream import PredictorStream

PAST = 6
"""Frames back that a correction looks at."""


def estimates(predictor: Predictor, features: np.ndarray, reach: int) -> np.ndarray:
    """Y (R + 1, T, D): code of every frame by how many frames after it were heard, 0 .. `reach`, all that came before having the
    context that it could have by then; where the recording ends earlier, with what there is.
    """
    stream = PredictorStream(predictor, reach)
    frames = len(features)
    out = np.zeros((reach + 1, frames, predictor.architecture.outputs), np.float32)
    for newest in range(frames):
        done = stream.push(features[newest : newest + 1])
        if len(done):
            out[reach, newest - reach] = done[0]
        for ahead, code in enumerate(stream.peek()[::-1]):
            out[ahead, newest - ahead] = code
    for ahead, code in enumerate(stream.flush()[::-1]):
        out[ahead + 1 :, frames - 1 - ahead] = code
    return out


def as_streamed(predictor: Predictor, features: np.ndarray, lookahead: int) -> np.ndarray:
    """Codes (T, D) at a fixed lookahead, as the graph computes them today."""
    stream = PredictorStream(predictor, lookahead)
    return np.concatenate((stream.push(features), stream.flush()))


def revisions(said: np.ndarray, delay: int) -> np.ndarray:
    """(PAST, T, D): how much the frames t - 1 .. t - PAST look different, when t is shown, from what was shown of them."""
    reach, frames = len(said) - 1, said.shape[1]
    out = np.zeros((PAST, *said.shape[1:]), np.float32)
    for back in range(1, min(PAST, frames - 1) + 1):
        out[back - 1, back:] = (said[min(delay + back, reach)] - said[delay])[:-back]
    return out


def corrected(said: np.ndarray, delay: int, *, gain: float, limit: np.ndarray) -> np.ndarray:
    """Y[d] plus an offset that follows `gain` times the mean of the last `PAST` revisions, by at most `limit` (D,) a frame."""
    wanted = gain * revisions(said, delay).mean(0)
    offset = np.zeros(said.shape[2], np.float32)
    out = said[delay].copy()
    for frame in range(len(out)):
        offset = offset + np.clip(wanted[frame] - offset, -limit, limit)
        out[frame] += offset
    return out


def with_context(said: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Codes (T, D), each with as many frames after it as `context` (T,) says."""
    return said[np.minimum(context, len(said) - 1), np.arange(said.shape[1])]


def eased(said: np.ndarray, context: np.ndarray, *, keep: float, limit: np.ndarray | None = None) -> np.ndarray:
    """As `with_context`, but what is shown goes over to what is known by now, instead of jumping there.

    How wrong the last face was is known when the next one is shown: it is kept but for a share of 1 - `keep`, and that share moves the face
    by at most `limit` (D,). Where nothing has changed, nothing is kept.
    """
    out = with_context(said, context)
    for frame in range(1, len(out)):
        wrong = out[frame - 1] - said[min(context[frame] + 1, len(said) - 1), frame - 1]
        given_up = (1.0 - keep) * wrong
        if limit is not None:
            given_up = np.clip(given_up, -limit, limit)
        out[frame] += wrong - given_up
    return out


def switched(said: np.ndarray, live: np.ndarray, context: np.ndarray, *, first: int, keep: float) -> np.ndarray:
    """Codes (T, D) of the network `live` (T, D) with less than `first` frames of context, else as `eased`; from one to the other as well."""
    far = context >= first
    out = np.where(far[:, None], with_context(said, context), live)
    for frame in range(1, len(out)):
        known = said[min(context[frame] + 1, len(said) - 1)] if far[frame] else live
        out[frame] += keep * (out[frame - 1] - known[frame - 1])
    return out


def least(context: np.ndarray, frames: int) -> np.ndarray:
    """The smallest of the last so many of `context` (T,): it hardly changes from one to the next."""
    padded = np.concatenate((np.repeat(context[:1], frames - 1), context))
    return np.lib.stride_tricks.sliding_window_view(padded, frames).min(1)


def bounded(codes: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Codes (T, D) followed by at most `limit` (D,) a frame."""
    out = codes.copy()
    for frame in range(1, len(out)):
        out[frame] = out[frame - 1] + np.clip(codes[frame] - out[frame - 1], -limit, limit)
    return out


def damped(codes: np.ndarray, seconds: float, *, rate: float = 60.0) -> np.ndarray:
    """Codes (T, D) followed by a critically damped spring whose two time constants are `seconds` each, so late by twice that."""
    share = np.float32(1.0 - np.exp(-1.0 / (rate * seconds)))
    first, second = codes[0].copy(), codes[0].copy()
    out = np.empty_like(codes)
    for frame, code in enumerate(codes):
        first += share * (code - first)
        second += share * (first - second)
        out[frame] = second
    return out


def speed_limit(codes: Sequence[np.ndarray], percentile: float = 99.5) -> np.ndarray:
    """(D,): the step from frame to frame that so many percent of all true steps do not exceed."""
    return np.percentile(np.abs(np.concatenate([np.diff(c, axis=0) for c in codes])), percentile, axis=0).astype(
        np.float32
    )


def taps(said: np.ndarray, delay: int, *, later: bool) -> np.ndarray:
    """(K, T, D): what a linear scheme may weigh: the frame itself, what was shown before it and what the frames after it look like;
    with `later` also how the past has changed since.
    """
    frames = said.shape[1]
    rows = [said[delay]]
    for back in range(1, PAST + 1):
        rows.append(np.concatenate((np.repeat(said[delay][:1], min(back, frames), 0), said[delay][:-back]))[:frames])
    for ahead in range(1, delay + 1):
        row = said[delay].copy()
        row[: frames - ahead] = said[delay - ahead][ahead:]
        rows.append(row)
    return np.stack([*rows, *revisions(said, delay)] if later else rows)


@dataclass(frozen=True)
class Linear:
    """Weights (K, D) of the taps of every dimension: the best linear scheme on the clips it was fitted to (ridge)."""

    weights: np.ndarray

    @classmethod
    def fit(cls, inputs: Sequence[np.ndarray], truths: Sequence[np.ndarray], *, ridge: float = 1e-2) -> Linear:
        """Of taps (K, T, D) and codes (T, D) of some clips; each clip's own mean is taken off both, as CORR does."""
        count, _, dimensions = inputs[0].shape
        weights = np.zeros((count, dimensions))
        for k in range(dimensions):
            a = np.concatenate([x[:, :, k].T - x[:, :, k].mean(1) for x in inputs]).astype(np.float64)
            b = np.concatenate([y[:, k] - y[:, k].mean() for y in truths]).astype(np.float64)
            # towards the network's own code, not towards zero
            own = np.eye(count)[0]
            strength = ridge * np.trace(a.T @ a) / count
            weights[:, k] = own + np.linalg.solve(a.T @ a + strength * np.eye(count), a.T @ (b - a @ own))
        return cls(weights)

    def apply(self, inputs: np.ndarray) -> np.ndarray:
        """Codes (T, D) of taps (K, T, D)."""
        return np.einsum("ktd,kd->td", inputs, self.weights).astype(np.float32)
