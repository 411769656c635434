"""Training data: clips read when they are needed, statistics, and batches of stretches with masks.

All that is random is drawn from (seed, stage, epoch), so that a run that was killed goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from th_common.errors import InputError
from th_face_predictor.predictor import standardise
from th_training.corpus.format import Clip, Corpus
from th_training.learn.augment import Augmentation, augment

CACHE_BYTES = 1 << 30
SMALLEST_SD = 1e-3
SHORTEST = 2


@dataclass
class Clips:
    """The usable clips of one split; damaged ones are left out by name."""

    corpus: Corpus
    clips: tuple[Clip, ...]
    centre: bool = False
    left_out: dict[str, str] = field(default_factory=dict)
    _cache: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)
    _cached: int = 0

    @classmethod
    def of(cls, corpus: Corpus, split: str, *, centre: bool = False) -> Clips:
        """Take the clips of a split that can be read, are finite, and have at least two frames."""
        result = cls(corpus, corpus.split(split), centre)
        good = []
        width = None
        for clip in result.clips:
            try:
                features, codes = corpus.load(clip)
                if len(features) < SHORTEST:
                    raise InputError(f"{len(features)} frames are no movement")
                if not (np.isfinite(features).all() and np.isfinite(codes).all()):
                    raise InputError("NaN or infinity in it")
                width = width or (features.shape[1], codes.shape[1])
                if (features.shape[1], codes.shape[1]) != width:
                    raise InputError(f"{features.shape[1]} features and {codes.shape[1]} codes, others have {width}")
            except InputError as error:
                result.left_out[clip.id] = str(error)
                continue
            good.append(clip)
        result.clips = tuple(good)
        return result

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def frames(self) -> int:
        """Frames of all clips together."""
        return sum(clip.frames for clip in self.clips)

    def load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Features (T, 40) and codes (T, D) of a clip; codes without their mean if `centre`."""
        clip = self.clips[index]
        if clip.id in self._cache:
            return self._cache[clip.id]
        features, codes = self.corpus.load(clip)
        if self.centre:
            codes = codes - codes.mean(axis=0)
        size = features.nbytes + codes.nbytes
        if self._cached + size <= CACHE_BYTES:
            self._cache[clip.id] = features, codes
            self._cached += size
        return features, codes


@dataclass(frozen=True)
class Statistics:
    """Means and standard deviations over the training clips.

    Attributes:
        code_mean: mean of the codes as recorded: what a predicted deviation is added to.
        target_mean: mean of what is learnt: `code_mean`, or zero where clips are centred.
        velocity_sd: of the codes' steps from frame to frame.
    """

    feature_mean: np.ndarray
    feature_sd: np.ndarray
    code_mean: np.ndarray
    code_sd: np.ndarray
    target_mean: np.ndarray
    velocity_sd: np.ndarray

    @classmethod
    def of(cls, clips: Clips) -> Statistics:
        """Read all clips once. Raises InputError where there are none."""
        if not len(clips):
            raise InputError(f"{clips.corpus.folder}: no clip to train on")
        features, codes, recorded, velocity = _Moments(), _Moments(), _Moments(), _Moments()
        for index, clip in enumerate(clips.clips):
            x, y = clips.load(index)
            features.add(x)
            codes.add(y)
            recorded.add(clips.corpus.load(clip)[1] if clips.centre else y)
            velocity.add(np.diff(y, axis=0))
        return cls(features.mean, features.sd, recorded.mean, codes.sd, codes.mean, velocity.sd)

    def standard_codes(self, codes: np.ndarray) -> np.ndarray:
        """Codes (T, D) as the network learns them: float32."""
        return ((codes - self.target_mean) / self.code_sd).astype(np.float32)

    def tensors(self) -> dict[str, np.ndarray]:
        """As predictor.safetensors keeps them."""
        return {
            "feature.mean": self.feature_mean,
            "feature.sd": self.feature_sd,
            "code.mean": self.code_mean,
            "code.sd": self.code_sd,
        }


