"""`th characters`: who can be made a face of, and how they look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from th_training.face.characters import CHARACTERS, find_character

app = typer.Typer(add_completion=False)


@app.command()
def command(
    name: Annotated[str, typer.Argument(help="Character to draw; none: list them.")] = "",
    sheet: Annotated[
        Path, typer.Option(help="Picture to write: every emotion, every viseme, eyes as far closed as the model knows.")
    ] = Path("character.jpg"),
) -> None:
    """List the characters, or draw one in every emotion and viseme."""
    from th_training.actor import pose_sheet

    console = Console(highlight=False, soft_wrap=True)
    if not name:
        for character in CHARACTERS.values():
            console.print(f"{character.name:8} {character.summary}", markup=False)
        return
    pose_sheet(find_character(name).sitter(), sheet)  # type: ignore[arg-type]  # whoever can be drawn
    console.print(f"{sheet}", markup=False)
