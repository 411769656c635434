"""`make lookahead-study`: what is trained, what is only cut off, what is kept, and the page."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from th_training.evaluate import lookahead, table1
from th_training.evaluate.intervals import Interval
from th_training.evaluate.lookahead import LOOKAHEADS, Study, recipe_of
from th_training.evaluate.lookahead_page import Row, chosen
from th_training.evaluate.table1 import ACTOR
from th_training.learn.folds import read_predictions
from th_training.learn.recipes import PAPER, RECIPES, Stage, at_lookahead
from th_training.learn.trained import read_trained

QUICK = replace(PAPER, name="quick", units=8, stages=(Stage(epochs=2, limited=False),))


@pytest.fixture
def study(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(
        lookahead,
        "recipe_of",
        lambda r: QUICK if r is None else replace(at_lookahead(QUICK, r), name=f"lookahead-{r}"),
    )
    shutil.copytree(corpus.folder, tmp_path / "work" / "actor")
    return Study(ACTOR, corpus, tmp_path / "work", folds=3, first=2)


def test_what_is_trained_for_a_lookahead_is_best_computed_as_live():
    whole = recipe_of(None)
    assert whole == RECIPES["best"]  # the same trainings as those of `make table1`
    for frames in LOOKAHEADS:
        recipe = recipe_of(frames)
        assert recipe.lookahead == frames
        assert recipe.stages[-1].limited
        assert replace(recipe, name="best", lookahead=None, stages=whole.stages) == whole


def test_the_cut_network_is_that_of_whole_sequences(study):
    study.train((0, None), 1)
    whole, trained = read_predictions(study.place(None)), read_predictions(study.place(0))
    all_of_it, cut = study.truncated(1000), study.truncated(0)
    assert set(cut) == set(whole) == set(all_of_it)
    clips = {clip.id: clip for clip in study.corpus.clips}
    predictor = replace(read_trained(study.place(None) / "fold-01"), lookahead=0).predictor()
    mine = [clip for clip in cut if np.array_equal(cut[clip], predictor.predict(study.corpus.load(clips[clip])[0]))]
    assert len(mine) == 7  # of 20 clips in three folds
    for clip, codes in whole.items():
        np.testing.assert_allclose(all_of_it[clip], codes, atol=1e-5)
        assert np.abs(cut[clip] - codes).max() > 1e-3
        assert np.abs(cut[clip] - trained[clip]).max() > 1e-3
    rows = study.rows((0, None))
    assert [row.lookahead for row in rows] == [0, None]
    assert rows[0].clips == len(whole)
    assert rows[0].cut is not None
    assert rows[0].cut["corr"][0] != rows[0].trained["corr"][0]
    assert rows[0].ms > 0
    assert rows[1].cut is None
    assert rows[1].trained["corr"][1].value == 0


def test_from_a_corpus_to_page_and_plot(study, tmp_path, monkeypatch):
    docs = tmp_path / "docs"
    docs.mkdir()
    monkeypatch.setattr(table1, "subjects", lambda recordings: [ACTOR])
    monkeypatch.setattr(lookahead, "LOOKAHEADS", (0, 3))

    def run(first: int) -> list[str]:
        lookahead.study(study.work, docs, folds=3, first=first, jobs=1, seed=0, recordings=tmp_path / "none")
        return (docs / "lookahead.md").read_text(encoding="utf-8").splitlines()

    page = run(1)
    kept = (study.place(3) / "fold-01" / "predictor.safetensors").stat().st_mtime_ns
    assert not (study.place(3) / "fold-02").exists()
    assert any("ARGS='--first 1'" in line for line in page)
    page = run(2)
    assert (study.place(3) / "fold-01" / "predictor.safetensors").stat().st_mtime_ns == kept
    table = [line for line in page if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in table] == ["lookahead, ms", "---", "0", "50", "full"] * 2
    assert len({line.count("|") for line in table}) == 1
    assert "CORR" in table[0]
    assert "lip opening r" in table[5]
    assert any("2 of 3 folds" in line for line in page)
    assert any(line.startswith("- `live`: ") for line in page)
    svg = (docs / "images" / "lookahead.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert all(word in svg for word in ("CORR", "lip opening r", "lookahead, ms", "cut off"))


def test_the_smallest_lookahead_that_loses_little_enough():
    def row(frames: int | None, loss: float) -> Row:
        return Row(frames, 9, {"corr": (Interval(0.7 - loss, 0, 1), Interval(-loss, -1, 0))}, None, 0.2)

    rows = [row(0, 0.03), row(2, 0.015), row(4, 0.012), row(6, 0.005), row(None, 0.0)]
    assert {name: one.lookahead for name, one in chosen(rows).items()} == {"live": 2, "quality": 6}
    assert chosen([rows[0], rows[-1]])["live"].lookahead is None
