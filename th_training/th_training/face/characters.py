"""Who can be made a face of."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from th_common.errors import InputError
from th_training.face.digests import sources

if TYPE_CHECKING:
    from th_training.aam.make import Sitter

CANVAS = 512  # px, the portrait's side


@dataclass(frozen=True, kw_only=True)
class Character:
    """Somebody that poses can be drawn of.

    made_by: the packages that draw and move it, the one with `drawer`, which makes a sitter of a portrait's side in px, first.
    summary, who: what a model's card and its licence say of it. blinks: whether its face model is to know closed lids; else they
    are the renderer's alone.
    """

    name: str
    made_by: tuple[str, ...]
    drawer: str
    summary: str
    who: str
    blinks: bool

    def sitter(self, side: int = CANVAS) -> Sitter:
        """Raises DeviceError where it cannot be drawn here, InputError for a side that is too small or too large."""
        return cast("Sitter", getattr(importlib.import_module(self.made_by[0]), self.drawer)(side))

    def sources(self) -> list[str]:
        """Digests of all that draws and moves it."""
        return [sources(importlib.import_module(name)) for name in self.made_by]


HUMAN = Character(
    name="human",
    made_by=("th_training.actor",),
    drawer="Actor",
    summary="virtual actor (MakeHuman head, CC0)",
    who="The face is a drawn character, made of the MakeHuman base mesh (CC0) by this software.",
    blinks=True,
)
DRAWN = Character(
    name="drawn",
    made_by=("th_training.drawn", "th_training.actor"),
    drawer="DrawnActor",
    summary="drawn robot of flat shapes",
    who="The face is a robot's, drawn of flat shapes by this software.",
    blinks=False,
)
CHARACTERS = {character.name: character for character in (HUMAN, DRAWN)}


def find_character(name: str) -> Character:
    """Raises InputError that names those there are."""
    if name not in CHARACTERS:
        raise InputError(f"there is no character {name!r} (there are {', '.join(CHARACTERS)})")
    return CHARACTERS[name]
