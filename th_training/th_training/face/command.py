"""`th face`: a face model from nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from th_training.face import make_face
from th_training.face.characters import HUMAN
from th_training.face.effort import FULL, QUICK
from th_training.face.model import size_of
from th_training.face.steps import console

app = typer.Typer(add_completion=False)


@app.command()
def command(
    out: Annotated[Path, typer.Argument(help="Model folder to write.")],
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    quick: Annotated[
        bool, typer.Option(help="A small corpus, few pictures, a small network: to see that it works.")
    ] = False,
    work: Annotated[Path, typer.Option(help="Where steps keep their results.")] = Path("build/face"),
    jobs: Annotated[int, typer.Option(help="Processes and threads.", min=1)] = os.cpu_count() or 1,
    recipe: Annotated[str, typer.Option(help="Training recipe (th train --help names them).")] = "default",
    character: Annotated[str, typer.Option(help="Whose face: human, or drawn (a robot of flat shapes).")] = HUMAN.name,
    live: Annotated[
        Path | None, typer.Option(help="Another model folder to write: the same face, answering sooner (recipe live).")
    ] = None,
) -> None:
    """Make a face model from nothing: voices, actor, AAM, corpus, training."""
    effort = QUICK if quick else FULL
    card = make_face(out, seed=seed, effort=effort, work=work, jobs=jobs, recipe=recipe, character=character, live=live)
    for folder in (out, live) if live else (out,):
        console.print(
            f"{folder}: face model {card.id[:12]} ({size_of(folder) / 1e6:.1f} MB), pictures in {work}", markup=False
        )
