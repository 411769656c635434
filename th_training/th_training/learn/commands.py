"""`th train CORPUS OUT`: train a predictor on a corpus, with progress and figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from th_training.learn.recipes import RECIPES, find_recipe

app = typer.Typer(add_completion=False)


@app.command()
def train(
    corpus: Annotated[Path, typer.Argument(help="folder of the corpus (manifest.json, clips/)")],
    out: Annotated[
        Path, typer.Argument(help="folder for predictor.safetensors and training.json; a killed run goes on")
    ],
    recipe: Annotated[str, typer.Option(help=", ".join(RECIPES))] = "default",
    network: Annotated[str, typer.Option(help="FBF, BFF or BBF; empty: the recipe's")] = "",
    units: Annotated[int, typer.Option(help="width of layers 1 and 2; 0: the recipe's")] = 0,
    lookahead: Annotated[int, typer.Option(help="right context in frames; -1: the recipe's")] = -1,
    seed: Annotated[int, typer.Option(help="of everything random")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="cores to compute on")] = 1,
) -> None:
    """Train a predictor on a corpus."""
    from th_training.learn.fit import Epoch
    from th_training.learn.train import train as run

    chosen = replace(find_recipe(recipe), seed=seed)
    if network:
        chosen = replace(chosen, network=network)
    if units:
        chosen = replace(chosen, units=units)
    if lookahead >= 0:
        chosen = replace(chosen, lookahead=lookahead)
    console = Console(highlight=False)

    def tell(e: Epoch) -> None:
        console.print(
            f"stage {e.stage + 1}/{len(chosen.stages)}  epoch {e.epoch + 1:3d}/{e.epochs}  loss {e.loss:.4f}  "
            f"validation {e.validation:.4f}  {e.frames_per_second:,.0f} frames/s"
        )

    trained = run(corpus, chosen, out, threads=threads, report=tell)
    for clip, reason in trained.figures["left_out"].items():
        console.print(f"left out: {clip}: {reason}", markup=False)
    table = Table("clips", "CORR", "rmse", "CORR of the mean trajectory (no sound)", "rmse of the mean code")
    for split in ("validation", "test"):
        figures = trained.figures[split]
        if figures:
            still, path = figures["baselines"]["mean_code"], figures["baselines"]["mean_trajectory"]
            table.add_row(
                f"{split} ({figures['clips']})",
                *map(str, (figures["corr"], figures["rmse"], path["corr"], still["rmse"])),
            )
    console.print(table)
