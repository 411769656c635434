"""How much of everything a face is made with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from th_training.learn.recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Effort:
    """`scale` of the corpus, `pictures` the AAM is built from, the recipe's epochs and units."""

    scale: float = 1.0
    pictures: int = 800
    epochs: tuple[int, ...] | None = None
    units: int | None = None

    def recipe(self, name: str, seed: int) -> Recipe:
        """The recipe of a name with that effort. Raises InputError for an unknown one."""
        from th_training.learn.recipes import find_recipe

        recipe = replace(find_recipe(name), seed=seed)
        if self.units is not None:
            recipe = replace(recipe, units=self.units)
        if self.epochs is not None:
            stages = zip(recipe.stages, self.epochs, strict=False)
            recipe = replace(recipe, stages=tuple(replace(stage, epochs=epochs) for stage, epochs in stages))
        return recipe


FULL = Effort()
QUICK = Effort(scale=0.04, pictures=150, epochs=(6,), units=64)
