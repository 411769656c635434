"""Folds: every clip is predicted by a network that has not heard it, and a killed run goes on."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import Corpus, clip_path
from th_training.learn.folds import FOLDS, fold_jobs, predict_folds, read_folds, read_predictions
from th_training.learn.recipes import Recipe, Stage
from th_training.learn.several import Done, Job, run_jobs
from th_training.learn.train import read_trained

TINY = Recipe(name="tiny", units=8, stages=(Stage(epochs=2, limited=False),), batch=4, centre=True)


def test_every_clip_is_predicted_by_who_has_not_heard_it(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=7, validation=1, test=1, frames=60)
    clip_path(corpus.folder, "train3").write_bytes(b"PK")
    held = predict_folds(corpus, TINY, 3, tmp_path, seed=1)
    ids = {clip.id for clip in corpus.clips}
    assert set(held.predictions) == ids - {"train3"}
    assert "damaged" in held.left_out["train3"]
    assert sorted(clip for fold in held.folds for clip in fold.test) == sorted(ids)
    for n, fold in enumerate(held.folds):
        assert set(fold.train) | set(fold.validation) | set(fold.test) == ids
        assert not set(fold.test) & (set(fold.train) | set(fold.validation))
        predictor = read_trained(tmp_path / f"fold-{n + 1:02d}").predictor()
        clip = next(c for c in corpus.clips if c.id in fold.test and c.id != "train3")
        codes = predictor.predict(corpus.load(clip)[0])
        assert np.array_equal(held.predictions[clip.id], codes)
        # Absolute codes: around the recorded mean, though clips are centred for training.
        assert codes.mean() == pytest.approx(corpus.load(clip)[1].mean(), abs=0.3)


def test_a_killed_run_keeps_its_folds(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=6, validation=0, test=0, frames=50)

    def kill(done: Done) -> None:
        if done.job.out.name == "fold-02":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_folds(corpus, TINY, 3, tmp_path, report=kill)
    with pytest.raises(InputError, match="holds no finished folds"):
        read_folds(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/predictor.safetensors")}
    assert len(times) == 2
    assert set(predict_folds(corpus, TINY, 3, tmp_path).predictions) == {clip.id for clip in corpus.clips}
    assert all(path.stat().st_mtime_ns == then for path, then in times.items())
    assert set(read_predictions(tmp_path)) == {clip.id for clip in corpus.clips}
    (tmp_path / "predictions" / "train1.npz").write_bytes(b"half")
    with pytest.raises(InputError, match=r"train1\.npz: missing or damaged"):
        read_predictions(tmp_path)
    with pytest.raises(InputError, match=r"fold 1/3.*another recipe"):
        predict_folds(corpus, replace(TINY, units=10), 3, tmp_path)
    assert not (tmp_path / FOLDS).exists()


def test_folds_that_cannot_be(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=2, validation=0, test=0, frames=50)
    with pytest.raises(InputError, match="2 sources"):
        predict_folds(corpus, TINY, 3, tmp_path)


def test_jobs_go_to_other_processes(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    jobs = fold_jobs(make_corpus(train=4, frames=50), TINY, 2, tmp_path, seed=0, threads=1)
    assert pickle.loads(pickle.dumps(jobs)) == jobs


def test_folders_of_others_are_refused(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, validation=0, test=0, frames=50)
    predict_folds(corpus, TINY, 2, tmp_path)
    whole = json.loads((tmp_path / FOLDS).read_text())
    for change in ({"test": ["../../x"]}, {"test": [5]}, {"figures": None}, {"figures": {}}, {"test": None}):
        folds = [{**whole["folds"][0], **change}, *whole["folds"][1:]]
        (tmp_path / FOLDS).write_text(json.dumps({**whole, "folds": folds}))
        with pytest.raises(InputError, match=r"folds\.json: "):
            read_folds(tmp_path)
    (tmp_path / FOLDS).write_text(json.dumps({**whole, "folds": []}))
    with pytest.raises(InputError, match="holds no fold"):
        read_folds(tmp_path)
    (tmp_path / FOLDS).write_text(json.dumps(whole))
    np.savez(tmp_path / "predictions" / "train0.npz", codes=np.full((50, 16), "x"))
    with pytest.raises(InputError, match="are no codes"):
        read_folds(tmp_path)


def test_one_training_that_fails_for_any_reason_does_not_end_the_others(
    make_corpus: Callable[..., Corpus], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = make_corpus(train=3, validation=0, test=0, frames=50)
    jobs = [Job(name=n, corpus=corpus, recipe=TINY, out=tmp_path / n) for n in ("one", "two")]

    def no_memory(corpus: Corpus, recipe: Recipe, out: Path, **options: object) -> None:
        raise MemoryError(f"for {out.name}")

    monkeypatch.setattr("th_training.learn.train.train", no_memory)
    assert [done.failure for done in run_jobs(jobs, 1)] == ["MemoryError: for one", "MemoryError: for two"]
