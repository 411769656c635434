"""Training finds what is to be found, comes again with its seed, and goes on after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from th_common.errors import InputError
from th_face_predictor import PredictorStream
from th_training.corpus.format import Corpus
from th_training.learn.augment import Augmentation
from th_training.learn.checkpoint import CHECKPOINT
from th_training.learn.fit import DivergedError, Epoch
from th_training.learn.loss import masked_error
from th_training.learn.recipes import RECIPES, Recipe, Stage, find_recipe
from th_training.learn.train import Trained, train

QUICK = Recipe(
    name="quick",
    units=32,
    lookahead=6,
    dropout=0.0,
    stages=(
        Stage(epochs=12, learning_rate=4e-3, limited=False, segment=100),
        Stage(epochs=5, learning_rate=2e-3, limited=True, segment=100),
    ),
    batch=6,
)


@pytest.fixture(scope="module")
def trained(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    folder = tmp_path_factory.mktemp("out")
    return train(corpus.folder, QUICK, folder), folder


def test_it_learns(trained: tuple[Trained, Path]) -> None:
    figures = trained[0].figures
    for split in ("validation", "test"):
        assert figures[split]["corr"] > 0.9
        assert figures[split]["corr"] > figures[split]["baselines"]["mean_trajectory"]["corr"] + 0.5
        assert figures[split]["baselines"]["mean_code"]["corr"] == 0.0
        assert figures[split]["rmse"] < 0.5 * figures[split]["baselines"]["mean_code"]["rmse"]


def test_what_it_leaves(trained: tuple[Trained, Path], corpus: Corpus) -> None:
    result, folder = trained
    assert sorted(p.name for p in folder.iterdir()) == ["history.csv", "predictor.safetensors", "training.json"]
    assert json.loads((folder / "training.json").read_text()) == result.figures
    saved = load_file(folder / "predictor.safetensors")
    assert set(saved) == set(result.tensors)
    assert result.network == {"name": "BBF", "units": 32, "inputs": 40, "outputs": 16}
    assert (result.lookahead, result.profile) == (6, "robot")
    assert set(result.figures["training_frames_per_second"]) == {"stage 1 (full)", "stage 2 (limited)"}
    predictor = result.predictor()
    features, _ = corpus.load(corpus.split("test")[0])
    stream = PredictorStream(predictor)
    live = np.concatenate((stream.push(features), stream.flush()))
    assert np.abs(live - predictor.predict(features)).max() < 1e-5


def short(**changes: object) -> Recipe:
    stages = (Stage(epochs=3, limited=False, segment=60), Stage(epochs=2, limited=True, segment=60))
    how = Augmentation(gain=3.0, noise=0.1)
    return replace(QUICK, units=8, dropout=0.5, stages=stages, augmentation=how, velocity=0.2, balance=0.5, **changes)


@pytest.mark.parametrize("killed_after", [1, 3, 4])
def test_a_killed_run_goes_on_as_if_it_had_not_been(
    killed_after: int, make_corpus: Callable[..., Corpus], tmp_path: Path
) -> None:
    corpus = make_corpus(train=6, frames=70)
    whole = train(corpus.folder, short(), tmp_path / "whole")

    class KilledError(Exception):
        pass

    seen: list[Epoch] = []

    def kill(epoch: Epoch) -> None:
        seen.append(epoch)
        if len(seen) == killed_after:
            raise KilledError

    with pytest.raises(KilledError):
        train(corpus.folder, short(), tmp_path / "killed", report=kill)
    assert (tmp_path / "killed" / CHECKPOINT).is_file()
    again: list[Epoch] = []
    resumed = train(corpus.folder, short(), tmp_path / "killed", report=again.append)
    assert len(again) == 5 - killed_after
    for name, tensor in whole.tensors.items():
        assert np.array_equal(tensor, resumed.tensors[name]), name


def test_seeds(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=4, frames=60)
    one, two, other = (train(corpus.folder, short(seed=s), tmp_path / str(i)) for i, s in enumerate((1, 1, 2)))
    name = "net.layers.2.weight"
    assert np.array_equal(one.tensors[name], two.tensors[name])
    assert not np.array_equal(one.tensors[name], other.tensors[name])


def test_a_damaged_checkpoint_is_as_good_as_none(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, frames=50)
    (tmp_path / CHECKPOINT).write_bytes(b"\x80\x04 not a checkpoint")
    epochs: list[Epoch] = []
    train(corpus.folder, short(), tmp_path, report=epochs.append)
    assert len(epochs) == 5


def test_no_validation_and_no_test_clips(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, validation=0, test=0, frames=50)
    figures = train(corpus.folder, short(), tmp_path).figures
    assert figures["validation"] is None
    assert figures["test"] is None


def test_centred_clips_come_back_around_the_recorded_mean(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=4, frames=60)
    result = train(corpus.folder, short(centre=True), tmp_path)
    codes = np.concatenate([corpus.load(c)[1] for c in corpus.split("train")])
    features, _ = corpus.load(corpus.split("test")[0])
    assert result.predictor().predict(features).mean(axis=0) == pytest.approx(codes.mean(axis=0), abs=0.3)


def test_early_stopping(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, frames=50)
    # At a rate of nothing no epoch is better than the first.
    stages = (Stage(epochs=20, learning_rate=0.0, limited=False, patience=2),)
    epochs: list[Epoch] = []
    train(corpus.folder, replace(short(), stages=stages), tmp_path, report=epochs.append)
    assert len(epochs) == 3


def test_divergence_is_said(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, frames=50)
    stages = (Stage(epochs=5, learning_rate=1e30, limited=False),)
    with pytest.raises(DivergedError, match="recipe quick"):
        train(corpus.folder, replace(short(), stages=stages, clip=None), tmp_path)


def test_what_cannot_be_trained(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a finished corpus"):
        train(tmp_path, QUICK, tmp_path / "out")
    corpus = make_corpus(train=2, frames=50)
    with pytest.raises(InputError, match="weighs 3 code dimensions"):
        train(corpus.folder, replace(QUICK, code_weights=(1.0, 2.0, 3.0)), tmp_path / "out")
    with pytest.raises(InputError, match="no recipe 'magic'"):
        find_recipe("magic")


def test_recipes_are_named_after_themselves() -> None:
    assert all(name == recipe.name for name, recipe in RECIPES.items())


def test_the_error_counts_what_is_masked_in() -> None:
    predicted = torch.zeros(1, 4, 2)
    true = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [3.0, 0.0], [50.0, 50.0]]])
    mask = torch.tensor([[True, True, True, False]])
    weights = torch.tensor([1.5, 0.5])
    error = masked_error(predicted, true, mask, weights=weights)
    assert error.item() == pytest.approx(1.5 * (1 + 1 + 9) / 6)
    sd = torch.tensor([2.0, 1.0])
    both = masked_error(predicted, true, mask, weights=weights, velocity=0.5, velocity_sd=sd)
    assert both.item() == pytest.approx(error.item() + 0.5 * 1.5 * (0 + 1) / 4)


def test_the_command(make_corpus: Callable[..., Corpus], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from th_training import cli

    corpus = make_corpus(train=3, frames=50)
    out = tmp_path / "out"
    arguments = ["train", str(corpus.folder), str(out), "--recipe", "default", "--units", "8", "--lookahead", "2"]
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 0
    assert "CORR" in capsys.readouterr().out
    assert (out / "predictor.safetensors").is_file()
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", str(tmp_path), str(out)])
    assert stop.value.code == 1
    assert "not a finished corpus" in capsys.readouterr().err
