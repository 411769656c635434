"""Whether a recipe's numbers make sense, looked at before anything is trained by them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from th_common.errors import InputError
from th_training.learn.recipes import Recipe, Stage

MOST_SEED = 2**63 - 1
"""torch takes no larger one."""
_MOST_FACTOR = 10.0


def check_recipe(recipe: Recipe) -> None:
    """Raises InputError, naming recipe and field, for a number that is none, or out of its range."""
    for where, fields in _ranges(recipe):
        for name, (value, low, high) in fields.items():
            if not (math.isfinite(value) and low <= value <= high):
                most = f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}"
                raise InputError(f"recipe {recipe.name}: {where}{name} is {most}, not {value!r}")
    if not any(stage.epochs for stage in recipe.stages):
        raise InputError(f"recipe {recipe.name}: without an epoch nothing is learnt")
    if recipe.lookahead is not None and not any(stage.limited and stage.epochs for stage in recipe.stages):
        raise InputError(
            f"recipe {recipe.name}: looks {recipe.lookahead} frames ahead, but no stage is limited: what learns on whole sequences is "
            "much worse once it is cut off (--lookahead trains for it)"
        )
    weights = recipe.code_weights
    if weights is not None:
        fine = all(isinstance(w, (int, float)) and math.isfinite(w) and w >= 0 for w in weights)
        if not (fine and any(weights)):
            raise InputError(f"recipe {recipe.name}: code_weights are numbers from 0 on, and not all 0")
    if recipe.lips is not None and recipe.closing and recipe.centre:
        raise InputError(
            f"recipe {recipe.name}: where clips are centred nothing tells when lips are closed (closing=0)"
        )


Range = tuple[float, float, float]
"""Value, lowest, highest."""


def _ranges(recipe: Recipe) -> Iterator[tuple[str, dict[str, Range]]]:
    inf = math.inf
    yield (
        "",
        {
            "seed": (recipe.seed, 0, MOST_SEED),
            "lookahead": (recipe.lookahead or 0, 0, inf),
            "dropout": (recipe.dropout, 0, 1),
            "alpha": (recipe.alpha, 0, 1),
            "epsilon": (recipe.epsilon, 0, inf),
            "clip": (recipe.clip or 0, 0, inf),
            "level": (recipe.level, 0, inf),
            "velocity": (recipe.velocity, 0, inf),
            "closing": (recipe.closing, 0, inf),
            "balance": (recipe.balance, 0, 1),
        },
    )
    how = recipe.augmentation
    yield (
        "augmentation.",
        {
            "gain": (how.gain, 0, inf),
            "channel": (how.channel, 0, inf),
            "pitch": (how.pitch, 0, inf),
            "noise": (how.noise, 0, inf),
            "pace": (how.pace, 0, _MOST_FACTOR),
            "tract": (how.tract, 0, _MOST_FACTOR),
        },
    )
    for number, stage in enumerate(recipe.stages):
        yield f"stages.{number}.", _of_stage(stage)


def _of_stage(stage: Stage) -> dict[str, Range]:
    inf = math.inf
    return {
        "epochs": (stage.epochs, 0, inf),
        "learning_rate": (stage.learning_rate, 0, inf),
        "warm_up": (stage.warm_up, 0, inf),
        "segment": (stage.segment if stage.segment is not None else 2, 2, inf),
        "patience": (stage.patience, 0, inf),
    }
