"""Clips and statistics: damage is named, moments are those of all frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import Clip, Corpus, clip_path, write_clip
from th_training.learn.data import Clips, Statistics


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


def test_clips_with_codes_of_another_width_are_left_out_in_every_split(make_corpus: Callable[..., Corpus]) -> None:
    corpus = make_corpus(train=3, validation=1, test=2)
    for name in ("train2", "test0"):
        clip = next(c for c in corpus.clips if c.id == name)
        arrays = {"features": np.zeros((clip.frames, 40), np.float32), "codes": np.zeros((clip.frames, 3), np.float32)}
        np.savez(clip_path(corpus.folder, name), **arrays)
    found = {split: Clips.of(corpus, split) for split in ("train", "test")}
    assert {s: list(c.left_out) for s, c in found.items()} == {"train": ["train2"], "test": ["test0"]}
    assert found["test"].left_out["test0"] == "codes of 3 numbers, others have 16"
