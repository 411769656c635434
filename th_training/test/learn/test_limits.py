"""Recipes whose numbers make no sense are refused in a sentence, before anything is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from th_common.errors import InputError
from th_training.corpus.format import Corpus
from th_training.learn.limits import _ranges, check_recipe
from th_training.learn.recipes import RECIPES, Recipe, Stage, changed, find_recipe
from th_training.learn.train import train


@pytest.mark.parametrize("name", RECIPES)
def test_our_own_recipes_are_fine(name: str) -> None:
    check_recipe(RECIPES[name])


def test_every_number_is_looked_at() -> None:
    recipe = find_recipe("default")
    ranges = {where + name for where, fields in _ranges(recipe) for name in fields}

    def numbers(owner: object) -> set[str]:
        kinds = {field.name: str(field.type) for field in dataclasses.fields(owner)}  # type: ignore[arg-type]
        return {name for name, kind in kinds.items() if kind.split(" ")[0] in ("int", "float")}

    # units, members, moods and batch are looked at where the network and the recipe are made
    assert numbers(recipe) - {"units", "members", "moods", "batch"} <= ranges
    assert {f"augmentation.{name}" for name in numbers(recipe.augmentation)} <= ranges
    assert {f"stages.0.{name}" for name in numbers(recipe.stages[0])} <= ranges


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("seed=-1", "seed is 0 to"),
        ("seed=99999999999999999999", "seed is 0 to"),
        ("dropout=2", "dropout is 0 to 1, not 2.0"),
        ("dropout=NaN", "dropout is 0 to 1, not nan"),
        ("alpha=-1", "alpha is 0 to 1"),
        ("epsilon=-1", "epsilon is 0 or more"),
        ("balance=-1000", "balance is 0 to 1"),
        ("learning_rate=NaN", r"stages.0.learning_rate is 0 or more, not nan"),
        ("segment=0", r"stages.0.segment is 2 or more"),
        ("patience=-1", r"stages.0.patience is 0 or more"),
        ("epochs=0", "without an epoch"),
        ("augmentation.gain=-3", r"augmentation.gain is 0 or more"),
        ("augmentation.pace=-1", r"augmentation.pace is 0 to 10"),
        ('code_weights=["a"]', "code_weights are numbers"),
        ("code_weights=[0, 0]", "code_weights are numbers"),
    ],
)
def test_numbers_out_of_range_are_named(setting: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_recipe(changed(find_recipe("default"), [setting]))


def test_what_learns_on_whole_sequences_is_not_merely_cut_off() -> None:
    check_recipe(changed(find_recipe("best"), ["lookahead=3", "limited=true"]))
    for settings in ([], ["limited=false"]):
        with pytest.raises(InputError, match="looks 3 frames ahead, but no stage is limited"):
            check_recipe(changed(find_recipe("best"), ["lookahead=3", *settings]))


def test_training_looks_first(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    recipe = Recipe(name="odd", units=8, dropout=2.0, stages=(Stage(epochs=1),))
    with pytest.raises(InputError, match="recipe odd: dropout"):
        train(make_corpus(train=2, frames=50), recipe, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_features_that_no_robot_hears_are_not_trained_on(make_corpus: Callable[..., Corpus], tmp_path: Path) -> None:
    corpus = dataclasses.replace(make_corpus(train=2, frames=50), profile="whales")
    with pytest.raises(InputError, match="profile must be one of"):
        train(corpus, find_recipe("paper"), tmp_path / "out")
