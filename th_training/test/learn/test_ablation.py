"""The ablation compares rows by clip, on folds, and never reads what is set aside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from th_common.errors import InputError
from th_training.corpus.format import Corpus, clip_path, read_corpus
from th_training.learn.ablation import ROWS, ablate, app, read_row, set_aside

SMALL = "units=8 batch=6 epochs=3 learning_rate=0.02 dropout=0 limited=false"
LEARNS = f"learns: paper {SMALL}"
HARDLY = f"hardly: paper {SMALL.replace('0.02', '0.00001')}"


def test_rows_of_the_document_can_be_read() -> None:
    names = [read_row(row)[0] for row in ROWS]
    assert names[0] == "paper"
    assert len(set(names)) == len(names)
    for name, recipe in map(read_row, ROWS):
        assert recipe.units == 262, name
    for wrong in ("best", ": best", "name:", "name: magic", "name: best speed=3"):
        with pytest.raises(InputError):
            read_row(wrong)


def test_better_rows_are_told_from_worse_and_test_clips_are_not_read(
    make_corpus: Callable[..., Corpus], tmp_path: Path
) -> None:
    corpus = make_corpus(train=12, validation=2, test=3, frames=60)
    for clip in corpus.split("test"):
        clip_path(corpus.folder, clip.id).unlink()
    seen = []
    outcomes = ablate(
        corpus, [HARDLY, LEARNS], tmp_path / "out", folds=2, report=lambda done: seen.append(done.job.name)
    )
    assert len(seen) == 4
    worse, better = outcomes
    assert (worse.clips, worse.gains) == (14, None)
    assert better.gains is not None
    assert better.gains["corr"].low > 0
    assert better.gains["corr"].value == pytest.approx(better.figures["corr"].value - worse.figures["corr"].value)
    text = (tmp_path / "out" / "ablation.md").read_text()
    assert "14 clips in 2 folds" in text
    assert "test0, test1, test2" in text
    assert "| learns |" in text
    rows = json.loads((tmp_path / "out" / "ablation.json").read_text())["rows"]
    assert [row["name"] for row in rows] == ["hardly", "learns"]


def test_command_keeps_what_is_done(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=6, validation=0, test=0, frames=50)
    arguments = [str(corpus.folder), str(tmp_path / "out"), "--folds", "2", "--row", LEARNS]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    weights = sorted((tmp_path / "out").rglob("predictor.safetensors"))
    assert len(weights) == 2
    before = [path.stat().st_mtime_ns for path in weights]
    again = CliRunner().invoke(app, [*arguments, "--row", HARDLY])
    assert again.exit_code == 0
    assert "| hardly |" in again.output
    assert [path.stat().st_mtime_ns for path in weights] == before


def test_what_cannot_be_compared(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=0, validation=0, test=2, frames=50)
    with pytest.raises(InputError, match="set aside"):
        set_aside(read_corpus(corpus.folder))
    with pytest.raises(InputError, match="names that differ"):
        ablate(corpus, [LEARNS, LEARNS], tmp_path)
    with pytest.raises(InputError, match="0 seeds"):
        ablate(corpus, [LEARNS], tmp_path, seeds=0)
