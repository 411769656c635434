"""Training finds what is to be found, comes again with its seed, and goes on after a kill."""

from __future__ import annotations

import json
import resource
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
from th_training.learn.checkpoint import CHECKPOINT, OtherRunError
from th_training.learn.fit import DivergedError, Epoch
from th_training.learn.loss import masked_error
from th_training.learn.recipes import PHONEMES, Recipe, Stage
from th_training.learn.train import Trained, train
from th_training.learn.trained import read_history

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


def test_the_same_seed_gives_the_same_bits(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=4, frames=60)
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        train(corpus.folder, short(seed=seed), tmp_path / name)
    one, two, other = ((tmp_path / name / "predictor.safetensors").read_bytes() for name in ("one", "two", "other"))
    assert one == two
    assert one != other


def test_a_finished_run_is_kept_and_another_is_refused(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=4, frames=60)
    first = train(corpus.folder, short(), tmp_path)
    epochs: list[Epoch] = []
    kept = train(corpus.folder, short(), tmp_path, report=epochs.append)
    assert not epochs
    assert kept.figures == first.figures
    other = replace(short(), dropout=0.1)
    with pytest.raises(OtherRunError, match="another recipe or corpus"):
        train(corpus.folder, other, tmp_path)
    with pytest.raises(OtherRunError, match="another recipe or corpus"):
        train(make_corpus(train=4, frames=60, seed=1), short(), tmp_path)
    assert train(corpus.folder, other, tmp_path, again=True).figures["key"] != first.figures["key"]
    (tmp_path / "predictor.safetensors").write_bytes(b"half")
    train(corpus.folder, short(), tmp_path, report=epochs.append)
    assert len(epochs) == 5


def test_begins_with_the_weights_of_another_training(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=4, frames=60)
    first = train(corpus.folder, short(), tmp_path / "first")
    still = replace(short(), stages=(Stage(epochs=1, learning_rate=0.0),))
    second = train(make_corpus(train=3, frames=60, seed=1), still, tmp_path / "second", start=tmp_path / "first")
    for name, tensor in first.tensors.items():
        if name.startswith("net."):
            assert np.array_equal(tensor, second.tensors[name]), name
    with pytest.raises(InputError, match="the recipe wants"):
        train(corpus, replace(still, units=10), tmp_path / "third", start=tmp_path / "first")
    with pytest.raises(InputError, match="no finished training"):
        train(corpus, still, tmp_path / "third", start=tmp_path / "nothing")


def test_the_comparative_method_hears_phonemes(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    recipe = replace(short(), inputs=PHONEMES, augmentation=Augmentation())
    corpus = make_corpus(train=4, validation=1, test=1, frames=60, phones=True)
    result = train(corpus.folder, recipe, tmp_path)
    assert result.figures["inputs"] == "phonemes"
    assert result.network["inputs"] == 148
    assert not result.tensors["feature.mean"].any()
    assert (result.tensors["feature.sd"] == 1).all()
    assert result.figures["test"]["corr"] is not None
    with pytest.raises(InputError, match=r"no clip to train on.*array 'phones' is missing"):
        train(make_corpus(train=2, frames=50), recipe, tmp_path / "without")


def test_the_history_is_kept(trained: tuple[Trained, Path]) -> None:
    history = read_history(trained[1])
    assert [(e.stage, e.epoch) for e in history[:2]] == [(0, 0), (0, 1)]
    assert len(history) == trained[0].figures["epochs"]
    assert history[-1].corr > 0.9 > history[0].corr
    assert history[-1].validation < history[0].validation
    with pytest.raises(InputError, match="holds no training"):
        read_history(trained[1] / "none")


def test_curves_for_tensorboard(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(make_corpus(train=3, frames=50), short(), tmp_path, tensorboard=True)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) >= {"loss", "validation", "corr", "learning_rate", "frames_per_second"}
    history = read_history(tmp_path)
    assert [e.step for e in events.Scalars("validation")] == list(range(1, len(history) + 1))
    assert [e.value for e in events.Scalars("validation")] == pytest.approx([e.validation for e in history], rel=1e-4)


def test_a_full_disk_is_said_and_leaves_nothing_half(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, frames=50)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(InputError, match=r"training\.ckpt cannot be written \(File too large\)"):
            train(corpus.folder, short(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    train(corpus.folder, short(), tmp_path)


def test_a_damaged_checkpoint_is_as_good_as_none(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, frames=50)
    (tmp_path / CHECKPOINT).write_bytes(b"not a checkpoint")
    epochs: list[Epoch] = []
    train(corpus.folder, short(), tmp_path, report=epochs.append)
    assert len(epochs) == 5


def test_one_clip_is_enough_to_train(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    figures = train(make_corpus(train=1, validation=0, test=0, frames=50), short(), tmp_path).figures
    assert figures["corpus"]["clips"] == {"train": 1, "validation": 0, "test": 0}


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
    stages = (Stage(epochs=20, learning_rate=0.0, patience=2),)
    epochs: list[Epoch] = []
    train(corpus.folder, replace(short(), stages=stages), tmp_path, report=epochs.append)
    assert len(epochs) == 3


def test_divergence_is_said(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, frames=50)
    stages = (Stage(epochs=5, learning_rate=1e30),)
    with pytest.raises(DivergedError, match="recipe quick"):
        train(corpus.folder, replace(short(), stages=stages, clip=None), tmp_path)


def test_a_validation_error_that_is_no_number_is_said(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = make_corpus(train=3, frames=50)
    # One step per epoch: the loss is that of the weights before it.
    stages = (Stage(epochs=1, learning_rate=1e30),)
    with pytest.raises(DivergedError, match="no epoch of stage 1"):
        train(corpus.folder, replace(short(), stages=stages, clip=None), tmp_path)
    assert not (tmp_path / "predictor.safetensors").exists()


def test_what_cannot_be_trained(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a finished corpus"):
        train(tmp_path, QUICK, tmp_path / "out")
    corpus = make_corpus(train=2, frames=50)
    with pytest.raises(InputError, match="weighs 3 code dimensions"):
        train(corpus.folder, replace(QUICK, code_weights=(1.0, 2.0, 3.0)), tmp_path / "out")


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
