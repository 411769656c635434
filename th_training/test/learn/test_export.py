"""A training and its face become a folder that runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from th_common.errors import InputError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_renderer import load_face
from th_face_renderer.testing import synthetic_model
from th_training import cli
from th_training.aam.encode_corpus import face_and_id
from th_training.aam.files import write_face
from th_training.corpus.format import Corpus, write_manifest
from th_training.learn.recipes import PHONEMES, Recipe, Stage
from th_training.learn.train import train

TINY = Recipe(name="tiny", units=8, lookahead=2, stages=(Stage(epochs=1),), batch=4)


@pytest.fixture
def trained(make_corpus: Callable[..., Corpus], tmp_path: Path) -> Corpus:
    corpus = make_corpus(train=4, frames=50, phones=True)
    write_face(corpus.folder / "face.safetensors", synthetic_model(side=64))
    _, face = face_and_id(corpus.folder / "face.safetensors")
    corpus = write_manifest(corpus.folder, corpus.clips, profile="robot", face=face, face_file="face.safetensors")
    train(corpus, TINY, tmp_path / "run")
    return corpus


def test_a_folder_that_runs(trained: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "mine"
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", str(tmp_path / "run"), str(model), "--face", str(trained.folder), "--licence", "CC0-1.0"])
    assert stop.value.code == 0
    assert "mine, BBF, profile robot, lookahead 2 frames" in capsys.readouterr().out.replace("\n", "")
    card = read_card(model)
    assert (card.name, card.licence, card.lookahead) == ("mine", "CC0-1.0", 2)
    assert card.training["recipe"]["name"] == "tiny"
    codes = load_predictor(model).predict(trained.load(trained.clips[0])[0])
    assert load_face(model).render(codes[0], size=(64, 64)).shape == (64, 64, 3)
    assert np.isfinite(codes).all()


def test_what_does_not_belong_together_is_said(trained: Corpus, tmp_path: Path) -> None:
    from th_training.learn.export import export

    other = tmp_path / "other.safetensors"
    write_face(other, synthetic_model(side=64, seed=1))
    with pytest.raises(InputError, match="is not the face whose codes were learnt"):
        export(tmp_path / "run", tmp_path / "out", face=other)
    with pytest.raises(InputError, match="no finished training"):
        export(tmp_path / "nothing", tmp_path / "out", face=trained.folder)
    train(trained, replace(TINY, inputs=PHONEMES), tmp_path / "phonemes")
    with pytest.raises(InputError, match="hears phonemes"):
        export(tmp_path / "phonemes", tmp_path / "out", face=trained.folder)
    assert not (tmp_path / "out").exists()
