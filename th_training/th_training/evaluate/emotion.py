"""Which emotion a face shows, told by a machine: a classifier learns it from true codes, and is asked of predicted ones.

An objective stand-in for the article's question (i), "which emotion does the talking head express", shown without sound.
A clip is described by the mean and the standard deviation over time of each code dimension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_training.corpus.format import Clip, Corpus
from th_training.evaluate.intervals import Bootstrap
from th_training.evaluate.methods import Method
from th_training.learn.data import Clips

FEWEST = 3
"""Training clips of an emotion, in every part, below which it is not asked for."""


class Discriminant:
    """Linear discriminant analysis (Fisher 1936) with Ledoit and Wolf's (2004) shrinkage of the common covariance."""

    def __init__(self, labels: tuple[str, ...], weights: np.ndarray, bias: np.ndarray, scale: np.ndarray) -> None:
        self.labels = labels
        self._weights, self._bias, self._scale = weights, bias, scale

    @classmethod
    def fit(cls, x: np.ndarray, labels: Sequence[str]) -> Discriminant:
        """Learn from rows x (N, F) of known labels. Raises InputError for fewer than two labels or rows that are not finite."""
        names = tuple(sorted(set(labels)))
        if len(names) < 2 or len(x) != len(labels) or not np.isfinite(x).all():
            raise InputError(f"{len(x)} rows of {len(names)} labels give nothing to tell apart")
        member = np.array([names.index(label) for label in labels])
        counts = np.bincount(member)
        means = np.stack([x[member == k].mean(0) for k in range(len(names))])
        # In units of the spread within a class: what is shrunk towards is then equal spread of all numbers
        scale = np.maximum((x - means[member]).std(0), 1e-9)
        means = means / scale
        covariance = shrunk_covariance(x / scale - means[member])
        weights = np.linalg.solve(covariance, means.T)
        bias = np.log(counts / len(x)) - 0.5 * (means.T * weights).sum(0)
        return cls(names, weights, bias, scale)

    def __call__(self, x: np.ndarray) -> list[str]:
        """The likeliest label of each row (N, F)."""
        return [self.labels[k] for k in np.argmax(x / self._scale @ self._weights + self._bias, axis=1)]


def shrunk_covariance(residuals: np.ndarray) -> np.ndarray:
    """Covariance (F, F) of residuals (N, F) without mean, drawn towards a multiple of the unit matrix as far as it is unsure."""
    n, width = residuals.shape
    sample = residuals.T @ residuals / n
    middle = float(np.trace(sample)) / width
    spread = float(((sample - middle * np.eye(width)) ** 2).sum())
    noise = float(((residuals**2).T @ (residuals**2) / n - sample**2).sum()) / n
    share = min(max(noise / spread, 0.0), 1.0) if spread > 0 else 1.0
    return (1 - share) * sample + (share * middle + 1e-9) * np.eye(width)


def describe_clip(codes: np.ndarray) -> np.ndarray:
    """Codes (T, D) -> (2 D,): mean and standard deviation of each dimension."""
    return np.concatenate((codes.mean(0, dtype=np.float64), codes.std(0, dtype=np.float64)))


@dataclass(frozen=True)
class Naming:
    """How often each method's clips were named rightly: `right` (N,) by method; `confusion`[true][named] counts.

    chance: how often the most frequent emotion of the training clips would be right.
    """

    labels: tuple[str, ...]
    clips: tuple[str, ...]
    right: dict[str, np.ndarray]
    confusion: dict[str, np.ndarray]
    chance: float

    def to_json(self, *, seed: int = 0) -> dict[str, Any]:
        """As report.json has it."""
        bootstrap = Bootstrap(len(self.clips), seed=seed)
        named = {
            name: {
                "accuracy": bootstrap.mean(right.astype(float)),
                "balanced": _mean_share(self.confusion[name]),
                "confusion": self.confusion[name].tolist(),
            }
            for name, right in self.right.items()
        }
        return {"labels": self.labels, "clips": len(self.clips), "chance": self.chance, "named": named}


def _mean_share(confusion: np.ndarray) -> float:
    """Mean over emotions of the share that was named rightly: each counts the same, however many clips it has."""
    asked = confusion.sum(1)
    return float((np.diag(confusion)[asked > 0] / asked[asked > 0]).mean())


TRUE = "true codes"


def name_emotions(parts: Sequence[Corpus], methods: Sequence[Method], clips: Mapping[str, Clip]) -> Naming | None:
    """Train on true codes of each part's training clips, name the emotion of its test clips; None where there is only one.

    Args:
        clips: the test clips that are asked for; others, sounds without speech, and emotions with too few clips are not.
    """
    read = [(Clips.of(part, "train"), Clips.of(part, "test")) for part in parts]
    labels = _labels([training for training, _ in read])
    if len(labels) < 2:
        return None
    every: dict[str, Mapping[str, np.ndarray]] = {TRUE: {}} | {m.name: m.codes for m in methods}
    right: dict[str, list[bool]] = {name: [] for name in every}
    confusion = {name: np.zeros((len(labels), len(labels)), int) for name in right}
    asked: list[str] = []
    often = 0
    for learnt, tested in read:
        training = [(c, learnt.load(i)[1]) for i, c in enumerate(learnt.clips) if _asked(c, labels)]
        test = [(c, tested.load(i)[1]) for i, c in enumerate(tested.clips) if c.id in clips and _asked(c, labels)]
        if not test:
            continue
        spoken = [training_clip.emotion for training_clip, _ in training]
        judge = Discriminant.fit(np.stack([describe_clip(codes) for _, codes in training]), spoken)
        usual = max(labels, key=spoken.count)
        for name, codes in every.items():
            rows = np.stack([describe_clip(codes.get(c.id, true)) for c, true in test])
            for (clip, _), named in zip(test, judge(rows), strict=True):
                right[name].append(named == clip.emotion)
                confusion[name][labels.index(clip.emotion), labels.index(named)] += 1
        asked += [clip.id for clip, _ in test]
        often += sum(clip.emotion == usual for clip, _ in test)
    if not asked:
        return None
    return Naming(labels, tuple(asked), {k: np.array(v) for k, v in right.items()}, confusion, often / len(asked))


def _asked(clip: Clip, labels: Sequence[str]) -> bool:
    return clip.kind == "speech" and clip.emotion in labels


def _labels(training: Sequence[Clips]) -> tuple[str, ...]:
    """Emotions that every part has enough training clips of."""
    kept: set[str] | None = None
    for part in training:
        emotions = [clip.emotion for clip in part.clips if clip.kind == "speech"]
        there = {emotion for emotion in emotions if emotions.count(emotion) >= FEWEST}
        kept = there if kept is None else kept & there
    return tuple(sorted(kept or ()))