class _Moments:
    def __init__(self) -> None:
        self.count, self.sum, self.squares = 0, np.zeros(1), np.zeros(1)

    def add(self, x: np.ndarray) -> None:
        x = x.astype(np.float64)
        self.count += len(x)
        self.sum = self.sum + x.sum(axis=0)
        self.squares = self.squares + (x**2).sum(axis=0)

    @property
    def mean(self) -> np.ndarray:
        return (self.sum / self.count).astype(np.float32)

    @property
    def sd(self) -> np.ndarray:
        variance = self.squares / self.count - (self.sum / self.count) ** 2
        return np.maximum(np.sqrt(np.maximum(variance, 0.0)), SMALLEST_SD).astype(np.float32)


@dataclass(frozen=True)
class Batch:
    """Stretches of sound, padded: x (N, T, 40) and y (N, T, D) standardised, lengths (N,), mask (N, T) of frames that count."""

    x: Tensor
    y: Tensor
    lengths: Tensor
    mask: Tensor

    @classmethod
    def of(cls, rows: Sequence[tuple[np.ndarray, np.ndarray, int]]) -> Batch:
        """Pad rows (x, y, how many frames of it count)."""
        longest = max(len(x) for x, _, _ in rows)
        x = np.zeros((len(rows), longest, rows[0][0].shape[1]), np.float32)
        y = np.zeros((len(rows), longest, rows[0][1].shape[1]), np.float32)
        mask = np.zeros((len(rows), longest), bool)
        for n, (features, codes, counted) in enumerate(rows):
            x[n, : len(features)] = features
            y[n, : len(codes)] = codes
            mask[n, :counted] = True
        lengths = torch.tensor([len(features) for features, _, _ in rows])
        return cls(torch.from_numpy(x), torch.from_numpy(y), lengths, torch.from_numpy(mask))


def training_batches(
    clips: Clips,
    statistics: Statistics,
    *,
    rng: np.random.Generator,
    batch: int,
    segment: int | None,
    lookahead: int | None,
    balance: float,
    augmentation: Augmentation,
) -> Iterator[Batch]:
    """One epoch: as many frames as the clips have, in random order, voices balanced.

    Frames whose window is cut by the end of a stretch, though the sound goes on, do not count.
    """
    rows = []
    for index in _draw(clips, rng, segment, balance):
        features, codes = clips.load(index)
        begin, end = 0, len(features)
        if segment is not None and end > segment:
            begin = int(rng.integers(0, end - segment + 1))
            end = begin + segment
        cut = 0 if end == len(features) else min(lookahead or 0, (end - begin) // 2)
        x = augment(features[begin:end], statistics.feature_sd, augmentation, rng)
        x = standardise(x, statistics.feature_mean, statistics.feature_sd)
        y = statistics.standard_codes(codes[begin:end])
        rows.append((x, y, end - begin - cut))
        if len(rows) == batch:
            yield Batch.of(rows)
            rows = []
    if rows:
        yield Batch.of(rows)


def whole_clips(clips: Clips, statistics: Statistics) -> Iterator[Batch]:
    """Every clip as it is, one per batch, for validation."""
    for index in range(len(clips)):
        features, codes = clips.load(index)
        x = standardise(features, statistics.feature_mean, statistics.feature_sd)
        y = statistics.standard_codes(codes)
        yield Batch.of([(x, y, len(x))])


def _draw(clips: Clips, rng: np.random.Generator, segment: int | None, balance: float) -> np.ndarray:
    """Indices of clips, one per stretch."""
    frames = np.array([clip.frames for clip in clips.clips], np.float64)
    if segment is None and balance == 1.0:
        return rng.permutation(len(frames))
    voices: dict[str, float] = {}
    for clip in clips.clips:
        voices[clip.speaker] = voices.get(clip.speaker, 0.0) + clip.frames
    # A short clip is one short stretch, a long one as many as it takes to hear it all.
    stretches = np.ones(len(frames)) if segment is None else np.maximum(frames / segment, 1.0)
    share = stretches * np.array([voices[clip.speaker] ** (balance - 1.0) for clip in clips.clips])
    count = int(np.ceil(stretches.sum()))
    # Systematic sampling: each clip comes as often as its share says, to one; the order is random.
    points = (rng.random() + np.arange(count)) / count
    edges = np.cumsum(share / share.sum())
    return rng.permutation(np.minimum(np.searchsorted(edges, points), len(frames) - 1))
