"""What a figure must be compared with: no sound, another clip's sound, and a linear map of the sound.

Each is made on every part of the corpus (a split, or one fold of several) from its training clips for its test clips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_training.corpus.format import Clip, Corpus
from th_training.evaluate.methods import Method
from th_training.learn.data import Clips
from th_training.learn.metrics import agreement
from th_training.learn.train import mean_trajectory

CONTEXT = 6
"""Frames to each side that the ridge hears: 0.1 s, the range of a phoneme."""

ALPHAS = tuple(float(a) for a in np.logspace(1, 6, 11))
_LONGER = 0.1  # how much longer or shorter, of its length, a clip may be whose sound is put in the place of another's

Progress = Callable[[Iterable[Any], int], Iterable[Any]]


def baselines(
    parts: Sequence[Corpus], *, centre: bool, progress: Progress | None = None
) -> tuple[tuple[Method, ...], dict[str, str]]:
    """Ridge on +-CONTEXT frames, the mean trajectory, and the mean code, for the test clips of all parts; and the clips that
    cannot be used, with the reason.

    Args:
        centre: take each clip's mean code off before anything is learnt (real recordings: pose and light differ between
            clips and are not in the voice); the training clips' mean is added again.

    Raises:
        InputError: a part has no clip to train on.
    """
    found: dict[str, dict[str, np.ndarray]] = {"ridge": {}, "mean trajectory": {}, "mean code": {}}
    chosen = []
    left_out: dict[str, str] = {}
    for part in progress(parts, len(parts)) if progress else parts:
        training, validation, test = (Clips.of(part, s, centre=centre) for s in ("train", "validation", "test"))
        left_out |= training.left_out | validation.left_out | test.left_out
        if not len(training):
            raise InputError(f"{part.folder}: no clip to train on")
        if not len(test):
            continue
        codes = np.concatenate([training.corpus.load(clip)[1] for clip in training.clips])
        mean = codes.mean(axis=0, dtype=np.float64)
        shift = (mean if centre else np.zeros_like(mean)).astype(np.float32)
        ridge = Ridge.fit(training, validation)
        chosen.append(ridge.alpha)
        trajectory = mean_trajectory(training, max(clip.frames for clip in test.clips)) + shift
        for index, clip in enumerate(test.clips):
            found["ridge"][clip.id] = ridge(test.load(index)[0]) + shift
            found["mean trajectory"][clip.id] = trajectory[: clip.frames]
            found["mean code"][clip.id] = np.tile(mean.astype(np.float32), (clip.frames, 1))
    about = {"ridge": {"alpha": chosen, "context": CONTEXT, "centred": centre}}
    methods = [Method(name, codes, "baseline", about=about.get(name, {"deaf": True})) for name, codes in found.items()]
    return tuple(methods), left_out


def shuffled(method: Method, clips: Sequence[Clip], *, seed: int = 0) -> Method:
    """A method that heard another clip of about the same length: what its figures owe to the sound is what they lose.

    The other clip is drawn among those with other words that are longer or shorter by at most a tenth, else it is the one
    nearest in length; its prediction is cut, or stays as it ends.
    """
    rng = np.random.default_rng(seed)
    codes, pairs = {}, {}
    for clip in clips:
        others = [c for c in clips if c.id != clip.id and (not clip.source or c.source != clip.source)]
        if not others:
            others = [c for c in clips if c.id != clip.id] or [clip]
        near = [c for c in others if abs(c.frames - clip.frames) <= _LONGER * clip.frames]
        other = (
            near[rng.integers(len(near))] if near else min(others, key=lambda c: (abs(c.frames - clip.frames), c.id))
        )
        heard = method.codes[other.id][: clip.frames]
        codes[clip.id] = np.concatenate((heard, np.repeat(heard[-1:], clip.frames - len(heard), axis=0)))
        pairs[clip.id] = other.id
    return Method("shuffled sound", codes, "baseline", about={"method": method.name, "heard": pairs})


class Ridge:
    """Codes as a linear map of the features of 2 CONTEXT + 1 frames (Hoerl and Kennard 1970), closed form."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray, mean: np.ndarray, sd: np.ndarray, alpha: float) -> None:
        self._weights, self._bias, self._mean, self._sd = weights, bias, mean, sd
        self.alpha = alpha

    @classmethod
    def fit(cls, training: Clips, validation: Clips, *, alphas: Sequence[float] = ALPHAS) -> Ridge:
        """Fit on the training clips; the alpha is the one with the highest CORR on the validation clips (without: 1000)."""
        features = np.concatenate([x for x, _ in _loaded(training)])
        mean, sd = features.mean(0, dtype=np.float64), np.maximum(features.std(0, dtype=np.float64), 1e-3)
        del features
        gram: Any = 0.0
        cross: Any = 0.0
        ones: Any = 0.0
        target: Any = 0.0
        frames = 0
        for x, y in _loaded(training):
            rows = in_context((x - mean) / sd)
            gram, cross = gram + rows.T @ rows, cross + rows.T @ y.astype(np.float64)
            ones, target, frames = ones + rows.sum(0), target + y.sum(0, dtype=np.float64), frames + len(y)
        bias = target / frames
        values, vectors = np.linalg.eigh(gram)
        turned = vectors.T @ (cross - np.outer(ones, bias))

        def at(alpha: float) -> Ridge:
            return cls(vectors @ (turned / (np.maximum(values, 0) + alpha)[:, None]), bias, mean, sd, alpha)

        if not len(validation):
            return at(1000.0)
        return max(
            (at(alpha) for alpha in alphas),
            key=lambda ridge: np.nan_to_num(agreement((ridge(x), y) for x, y in _loaded(validation)).corr, nan=-1.0),
        )

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features (T, 40) -> codes (T, D) float32."""
        return (in_context((features - self._mean) / self._sd) @ self._weights + self._bias).astype(np.float32)


def in_context(x: np.ndarray, context: int = CONTEXT) -> np.ndarray:
    """Frames (T, F) beside their neighbours (T, (2 context + 1) F), the first and last frame repeated beyond the ends."""
    padded = np.concatenate((np.repeat(x[:1], context, 0), x, np.repeat(x[-1:], context, 0)))
    return np.concatenate([padded[k : k + len(x)] for k in range(2 * context + 1)], axis=1)


def _loaded(clips: Clips) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return (clips.load(index)[:2] for index in range(len(clips)))
