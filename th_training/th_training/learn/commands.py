"""`th train CORPUS OUT`: train predictors on a corpus, with progress and figures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from th_common.errors import InputError, TalkingHeadError
from th_training.learn.recipes import ALIASES, GROUPS, RECIPES, Recipe, at_lookahead, changed, find_recipes

if TYPE_CHECKING:
    from th_training.corpus.format import Corpus

app = typer.Typer(add_completion=False)

NAMES = ", ".join([*RECIPES, *(f"{alias} ({name})" for alias, name in ALIASES.items())])
LIGHTNING = "Processes and devices (Lightning's own flags)"


@app.command()
def train(
    corpus: Annotated[Path, typer.Argument(help="folder of the corpus (manifest.json, clips/)")],
    out: Annotated[
        Path, typer.Argument(help="folder for predictor.safetensors and training.json; a killed run goes on")
    ],
    recipe: Annotated[
        list[str] | None, typer.Option(help=f"{NAMES}; several: one folder each; {', '.join(GROUPS)}: the paper's six")
    ] = None,
    split: Annotated[
        str, typer.Option(help="corpus: as its manifest says; paper: 90 % train, 5 % validation, 5 % test")
    ] = "corpus",
    folds: Annotated[
        int, typer.Option(help="train so often, each time without another part of the clips, and predict those")
    ] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="trainings at a time (several recipes, folds)")] = 1,
    network: Annotated[str, typer.Option(help="FBF, BFF or BBF, as wide as the paper's; empty: the recipe's")] = "",
    units: Annotated[int, typer.Option(help="width of layers 1 and 2; 0: the recipe's")] = 0,
    lookahead: Annotated[int, typer.Option(help="right context in frames; -1: the recipe's")] = -1,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="any field of the recipe: dropout=0.3, epochs=50"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of everything random")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="cores to compute on, of each process")] = 1,
    start: Annotated[Path | None, typer.Option(help="begin with the weights of this finished training")] = None,
    again: Annotated[bool, typer.Option("--again", help="begin anew, whatever OUT holds")] = False,
    tensorboard: Annotated[bool, typer.Option(help="learning curves into OUT/tensorboard")] = True,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu, auto ...", rich_help_panel=LIGHTNING)] = "cpu",
    devices: Annotated[
        str, typer.Option(help="how many on each machine, or which", rich_help_panel=LIGHTNING)
    ] = "auto",
    num_nodes: Annotated[
        int, typer.Option(help="machines; 0: one, or as torchrun says", rich_help_panel=LIGHTNING)
    ] = 0,
    strategy: Annotated[str, typer.Option(help="auto or ddp", rich_help_panel=LIGHTNING)] = "auto",
    precision: Annotated[str, typer.Option(help="32, bf16-mixed, 16-mixed, 64 ...", rich_help_panel=LIGHTNING)] = "32",
) -> None:
    """Train predictors on a corpus."""
    from th_training.corpus.format import read_corpus
    from th_training.corpus.splits import paper_split

    recipes = find_recipes(recipe or ["default"])
    if split not in ("corpus", "paper"):
        raise InputError(f"--split is corpus or paper, not {split!r}")
    recipes = tuple(_chosen(one, network, units, lookahead, seed, setting or []) for one in recipes)
    source = read_corpus(corpus)
    if split == "paper":
        source = paper_split(source, seed)
    lightning = {"accelerator": accelerator, "devices": devices, "strategy": strategy, "precision": precision}
    if folds or len(recipes) > 1:
        if (*lightning.values(), num_nodes) != ("cpu", "auto", "auto", "32", 0):
            raise InputError("folds and several recipes run on the CPU, --jobs at a time")
        options = {"threads": threads, "start": start, "again": again, "tensorboard": tensorboard}
        _several(source, recipes, out, folds, jobs, seed, options)
        return
    _one(
        source,
        recipes[0],
        out,
        lightning,
        num_nodes,
        threads=threads,
        start=start,
        again=again,
        tensorboard=tensorboard,
    )


def _chosen(recipe: Recipe, network: str, units: int, lookahead: int, seed: int, settings: list[str]) -> Recipe:
    recipe = replace(recipe, seed=seed)
    if network:
        recipe = recipe.with_network(network)
    if units:
        recipe = replace(recipe, units=units)
    if lookahead >= 0:
        recipe = at_lookahead(recipe, lookahead)
    return changed(recipe, settings)


def _one(source: Corpus, recipe: Recipe, out: Path, lightning: dict[str, str], num_nodes: int, **options: Any) -> None:
    """One training in this process, or in as many as Lightning starts, of which the first one speaks."""
    from th_training.learn.processes import is_helper, is_lost, make_fabric
    from th_training.learn.show import Show, print_figures
    from th_training.learn.train import train as run

    console = Console(highlight=False, quiet=is_helper(os.environ))
    try:
        fabric = make_fabric(**lightning, num_nodes=num_nodes)
        fabric.launch()
        with Show(recipe, console) as show:
            trained = run(source, recipe, out, fabric=fabric, watcher=show.watcher, **options)
    except TalkingHeadError:
        if is_helper(os.environ):  # the first process says it
            raise typer.Exit(1) from None
        raise
    except RuntimeError as error:
        if not is_lost(error):
            raise
        raise InputError(
            "another process of this training has ended (what it said stands above); the same command goes on"
        ) from error
    if fabric.is_global_zero:
        print_figures(console, {recipe.name: trained.figures})
        if options["tensorboard"]:
            console.print(f"curves: tensorboard --logdir {out}", markup=False, soft_wrap=True)


def _several(
    source: Corpus, recipes: Sequence[Recipe], out: Path, folds: int, jobs: int, seed: int, options: dict[str, Any]
) -> None:
    """Several recipes, each on each fold where there are any, so many trainings at a time."""
    from th_training.learn.folds import finish_folds, fold_jobs
    from th_training.learn.several import Job, run_jobs
    from th_training.learn.show import print_done, print_figures

    console = Console(highlight=False)
    work: dict[str, list[Job]] = {}
    for recipe in recipes:
        place = out / recipe.name if len(recipes) > 1 else out
        work[recipe.name] = (
            fold_jobs(source, recipe, folds, place, seed=seed, **options)
            if folds
            else [Job(name=recipe.name, corpus=source, recipe=recipe, out=place, **options)]
        )
    # The widest networks first: what is left at the end is short, and all processes are busy.
    everything = sorted((job for part in work.values() for job in part), key=lambda job: -job.recipe.units)
    done = []
    for one in run_jobs(everything, jobs):
        done.append(one)
        print_done(console, one, len(done), len(everything))
    failed = [one for one in done if one.figures is None]
    by_folder = {one.job.out: one for one in done}
    for recipe in recipes:
        mine = [by_folder[job.out] for job in work[recipe.name]]
        if folds and all(one.figures for one in mine):
            finish_folds(mine[0].job.out.parent, recipe, work[recipe.name], mine, seed=seed)
    ordered = [by_folder[job.out] for part in work.values() for job in part]
    print_figures(console, {one.job.name: one.figures for one in ordered if one.figures})
    if failed:
        raise InputError(
            f"{len(failed)} of {len(done)} trainings failed, the first: {failed[0].job.name}: {failed[0].failure}"
        )
