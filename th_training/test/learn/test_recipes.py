"""Recipes: the paper's numbers, names, and fields by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from th_common.errors import InputError
from th_face_predictor.architecture import Architecture
from th_face_predictor.network import FaceNetwork
from th_training.learn.augment import Augmentation
from th_training.learn.fit import learning_rate, make_optimiser
from th_training.learn.recipes import ALIASES, PHONEMES, RECIPES, TABLE1, Stage, changed, find_recipe, find_recipes
from th_training.speech.phones import INPUTS

PARAMETERS = {
    "paper-FBF": 604_360,
    "paper-BFF": 601_518,
    "paper-BBF": 599_472,
    "phonemes-FBF": 2_444_224,
    "phonemes-BFF": 2_446_226,
    "phonemes-BBF": 2_452_048,
}


def test_the_six_networks_have_the_papers_sizes() -> None:
    assert [recipe.name for recipe in TABLE1] == list(PARAMETERS)
    for recipe in TABLE1:
        inputs = INPUTS if recipe.inputs == PHONEMES else 40
        network = FaceNetwork(Architecture(name=recipe.network, units=recipe.units, inputs=inputs))
        assert sum(p.numel() for p in network.parameters()) == PARAMETERS[recipe.name]
        assert (recipe.dropout, recipe.alpha, recipe.epsilon, recipe.velocity) == (0.5, 0.99, 1e-8, 0.0)
        assert recipe.lookahead is None
        assert recipe.augmentation == Augmentation()
        assert [(s.learning_rate, s.limited, s.segment) for s in recipe.stages] == [(0.001, False, None)]


def test_names() -> None:
    assert all(name == recipe.name for name, recipe in RECIPES.items())
    assert find_recipe("paper").network == "BBF"
    assert find_recipe("paper-rate").stages[0].learning_rate == 0.1
    assert set(ALIASES.values()) <= set(RECIPES)
    assert find_recipes(["paper-BBF", "table1", "paper"]) == (TABLE1[2], TABLE1[0], TABLE1[1], *TABLE1[3:])
    with pytest.raises(InputError, match="no recipe 'magic', only default, best, best-live, paper-FBF"):
        find_recipe("magic")


def test_a_network_comes_with_the_papers_width() -> None:
    assert find_recipe("default").with_network("FBF").units == 312
    assert find_recipe("phonemes").with_network("BFF").units == 806
    with pytest.raises(InputError, match="no network 'BBB'"):
        find_recipe("paper").with_network("BBB")


def test_fields_by_name() -> None:
    recipe = changed(
        find_recipe("default"),
        [
            "dropout=0",
            "epochs=3",
            "stages.1.learning_rate=0.01",
            "augmentation.gain=3",
            "clip=null",
            "code_weights=[1.0, 2.0]",
        ],
    )
    assert (recipe.dropout, recipe.clip, recipe.code_weights, recipe.augmentation.gain) == (0.0, None, (1.0, 2.0), 3.0)
    assert [(s.epochs, s.learning_rate) for s in recipe.stages] == [(3, 0.004), (3, 0.01)]
    assert changed(recipe, ["network=FBF"]).network == "FBF"


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("dropout", "is not NAME=VALUE"),
        ("droput=0.5", "there is no 'droput'"),
        ("dropout=much", "dropout is float, not 'much'"),
        ("batch=1.5", "batch is int, not 1.5"),
        ("batch=true", "batch is int, not True"),
        ("stages=1", "a recipe has no 'stages'"),
        ("stages.7.epochs=1", "a recipe has no 'stages.7.epochs'"),
        ("augmentation.reverb=1", "there is no 'reverb'"),
        ("batch=0", "batch of 1 or more"),
        ("inputs=smell", "not 'smell'"),
    ],
)
def test_fields_that_cannot_be_set(setting: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        changed(find_recipe("default"), [setting])


def test_phonemes_are_not_augmented() -> None:
    with pytest.raises(InputError, match="phonemes stay as they are"):
        replace(find_recipe("phonemes"), augmentation=Augmentation(gain=1.0))


def test_learning_rate_rises_and_falls() -> None:
    stage = Stage(epochs=10, learning_rate=1.0, warm_up=3)
    rates = [learning_rate(stage, epoch) for epoch in range(10)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert np.all(np.diff(rates[3:]) < 0)
    assert 0 < rates[-1] < 0.1
    flat = Stage(epochs=4, learning_rate=1.0, warm_up=1, decay=False)
    assert [learning_rate(flat, epoch) for epoch in range(4)] == [0.5, 1.0, 1.0, 1.0]


def test_optimisers() -> None:
    network = torch.nn.Linear(2, 2)
    assert isinstance(make_optimiser(network, find_recipe("best"), 0.1), torch.optim.Adam)
    assert isinstance(make_optimiser(network, find_recipe("paper"), 0.1), torch.optim.RMSprop)
    with pytest.raises(InputError, match="'rmsprop' or 'adam', not 'sgd'"):
        changed(find_recipe("paper"), ["optimiser=sgd"])


def test_best_costs_what_the_paper_costs() -> None:
    best, paper = find_recipe("best"), find_recipe("paper")
    assert (best.network, best.units, best.inputs) == (paper.network, paper.units, paper.inputs)
    assert best.members == 4
    live = find_recipe("best-live")
    assert replace(live, name="best", lookahead=None, stages=best.stages) == best
    assert live.lookahead == 8
    assert live.stages[-1].limited
    assert changed(best, ["members=2", "augmentation.pace=0.2"]).augmentation.pace == 0.2
