"""`make table1`: which corpora and recipes, what is kept, and the page that it writes."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pytest

from th_common.errors import InputError
from th_training.evaluate import table1
from th_training.evaluate.report import Options, write_report
from th_training.evaluate.table1 import ACTOR, LEVEL, make, recipes, subjects
from th_training.evaluate.table1_page import table1_page
from th_training.learn.recipes import PAPER, Stage

QUICK = replace(PAPER, name="quick", units=8, stages=(Stage(epochs=1, limited=False),))


def test_real_recordings_come_first_where_they_are_there(tmp_path):
    assert subjects(tmp_path / "none") == [ACTOR, LEVEL]
    (tmp_path / "grid_s1").mkdir()
    grid, *actor = subjects(tmp_path)
    assert grid.make == ("grid", str(tmp_path / "grid_s1"))
    assert actor == [ACTOR, LEVEL]


def test_the_articles_six_networks_first():
    names = [recipe.name for recipe in recipes(ACTOR)]
    assert sorted(names[:3]) == ["paper-BBF", "paper-BFF", "paper-FBF"]
    assert sorted(names[3:6]) == ["phonemes-BBF", "phonemes-BFF", "phonemes-FBF"]
    assert all(recipe.centre for recipe in recipes(ACTOR))


def test_how_the_face_is_held_is_learnt_where_a_clips_own_level_is_left_in():
    assert [recipe.name for recipe in recipes(LEVEL)] == ["paper-BBF", "phonemes-BBF", "best-level-1"]
    assert all(recipe.level == 1.0 for recipe in recipes(LEVEL))
    assert not any(recipe.centre for recipe in recipes(LEVEL))
    assert LEVEL.make == ACTOR.make


def test_a_corpus_that_cannot_be_made(tmp_path, capfd):
    with pytest.raises(InputError, match=r"th corpus grid .* failed"):
        make(replace(ACTOR, name="grid", make=("grid", str(tmp_path / "nowhere"))), tmp_path)
    assert "nowhere" in capfd.readouterr().err


def test_from_a_corpus_to_the_page(corpus, tmp_path, monkeypatch, capsys):
    work, docs = tmp_path / "work", tmp_path / "docs"
    monkeypatch.setattr(table1, "recipes", lambda subject: [QUICK, replace(QUICK, name="other", seed=1)])
    monkeypatch.setattr(table1, "subjects", lambda recordings: [ACTOR])
    monkeypatch.setattr(table1, "EXAMPLES", 0)
    shutil.copytree(corpus.folder, work / "actor")
    docs.mkdir()

    def run(*, train: bool) -> None:
        table1.table1(work, docs, folds=2, jobs=1, seed=0, recordings=tmp_path / "none", train=train)

    with pytest.raises(InputError, match="nothing is trained"):
        run(train=False)
    run(train=True)
    [quick] = (work / "runs" / "actor").glob("quick-*")
    [other] = (work / "runs" / "actor").glob("other-*")
    first = (quick / "fold-01" / "predictor.safetensors").stat().st_mtime_ns
    (docs / "table1.md").unlink()
    run(train=True)
    assert (quick / "fold-01" / "predictor.safetensors").stat().st_mtime_ns == first
    # as software whose recipes had fewer fields would have left it, and one that is no fold of this corpus
    told = json.loads((quick / "folds.json").read_text())
    for fold in told["folds"]:
        del fold["figures"]["recipe"]["velocity"]
    (quick / "folds.json").write_text(json.dumps(told))
    quick.rename(quick.with_name("quick-01234567"))
    shutil.copytree(other, other.with_name("other-01234567"))
    told["folds"].reverse()
    (other.with_name("other-01234567") / "folds.json").write_text(json.dumps(told))
    (other / "folds.json").unlink()
    run(train=False)
    assert "not in the report: other" in capsys.readouterr().out
    page = (docs / "table1.md").read_text(encoding="utf-8")
    assert "| quick |" in page
    assert "| other |" not in page
    assert "`broken`" in page


def test_the_page_holds_the_reports_figures(parts, face, blurred, tmp_path):
    methods = [blurred("p-FBF", 0.5, network="FBF"), blurred("c-FBF", 1.5, "comparative", "FBF")]
    work, docs = tmp_path / "work", tmp_path / "docs"
    notes = {
        "training": "3 minutes, all folds together",
        "machine": "a machine",
        "command": "make table1",
        "note": "Of note.",
    }
    told = write_report(
        parts, methods, work / "report-actor", face=face, options=Options(centre=False, examples=1, notes=notes)
    )
    page = table1_page([("actor", "The actor", told)], work, docs, command="make table1")
    value, low, high = told["methods"]["p-FBF"]["corr"]
    assert f"| proposed | {value:.3f} ({low:.3f} .. {high:.3f}) | – | – | {value:.3f} | 0.38857 |" in page
    for name in ("ridge", "mean trajectory", "mean code", "shuffled sound", "happy (10)", "neutral (10)", "true codes"):
        assert f"| {name} |" in page
    assert "3 minutes" in page
    assert "a machine" in page
    assert "Of note." in page
    gain = next(d for d in told["differences"] if d["other"] == "c-FBF")["corr"]
    assert f"**{gain[0]:+.3f} ({gain[1]:+.3f} .. {gain[2]:+.3f})**" in page
    for image in re.findall(r"\]\((images/[^)]+)\)", page):
        assert (docs / image).is_file()
    assert (docs / "images" / "table1-actor.jpg").is_file()
    widths = [line.count("|") for line in page.splitlines() if line.startswith("|")]
    assert min(widths) >= 3
