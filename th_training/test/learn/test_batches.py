"""Batches: masks are right, voices are balanced, draws come again, processes share an epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from th_face_predictor.predictor import standardise
from th_training.corpus.format import Corpus, write_manifest
from th_training.learn.augment import Augmentation
from th_training.learn.batches import Batch, _draw, plan_epoch, training_batches
from th_training.learn.data import Clips, Statistics
from th_training.learn.loss import masked_error

NONE = Augmentation()


def batches(
    corpus: Corpus,
    *,
    seed: int = 0,
    segment: int | None = 60,
    augmentation: Augmentation = NONE,
    rank: int = 0,
    processes: int = 1,
    size: int = 4,
) -> list[Batch]:
    clips = Clips.of(corpus, "train")
    plan = plan_epoch(clips, seed=(seed, 0, 0), batch=size, segment=segment, lookahead=8, balance=1.0)
    return list(
        training_batches(
            clips,
            Statistics.of(clips),
            plan,
            seed=(seed, 0, 0),
            augmentation=augmentation,
            rank=rank,
            processes=processes,
        )
    )


def test_stretches_are_cut_padded_and_masked(corpus: Corpus) -> None:
    got = batches(corpus)
    assert sum(int(b.lengths.sum()) for b in got) == pytest.approx(Clips.of(corpus, "train").frames, rel=0.1)
    for b in got:
        assert b.x.shape[1] == int(b.lengths.max()) <= 60
        counted = b.mask.sum(1)
        # A stretch ends within its clip (its last 8 frames see a cut window) or with it.
        assert set((b.lengths - counted).tolist()) <= {0, 8}
    whole = batches(corpus, segment=None)
    assert sorted(n for b in whole for n in b.lengths.tolist()) == sorted(c.frames for c in corpus.split("train"))
    for b in whole:
        assert (b.mask.sum(1) == b.lengths).all()
        for row, length in enumerate(b.lengths.tolist()):
            assert not b.mask[row, length:].any()
            assert not b.x[row, length:].any()


def test_draws_come_again_with_the_seed(corpus: Corpus) -> None:
    how = Augmentation(gain=6.0, channel=0.1, pitch=2.0, noise=0.1)
    one, two, other = (batches(corpus, seed=seed, augmentation=how) for seed in (1, 1, 2))
    assert all(a.x.equal(b.x) and a.y.equal(b.y) for a, b in zip(one, two, strict=True))
    assert not one[0].x.equal(other[0].x)


def test_voices_are_balanced(make_corpus: Callable[..., Corpus]) -> None:
    corpus = make_corpus(train=12, frames=30)
    speakers = ["often"] * 9 + ["seldom"] * 3
    named = [replace(c, speaker=s) for c, s in zip(corpus.split("train"), speakers, strict=True)]
    clips = Clips.of(write_manifest(corpus.folder, named, profile="robot"), "train")

    def share(balance: float, segment: int | None) -> float:
        rng = np.random.default_rng(0)
        drawn = Counter(clips.clips[i].speaker for _ in range(40) for i in _draw(clips, rng, segment, balance))
        return drawn["seldom"] / drawn.total()

    for segment in (None, 20):
        assert share(1.0, segment) == pytest.approx(0.25, abs=0.02)
        assert share(0.0, segment) == pytest.approx(0.5, abs=0.02)
        assert 0.3 < share(0.5, segment) < 0.45


def test_processes_divide_every_step(corpus: Corpus) -> None:
    how = Augmentation(gain=6.0, noise=0.1)
    # 24 clips in steps of 5: the last one has 4, for 5 processes one has nothing of its own.
    for processes in (2, 5):
        alone = batches(corpus, segment=None, augmentation=how, size=5)
        shares = [
            batches(corpus, segment=None, augmentation=how, size=5, rank=r, processes=processes)
            for r in range(processes)
        ]
        for whole, *parts in zip(alone, *shares, strict=True):
            assert sum(p.weight for p in parts) == pytest.approx(processes)
            zero = torch.zeros(whole.y.shape)
            weights = torch.ones(16)
            together = sum(
                p.weight * masked_error(torch.zeros(p.y.shape), p.y, p.mask, weights=weights) / processes for p in parts
            )
            assert float(together) == pytest.approx(masked_error(zero, whole.y, whole.mask, weights=weights).item())
            rows = [p.x[n, :length] for p in parts if p.weight for n, length in enumerate(p.lengths.tolist())]
            expected = [whole.x[n, :length] for n, length in enumerate(whole.lengths.tolist())]
            assert sorted(float(x.sum()) for x in rows) == sorted(float(x.sum()) for x in expected)


def test_clips_of_like_length_share_a_step(make_corpus: Callable[..., Corpus]) -> None:
    corpus = make_corpus(train=48, frames=60)  # 40 to 80 frames
    clips = Clips.of(corpus, "train")
    plans = [plan_epoch(clips, seed=(s, 0, 0), batch=6, segment=None, lookahead=None, balance=1.0) for s in range(3)]
    for plan in plans:
        padded = sum(len(step) * max(s.end for s in step) for step in plan)
        assert padded < 1.1 * clips.frames
        assert sorted(s.clip for step in plan for s in step) == list(range(48))
    assert len({tuple(s.clip for s in plan[0]) for plan in plans}) == 3


def test_pace_changes_lengths_and_keeps_features_and_codes_together(corpus: Corpus) -> None:
    clips = Clips.of(corpus, "train")
    statistics = Statistics.of(clips)
    how = Augmentation(pace=0.3)
    plan = plan_epoch(clips, seed=(0, 0, 0), batch=4, segment=60, lookahead=8, balance=1.0, augmentation=how)
    paces = [s.pace for step in plan for s in step]
    assert min(paces) < 0.9
    assert max(paces) > 1.1
    for step, batch in zip(
        plan, training_batches(clips, statistics, plan, seed=(0, 0, 0), augmentation=how), strict=True
    ):
        assert batch.lengths.tolist() == [round(60 / s.pace) for s in step]
        assert batch.mask.sum(1).tolist() == [s.counted for s in step]
        assert all(0 <= n - s.counted <= 8 for n, s in zip(batch.lengths.tolist(), step, strict=True))
        for n, s in enumerate(step):
            features, codes = clips.load(s.clip)
            last = int(batch.lengths[n]) - 1
            for at, row in ((0, s.begin), (last, s.end - 1)):
                assert np.allclose(batch.y[n, at], statistics.standard_codes(codes[row : row + 1])[0], atol=1e-5)
                x = standardise(features[row : row + 1], statistics.feature_mean, statistics.feature_sd)[0]
                assert np.allclose(batch.x[n, at, :13], x[:13], atol=1e-4)
