"""Named recipes: everything that decides how a predictor is trained, besides the corpus."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from th_common.errors import InputError
from th_face_predictor.architecture import PAPER_UNITS
from th_training.learn.augment import Augmentation


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One run of the optimiser, from the best weights of the stage before.

    Attributes:
        epochs: passes over the training frames; the learning rate falls to zero along half a cosine.
        learning_rate: at the start.
        limited: computed at the recipe's lookahead, as live (several times slower); False: over the whole sequence.
        segment: frames of one stretch of training sound; None: whole clips.
        patience: epochs without a better validation loss after which the stage ends.
    """

    epochs: int
    learning_rate: float = 1e-3
    limited: bool = True
    segment: int | None = None
    patience: int = 10


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a predictor is trained.

    Attributes:
        network, units: FBF, BFF or BBF, and its width.
        lookahead: right context in frames that the model is made for; None: the whole sequence.
        stages: runs of the optimiser (RMSprop), one after the other.
        batch: stretches of sound per step.
        dropout: of layers 1 and 2.
        alpha, epsilon: RMSprop's smoothing and its guard against division by zero.
        clip: largest norm of a step's gradient; None: no limit.
        velocity: weight of the error in movement from frame to frame (in units of its own variance) beside the codes' error.
        code_weights: weight of each code dimension's error; None: all the same.
        balance: how much of the training each voice gets: proportional to its frames to the power of this (1: as recorded,
            0: all voices the same).
        centre: take each speech clip's mean code off (real recordings: pose and light differ between clips, and are not in the
            voice).
    """

    name: str
    network: str = "BBF"
    units: int = PAPER_UNITS["BBF"]
    lookahead: int | None = None
    stages: tuple[Stage, ...]
    batch: int = 12
    dropout: float = 0.5
    alpha: float = 0.99
    epsilon: float = 1e-8
    clip: float | None = 1.0
    velocity: float = 0.0
    code_weights: tuple[float, ...] | None = None
    balance: float = 1.0
    centre: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0


PAPER = Recipe(
    name="paper",
    stages=(Stage(epochs=25, limited=False, patience=25),),
    clip=None,
    centre=True,
)
"""The paper's recipe (MSE, dropout 0.5, RMSprop 0.99 / 1e-8, whole sequences) at the learning rate that trains standardised codes."""

PAPER_RATE = replace(PAPER, name="paper-rate", stages=(replace(PAPER.stages[0], learning_rate=0.1),))
"""The paper's recipe at the learning rate that it prints, 0.1: diverges with standardised codes."""

DEFAULT = Recipe(
    name="default",
    lookahead=8,
    stages=(
        Stage(epochs=20, learning_rate=1e-3, limited=False, segment=240),
        Stage(epochs=8, learning_rate=1e-3, limited=True, segment=180),
    ),
    dropout=0.3,
    balance=0.5,
    augmentation=Augmentation(gain=6.0, channel=0.15, pitch=2.0, noise=0.05),
)
"""For the face that ships: learns on whole stretches first, then as it will run live."""

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, PAPER, PAPER_RATE)}


def find_recipe(name: str) -> Recipe:
    """A recipe by name. Raises InputError, naming all, where there is none."""
    if name not in RECIPES:
        raise InputError(f"there is no recipe {name!r}, only {', '.join(RECIPES)}")
    return RECIPES[name]
