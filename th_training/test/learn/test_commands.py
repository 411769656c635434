"""`th train` as people type it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from th_training import cli
from th_training.corpus.format import Corpus
from th_training.learn.folds import read_folds
from th_training.learn.train import read_trained


def th(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", *map(str, arguments)])
    code = stop.value.code
    assert isinstance(code, int)
    return code


QUICK = ("--set", "epochs=1", "--units", 10, "--no-tensorboard")


def test_one_training(make_corpus: Callable[..., Corpus], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = make_corpus(train=3, frames=50)
    out = tmp_path / "out"
    assert th(corpus.folder, out, "--units", 10, "--lookahead", 2, "--set", "epochs=1") == 0
    told = capsys.readouterr().out
    assert "stage 1/1  epoch   1/1  loss" in told
    assert "CORR" in told
    assert f"tensorboard --logdir {out}" in told.replace("\n", "")
    assert read_trained(out).lookahead == 2
    assert (out / "tensorboard").is_dir()
    assert th(corpus.folder, out, "--units", 12) == 1
    assert "--again" in capsys.readouterr().err
    assert th(corpus.folder, out, "--units", 12, "--again", "--set", "epochs=1", "--no-tensorboard") == 0
    assert not (out / "tensorboard").exists()
    assert th(tmp_path, out) == 1
    assert "not a finished corpus" in capsys.readouterr().err


def test_without_validation_clips_it_says_so(
    make_corpus: Callable[..., Corpus], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert th(make_corpus(train=1, validation=0, test=0, frames=50).folder, tmp_path / "out", *QUICK) == 0
    assert "no validation clips: the training error decided" in capsys.readouterr().out


def test_several_recipes(
    make_corpus: Callable[..., Corpus], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = make_corpus(train=8, frames=50)
    recipes = ("--recipe", "paper-FBF", "--recipe", "phonemes")
    # The corpus has no phones: the comparative network fails, the other one does not.
    assert th(corpus.folder, tmp_path, *recipes, "--split", "paper", *QUICK) == 1
    captured = capsys.readouterr()
    assert "array 'phones' is missing" in captured.out
    assert "1 of 2 trainings failed" in captured.err
    assert read_trained(tmp_path / "paper-FBF").figures["corpus"]["clips"] == {"train": 12, "validation": 1, "test": 1}
    assert not (tmp_path / "phonemes-BBF" / "training.json").exists()


def test_folds(make_corpus: Callable[..., Corpus], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = make_corpus(train=4, frames=50)
    assert th(corpus.folder, tmp_path, "--folds", 2, *QUICK) == 0
    assert "default fold 2/2" in capsys.readouterr().out
    assert set(read_folds(tmp_path).predictions) == {clip.id for clip in corpus.clips}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--split", "thirds"), "--split is corpus or paper"),
        (("--recipe", "magic"), "no recipe 'magic'"),
        (("--network", "BBB"), "no network 'BBB'"),
        (("--set", "speed=9"), "there is no 'speed'"),
        (("--folds", "2", "--devices", "2"), "run on the CPU"),
        (("--folds", "1"), "folds, not 1"),
        (("--accelerator", "abacus"), "training cannot run so"),
    ],
)
def test_what_cannot_be(
    options: tuple[str, ...],
    complaint: str,
    make_corpus: Callable[..., Corpus],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert th(make_corpus(train=2, frames=50).folder, tmp_path / "out", *options) == 1
    assert complaint in capsys.readouterr().err
