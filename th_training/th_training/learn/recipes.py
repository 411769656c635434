"""Named recipes: everything that decides how a predictor is trained, besides the corpus."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from th_common.errors import InputError
from th_face_predictor.architecture import COMPARATIVE_UNITS, NAMES, PAPER_UNITS
from th_training.learn.augment import Augmentation

SOUND, PHONEMES = "sound", "phonemes"
"""What a network hears: acoustic features, or the comparative method's one-hot phonemes."""

RMSPROP, ADAM = "rmsprop", "adam"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One run of the optimiser, from the best weights of the stage before.

    Attributes:
        epochs: passes over the training frames.
        learning_rate: at the start.
        warm_up: epochs in which it rises to that, evenly.
        decay: it falls to zero along half a cosine; False: it stays.
        limited: computed at the recipe's lookahead, as live (several times slower); False: over the whole sequence.
        segment: frames of one stretch of training sound; None: whole clips.
        patience: epochs without a better validation loss after which the stage ends.
    """

    epochs: int
    learning_rate: float = 1e-3
    warm_up: int = 0
    decay: bool = True
    limited: bool = True
    segment: int | None = None
    patience: int = 10


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a predictor is trained.

    Attributes:
        inputs: what the network hears: "sound" (the 40 features), or "phonemes" (the comparative method's 148 inputs).
        network, units: FBF, BFF or BBF, and its width.
        members: networks that are trained side by side and share these units; what is made is one network, their mean (`committee`).
        moods: so many of the members learn only each stretch's mean code, the others what moves around it; the network is the sum.
        lookahead: right context in frames that the model is made for; None: the whole sequence.
        optimiser: "rmsprop", or "adam" (first moments over 10 steps, second over 100).
        stages: runs of the optimiser, one after the other.
        batch: stretches of sound per step, over all processes.
        dropout: of layers 1 and 2.
        alpha, epsilon: RMSprop's smoothing and its guard against division by zero.
        clip: largest norm of a step's gradient; None: no limit.
        level: share of the error in each stretch's mean that counts (`loss.masked_error`); 1: the plain squared error.
        velocity: weight of the error in movement from frame to frame (in units of its own variance) beside the codes' error.
        code_weights: weight of each code dimension's error; None: all the same.
        lips: opening of the lips by code dimension, and last at code zero (`aam.lips.opening_by_code`); None: not known.
        closing: weight, beside the codes' error, of the squared error of the lips' opening (in units of its variance) where the lips
            close for a sound: to be late or half closed at an m, b, p is worse than the same error in a vowel. Counts where `lips` are known.
        balance: how much of the training each voice gets: proportional to its frames to the power of this (1: as recorded,
            0: all voices the same).
        centre: take each clip's mean code off (real recordings: pose and light differ between clips, and are not in the
            voice).
    """

    name: str
    inputs: str = SOUND
    network: str = "BBF"
    units: int = PAPER_UNITS["BBF"]
    members: int = 1
    moods: int = 0
    lookahead: int | None = None
    optimiser: str = RMSPROP
    stages: tuple[Stage, ...]
    batch: int = 12
    dropout: float = 0.5
    alpha: float = 0.99
    epsilon: float = 1e-8
    clip: float | None = 1.0
    level: float = 1.0
    velocity: float = 0.0
    code_weights: tuple[float, ...] | None = None
    lips: tuple[float, ...] | None = None
    closing: float = 0.0
    balance: float = 1.0
    centre: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.inputs not in (SOUND, PHONEMES):
            raise InputError(f"recipe {self.name}: inputs are {SOUND!r} or {PHONEMES!r}, not {self.inputs!r}")
        if self.inputs == PHONEMES and self.augmentation != Augmentation():
            raise InputError(f"recipe {self.name}: augmentation changes sound, phonemes stay as they are")
        if self.batch < 1 or not self.stages:
            raise InputError(f"recipe {self.name}: needs a batch of 1 or more, and a stage")
        if self.optimiser not in (RMSPROP, ADAM):
            raise InputError(f"recipe {self.name}: the optimiser is {RMSPROP!r} or {ADAM!r}, not {self.optimiser!r}")
        if not 1 <= self.members <= max(self.units // 2, 1):
            raise InputError(f"recipe {self.name}: {self.units} units are not enough for {self.members} members")
        if not 0 <= self.moods < self.members:
            raise InputError(
                f"recipe {self.name}: of {self.members} members 0 to {self.members - 1} are moods, not {self.moods}"
            )

    def with_network(self, name: str) -> Recipe:
        """The same with another network, as wide as the paper has it for these inputs. Raises InputError for an unknown one."""
        units = PAPER_UNITS if self.inputs == SOUND else COMPARATIVE_UNITS
        if name not in units:
            raise InputError(f"there is no network {name!r}, only {', '.join(units)}")
        return replace(self, network=name, units=units[name])


def _paper(inputs: str, network: str) -> Recipe:
    recipe = Recipe(
        name=f"{'paper' if inputs == SOUND else inputs}-{network}",
        inputs=inputs,
        stages=(Stage(epochs=25, limited=False, patience=25),),
        clip=None,
        centre=True,
    )
    return recipe.with_network(network)


TABLE1 = tuple(_paper(inputs, network) for inputs in (SOUND, PHONEMES) for network in NAMES)
"""The six networks of the paper's Table 1, proposed and comparative.

Its recipe (MSE, dropout 0.5 after layers 1 and 2, RMSprop 0.99 / 1e-8, whole sequences) at learning rate 0.001: the paper's for the
comparative networks, and what trains the proposed ones on standardised codes (docs/training.md has the curves).
"""

PAPER = TABLE1[NAMES.index("BBF")]
"""The paper's best network."""

PAPER_RATE = replace(PAPER, name="paper-rate", stages=(replace(PAPER.stages[0], learning_rate=0.1, decay=False),))
"""The same at the learning rate that the paper prints for its proposed networks, 0.1 throughout: ends below the mean trajectory."""

BEST = Recipe(
    name="best",
    members=4,
    optimiser=ADAM,
    stages=(Stage(epochs=25, learning_rate=4e-3, warm_up=3, limited=False, patience=25),),
    batch=4,
    dropout=0.2,
    level=0.1,
    centre=True,
    augmentation=Augmentation(gain=6.0, channel=0.1, pitch=2.0, pace=0.12, tract=0.12),
)
"""For minutes of recordings: four small networks that are one BBF of the paper's size (docs/best.md has what helped and what did not)."""

DEFAULT = replace(
    BEST,
    name="default",
    lookahead=6,
    stages=(Stage(epochs=12, learning_rate=4e-3, warm_up=2, segment=240, patience=6),),
    members=5,
    moods=1,
    batch=8,
    closing=0.08,
    balance=0.5,
    centre=False,
    augmentation=replace(BEST.augmentation, channel=0.15, noise=0.05),
)
"""For the face that ships: `best` for hours of many voices, learnt as it will run live. How a voice sounds on the whole is heard, by a fifth of
its units that learn nothing else (docs/motion.md)."""

LIVE = replace(DEFAULT, name="live", lookahead=1)
"""The same with 83 ms less to wait for, for the features of the profile "live"."""

FAR = 16
"""Frames of lookahead from which on it is enough, and many times quicker, to learn on whole sequences first."""


def at_lookahead(recipe: Recipe, lookahead: int) -> Recipe:
    """The same recipe for a network that runs at so many frames of lookahead.

    A recipe that has limited stages keeps them. One over whole sequences is computed as it will run live from its first epoch on:
    what is merely cut off, or learns it at the end, loses more (docs/lookahead.md); only from FAR frames on a few limited epochs follow.
    """
    stages = recipe.stages
    if not any(stage.limited for stage in stages):
        if lookahead < FAR:
            stages = tuple(replace(stage, limited=True) for stage in stages)
        else:
            last = Stage(epochs=6, learning_rate=stages[-1].learning_rate / 4, segment=stages[-1].segment, patience=6)
            stages = (*stages, last)
    return replace(recipe, lookahead=lookahead, stages=stages)


BEST_LIVE = replace(at_lookahead(BEST, 6), name="best-live")
"""The same as it will run live, with 100 ms of lookahead: the least that loses less than 0.01 of CORR (docs/lookahead.md)."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, LIVE, BEST, BEST_LIVE, *TABLE1, PAPER_RATE)}
ALIASES = {"paper": PAPER.name, "phonemes": TABLE1[-1].name}
GROUPS = {"table1": tuple(recipe.name for recipe in TABLE1)}
"""Names for several recipes at once."""


def find_recipe(name: str) -> Recipe:
    """A recipe by name. Raises InputError, naming all, where there is none."""
    name = ALIASES.get(name, name)
    if name not in RECIPES:
        raise InputError(f"there is no recipe {name!r}, only {', '.join([*RECIPES, *ALIASES])}")
    return RECIPES[name]


def find_recipes(names: Iterable[str]) -> tuple[Recipe, ...]:
    """Recipes by name or group, each once. Raises InputError as `find_recipe`."""
    found = {}
    for name in names:
        for one in GROUPS.get(name, (name,)):
            recipe = find_recipe(one)
            found[recipe.name] = recipe
    return tuple(found.values())


def changed(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """A recipe with fields set by "NAME=VALUE", VALUE as JSON has it (null: none) or a plain word.

    NAME is a field of Recipe (`dropout=0.3`), of Stage (`epochs=10`: of all stages; `stages.0.epochs=10`: of the first), or of its augmentation
    (`augmentation.gain=6`).

    Raises:
        InputError: there is no such field, or its value is of another kind.
    """
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"{setting!r} is not NAME=VALUE")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        if isinstance(value, list):
            value = tuple(value)
        recipe = _set(recipe, name, value, setting)
    return recipe


def _set(recipe: Recipe, name: str, value: Any, setting: str) -> Recipe:
    path = name.split(".")
    if path[0] == "augmentation" and len(path) == 2:
        return replace(recipe, augmentation=_with(recipe.augmentation, path[1], value, setting))
    if path[0] == "stages" and len(path) == 3 and path[1].isdigit() and int(path[1]) < len(recipe.stages):
        numbers, name = {int(path[1])}, path[2]
    elif len(path) == 1 and name in {f.name for f in dataclasses.fields(Stage)}:
        numbers = set(range(len(recipe.stages)))
    elif len(path) == 1 and name not in ("stages", "augmentation"):
        return _with(recipe, name, value, setting)
    else:
        raise InputError(f"{setting}: a recipe has no {name!r}")
    stages = tuple(_with(s, name, value, setting) if n in numbers else s for n, s in enumerate(recipe.stages))
    return replace(recipe, stages=stages)


def _with(owner: Any, name: str, value: Any, setting: str) -> Any:
    kinds = {f.name: str(f.type) for f in dataclasses.fields(owner)}
    if name not in kinds:
        raise InputError(f"{setting}: there is no {name!r}, only {', '.join(kinds)}")
    kind = kinds[name]
    if "float" in kind and type(value) is int:
        value = float(value)
    fits = {"int": int, "float": float, "bool": bool, "str": str, "None": type(None), "tuple[float, ...]": tuple}
    if type(value) not in {fits[part] for part in kind.split(" | ") if part in fits}:
        raise InputError(f"{setting}: {name} is {kind}, not {value!r}")
    return replace(owner, **{name: value})
