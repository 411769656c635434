"""Batches of stretches with masks, an epoch of them planned at once and divided among processes.

All that is random comes from (seed, stage, epoch) and, for what is drawn for a stretch, from its number in the epoch: a run that was
killed goes on as if it had not been, and any number of processes draw the same epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from th_face_predictor.predictor import standardise
from th_training.learn.augment import Augmentation, at_pace, augment, draw_factor, frames_at_pace
from th_training.learn.data import Clips, Statistics

WINDOW = 4
"""Steps whose stretches are sorted by length: of whole clips of 2 to 8 s every tenth frame is padding, instead of every fourth."""

NONE = Augmentation()

PLAN, STRETCH, DROPOUT = range(3)
"""What is drawn: streams of random numbers that have nothing to do with each other."""


def seed_of(seed: Sequence[int], kind: int, index: int = 0) -> np.random.SeedSequence:
    """The seed of one kind of draw (PLAN, STRETCH, DROPOUT) in the epoch that `seed` names."""
    return np.random.SeedSequence(list(seed), spawn_key=(kind, index))


@dataclass(frozen=True)
class Stretch:
    """Frames begin..end of a clip, spoken faster by `pace`, of which the first `counted` count; `number` is its place in the epoch."""

    number: int
    clip: int
    begin: int
    end: int
    counted: int
    pace: float = 1.0


@dataclass(frozen=True)
class Batch:
    """Stretches of sound, padded.

    Attributes:
        x, y: (N, T, inputs) and (N, T, D), standardised.
        lengths: frames of each (N,).
        mask: frames that count (N, T).
        weight: by which the mean error of these frames is multiplied, so that the mean over all processes is the mean over all
            frames of the step; 1 in one process, 0 where this process has nothing of its own to do in the step.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor
    mask: Tensor
    weight: float = 1.0

    @classmethod
    def of(cls, rows: Sequence[tuple[np.ndarray, np.ndarray, int]], weight: float = 1.0) -> Batch:
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
        return cls(torch.from_numpy(x), torch.from_numpy(y), lengths, torch.from_numpy(mask), weight)


def plan_epoch(
    clips: Clips,
    *,
    seed: Sequence[int],
    batch: int,
    segment: int | None,
    lookahead: int | None,
    balance: float,
    augmentation: Augmentation = NONE,
) -> list[list[Stretch]]:
    """The steps of one epoch: as many frames as the clips have, in random order, voices balanced.

    Frames whose window is cut by the end of a stretch, though the sound goes on, do not count. Stretches of like length share a step: of
    each WINDOW steps' worth, drawn at random, the stretches are sorted, and steps come in random order.
    """
    rng = np.random.default_rng(seed_of(seed, PLAN))
    stretches = []
    for number, index in enumerate(_draw(clips, rng, segment, balance)):
        frames = clips.clips[index].frames
        begin, end = 0, frames
        if segment is not None and end > segment:
            begin = int(rng.integers(0, end - segment + 1))
            end = begin + segment
        pace = draw_factor(augmentation.pace, rng)
        heard = frames_at_pace(end - begin, pace)
        cut = 0 if end == frames else min(lookahead or 0, heard // 2)
        stretches.append(Stretch(number, int(index), begin, end, heard - cut, pace))
    window = WINDOW * batch
    blocks = (stretches[i : i + window] for i in range(0, len(stretches), window))
    alike = [s for block in blocks for s in sorted(block, key=lambda s: s.end - s.begin)]
    steps = [alike[i : i + batch] for i in range(0, len(alike), batch)]
    return [steps[i] for i in rng.permutation(len(steps))]


def training_batches(
    clips: Clips,
    statistics: Statistics,
    plan: Sequence[Sequence[Stretch]],
    *,
    seed: Sequence[int],
    augmentation: Augmentation,
    rank: int = 0,
    processes: int = 1,
) -> Iterator[Batch]:
    """What the process `rank` of `processes` does of each step of `plan`: every process has as many batches."""
    for step in plan:
        mine = step[rank::processes]
        weight = processes * sum(s.counted for s in mine) / sum(s.counted for s in step)
        rows = []
        for stretch in mine or step[:1]:
            rng = np.random.default_rng(seed_of(seed, STRETCH, stretch.number))
            features, codes = clips.load(stretch.clip)
            x, y = features[stretch.begin : stretch.end], codes[stretch.begin : stretch.end]
            x, y = at_pace(x, y, stretch.pace)
            if augmentation != NONE:
                x = augment(x, statistics.feature_sd, augmentation, rng, profile=clips.corpus.profile)
            x = standardise(x, statistics.feature_mean, statistics.feature_sd)
            rows.append((x, statistics.standard_codes(y), stretch.counted))
        yield Batch.of(rows, weight)


def whole_clip(clips: Clips, statistics: Statistics, index: int) -> Batch:
    """One clip as it is, for validation."""
    features, codes = clips.load(index)
    x = standardise(features, statistics.feature_mean, statistics.feature_sd)
    return Batch.of([(x, statistics.standard_codes(codes), len(x))])


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
