"""`th export`: what was made, for use elsewhere: a trained predictor as a model folder, a code sequence as curves for animators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from th_common.errors import InputError
from th_training.learn.export import PRIVATE
from th_training.learn.trained import FIGURES

TRAINING, CURVES = "Of a training", "Of codes or a sound"
FORMATS = "landmarks, arkit-csv, arkit-json, glb, bvh"

app = typer.Typer(add_completion=False)


@app.command()
def command(
    source: Annotated[
        Path, typer.Argument(help="a sound file, codes (.npy, .npz, a bag), or the folder of a finished `th train`")
    ],
    out: Annotated[Path, typer.Argument(help="file (.csv, .json, .glb, .bvh) or folder; of a training: model folder")],
    model: Annotated[
        str, typer.Option(help="whose codes they are; empty: the default face", rich_help_panel=CURVES)
    ] = "",
    only: Annotated[
        list[str] | None, typer.Option("--format", help=f"only this one: {FORMATS}", rich_help_panel=CURVES)
    ] = None,
    topic: Annotated[str, typer.Option(help="of a bag: how its topic ends", rich_help_panel=CURVES)] = "face/code",
    face: Annotated[
        Path | None,
        typer.Option(
            help="the face that the codes are of: a corpus, a face file, or a model folder", rich_help_panel=TRAINING
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="of the model; empty: OUT's", rich_help_panel=TRAINING)] = "",
    licence: Annotated[
        str, typer.Option(help="on which terms others may have the model", rich_help_panel=TRAINING)
    ] = PRIVATE,
) -> None:
    """Write a code sequence or a sound file as curves for animators, or a trained predictor and its face as a model folder."""
    if face is not None or (source / FIGURES).is_file():
        if face is None:
            raise InputError("a training needs --face: the face that its codes move")
        _training(source, out, face, name, licence)
    else:
        _curves(source, out, model, only or [], topic)


def _training(run: Path, out: Path, face: Path, name: str, licence: str) -> None:
    from th_training.learn.export import export

    card = export(run, out, face=face, name=name, licence=licence)
    reach = "whole recordings only (th synthesize)" if card.lookahead is None else f"lookahead {card.lookahead} frames"
    Console(highlight=False).print(
        f"{out}: {card.name}, {card.network['name']}, profile {card.profile}, {reach}", markup=False, soft_wrap=True
    )


def _curves(source: Path, out: Path, model: str, formats: list[str], topic: str) -> None:
    from th_common.default_model import find_model
    from th_training.export.animation import NO_BLENDSHAPES, export_animation
    from th_training.export.sequence import FPS

    found, files, left_out = export_animation(source, out, model=find_model(model), formats=formats, topic=topic)
    console = Console(highlight=False)
    for file in files:
        console.print(
            f"{file}: {len(found.codes)} frames, {len(found.codes) / FPS:.2f} s", markup=False, soft_wrap=True
        )
    if left_out:
        console.print(f"not {', '.join(left_out)}: {NO_BLENDSHAPES}", markup=False, soft_wrap=True)
