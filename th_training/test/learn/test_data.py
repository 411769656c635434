"""Clips, statistics and batches: damage is named, masks are right, voices are balanced, draws come again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import Clip, Corpus, clip_path, write_clip, write_manifest
from th_training.learn.augment import Augmentation
from th_training.learn.data import Clips, Statistics, _draw, training_batches

NONE = Augmentation()


def batches(corpus: Corpus, *, seed: int = 0, centre: bool = False, **changes: object) -> list:
    clips = Clips.of(corpus, "train", centre=centre)
    options = {"batch": 4, "segment": 60, "lookahead": 8, "balance": 1.0, "augmentation": NONE} | changes
    rng = np.random.default_rng(seed)
    return list(training_batches(clips, Statistics.of(clips), rng=rng, **options))


def test_damaged_clips_are_left_out_by_name(make_corpus: Callable[..., Corpus]) -> None:
    corpus = make_corpus(train=6)
    clip_path(corpus.folder, "train1").write_bytes(b"PK")
    clip_path(corpus.folder, "train2").unlink()
    bad = next(c for c in corpus.clips if c.id == "train3")
    arrays = {"features": np.full((bad.frames, 40), np.nan), "codes": np.zeros((bad.frames, 16))}
    np.savez(clip_path(corpus.folder, "train3"), **arrays)
    short = write_clip(
        corpus.folder,
        Clip(id="blink", speaker="voice0", frames=1),
        features=np.zeros((1, 40), np.float32),
        codes=np.zeros((1, 16), np.float32),
    )
    corpus = replace(corpus, clips=(*corpus.clips, short))
    clips = Clips.of(corpus, "train")
    assert set(clips.left_out) == {"train1", "train2", "train3", "blink"}
    assert "damaged" in clips.left_out["train1"]
    assert "NaN" in clips.left_out["train3"]
    assert [c.id for c in clips.clips] == ["train0", "train4", "train5"]


def test_nothing_to_train_on_is_said(make_corpus: Callable[..., Corpus]) -> None:
    with pytest.raises(InputError, match="no clip to train on"):
        Statistics.of(Clips.of(make_corpus(train=0), "train"))


@pytest.mark.parametrize("centre", [False, True])
def test_statistics_are_those_of_all_frames(corpus: Corpus, centre: bool) -> None:
    clips = Clips.of(corpus, "train", centre=centre)
    s = Statistics.of(clips)
    raw = [corpus.load(c) for c in clips.clips]
    x, y = np.concatenate([x for x, _ in raw]), np.concatenate([y for _, y in raw])
    learnt = np.concatenate([y - y.mean(axis=0) for _, y in raw]) if centre else y
    assert s.feature_mean == pytest.approx(x.mean(axis=0), abs=1e-3)
    assert s.feature_sd == pytest.approx(x.std(axis=0), rel=1e-3)
    assert s.code_mean == pytest.approx(y.mean(axis=0), abs=1e-4)
    assert s.code_sd == pytest.approx(learnt.std(axis=0), rel=1e-3)
    assert s.target_mean == pytest.approx(learnt.mean(axis=0), abs=1e-4)


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
