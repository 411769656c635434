"""A committee computes the mean of its members, and so does the one network that it is merged into, live too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from th_common.errors import InputError
from th_face_predictor.architecture import Architecture
from th_face_predictor.network import FaceNetwork
from th_face_predictor.predictor import Predictor
from th_face_predictor.stream import PredictorStream
from th_training.corpus.format import Corpus, write_clip, write_manifest
from th_training.learn.committee import Committee, widths
from th_training.learn.fit import Epoch
from th_training.learn.recipes import Recipe, Stage
from th_training.learn.train import train


@pytest.mark.parametrize("name", ["FBF", "BFF", "BBF"])
@pytest.mark.parametrize("lookahead", [None, 3])
def test_merged_network_computes_the_mean_of_the_members(name: str, lookahead: int | None) -> None:
    torch.manual_seed(3)
    committee = Committee(Architecture(name=name, units=22, inputs=5, outputs=4), 3).eval()
    x, lengths = torch.randn(2, 17, 5), torch.tensor([17, 11])
    merged = committee.merged()
    assert isinstance(merged, FaceNetwork)
    with torch.no_grad():
        mean = sum(member(x, lengths, lookahead=lookahead) for member in committee.members) / 3
        for network in (committee, merged):
            found = network(x, lengths, lookahead=lookahead)
            for n, length in enumerate(lengths.tolist()):
                assert torch.allclose(found[n, :length], mean[n, :length], atol=1e-6)


@pytest.mark.parametrize("moods", [1, 2])
def test_moods_are_added_to_what_moves(moods: int) -> None:
    torch.manual_seed(5)
    committee = Committee(Architecture(name="BBF", units=24, inputs=5, outputs=4), 4, moods=moods).eval()
    x, lengths = torch.randn(2, 17, 5), torch.tensor([17, 11])
    with torch.no_grad():
        outputs = torch.stack([member(x, lengths, lookahead=3) for member in committee.members])
        whole = outputs[:-moods].mean(0) + outputs[-moods:].mean(0)
        for network in (committee, committee.merged()):
            found = network(x, lengths, lookahead=3)
            for n, length in enumerate(lengths.tolist()):
                assert torch.allclose(found[n, :length], whole[n, :length], atol=1e-6)
    with pytest.raises(InputError, match="moods"):
        Committee(Architecture(name="BBF", units=24, inputs=5, outputs=4), 2, moods=2)


def test_each_member_is_trained_by_itself() -> None:
    torch.manual_seed(0)
    committee = Committee(Architecture(name="BBF", units=8, inputs=5, outputs=4), 2, dropout=0.0).train()
    x = torch.randn(3, 9, 5)
    predicted = committee(x)
    assert predicted.shape == (6, 9, 4)
    assert not torch.equal(predicted[:3], predicted[3:])
    predicted[3:].square().sum().backward()
    moved = [any(p.grad is not None and p.grad.any() for p in member.parameters()) for member in committee.members]
    assert moved == [False, True]


def test_merged_committee_runs_live() -> None:
    torch.manual_seed(1)
    architecture = Architecture(name="BBF", units=20)
    merged = Committee(architecture, 4).merged()
    tensors = {f"net.{k}": v.detach().numpy() for k, v in merged.state_dict().items()}
    for name, size in (("feature", 40), ("code", 16)):
        tensors |= {f"{name}.mean": np.zeros(size, np.float32), f"{name}.sd": np.ones(size, np.float32)}
    predictor = Predictor(architecture, tensors, lookahead=4, profile="robot")
    x = np.random.default_rng(0).standard_normal((40, 40)).astype(np.float32)
    stream = PredictorStream(predictor)
    live = np.concatenate([*(stream.push(x[n : n + 7]) for n in range(0, 40, 7)), stream.flush()])
    with torch.no_grad():
        trained = merged(torch.from_numpy(x), lookahead=4).numpy()
    assert np.abs(live - trained).max() < 1e-5


def test_widths_are_even_and_use_all_units() -> None:
    assert widths(262, 4) == (66, 66, 66, 64)
    assert widths(262, 1) == (262,)
    for units, members in ((262, 0), (262, 132), (2, 2)):
        with pytest.raises(InputError, match="members"):
            widths(units, members)


RECIPE = Recipe(
    name="committee",
    units=26,
    members=3,
    lookahead=4,
    dropout=0.0,
    stages=(Stage(epochs=10, learning_rate=5e-3, limited=True, segment=60),),
    batch=4,
)


def test_training_leaves_one_network(corpus: Corpus, tmp_path: Path) -> None:
    trained = train(corpus, RECIPE, tmp_path / "out")
    assert trained.network == {"name": "BBF", "units": 26, "inputs": 40, "outputs": 16}
    assert trained.figures["test"]["corr"] > 0.8
    assert trained.figures["parameters"] < sum(v.size for k, v in trained.tensors.items() if k.startswith("net."))
    weight = trained.tensors["net.layers.1.weight_hh_l0"].reshape(4, 13, 13)
    assert not weight[:, :5, 5:].any()  # members of 10, 8 and 8 units do not hear each other
    assert weight[:, :5, :5].all()


def moody(corpus: Corpus, folder: Path) -> Corpus:
    """The same clips, each with an offset of all codes that one feature tells in every frame."""
    clips = []
    for n, (clip, x, y) in enumerate((c, *corpus.load(c)) for c in corpus.clips):
        offset = np.float32((-1.0, 0.0, 1.0)[n % 3])
        x = x.copy()
        x[:, 20] = 30.0 + 15.0 * offset
        clips.append(write_clip(folder, clip, features=x, codes=y + offset))
    return write_manifest(folder, clips, profile=corpus.profile)


def test_what_moves_and_the_mood_are_learnt_apart(corpus: Corpus, tmp_path: Path) -> None:
    made = moody(corpus, tmp_path / "moody")
    trained = train(made, replace(RECIPE, moods=1, level=0.0), tmp_path / "out")
    assert trained.figures["test"]["corr"] > 0.6
    architecture = Architecture.from_card(trained.network)
    predictor = Predictor(architecture, trained.tensors, lookahead=trained.lookahead, profile=trained.profile)
    # Movement's own error (level=0) does not see a clip's mean: it is the mood that tells it.
    means = [(predictor.predict(x).mean(), y.mean()) for x, y in (made.load(clip) for clip in made.split("test"))]
    assert all(abs(found - true) < 0.5 for found, true in means), means
    with pytest.raises(InputError, match="moods"):
        replace(RECIPE, moods=3)


def test_a_killed_committee_goes_on_as_if_it_had_not_been(corpus: Corpus, tmp_path: Path) -> None:
    recipe = replace(RECIPE, stages=(Stage(epochs=3, segment=40),), dropout=0.5)

    def kill(epoch: Epoch) -> None:
        if epoch.epoch == 1:
            raise KeyboardInterrupt

    whole = train(corpus, recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(corpus, recipe, tmp_path / "killed", report=kill)
    resumed = train(corpus, recipe, tmp_path / "killed")
    assert all(np.array_equal(whole.tensors[name], resumed.tensors[name]) for name in whole.tensors)


def test_a_committee_begins_at_random_weights(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 members, which begin at random"):
        train(corpus, RECIPE, tmp_path / "out", start=tmp_path)
    with pytest.raises(InputError, match="26 units are not enough for 14 members"):
        replace(RECIPE, members=14)
