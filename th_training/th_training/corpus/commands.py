"""`th corpus`: make and inspect corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from th_training.corpus.format import SPLITS, read_corpus

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def record(
    out: Annotated[Path, typer.Argument(help="Folder for the clips (features and poses of the virtual actor).")],
    seed: Annotated[int, typer.Option(help="Decides what is said, and how.")] = 0,
    scale: Annotated[float, typer.Option(help="1: about two hours.", min=0.001, max=100.0)] = 1.0,
    jobs: Annotated[int, typer.Option(help="Processes.", min=1)] = 2,
    profile: Annotated[str, typer.Option(help="Acoustic features.")] = "robot",
) -> None:
    """Let every installed voice speak and the virtual actor move; an interrupted run goes on."""
    from th_training.corpus import actor
    from th_training.progress import bar

    takes = actor.plan(seed=seed, scale=scale, profile=profile)
    actor.record(takes, out, jobs=jobs, progress=bar("recording"))
    show(out)


@app.command("show")
def show_command(corpus: Annotated[Path, typer.Argument(help="Folder of a corpus.")]) -> None:
    """Say what a corpus holds."""
    show(corpus)


@app.command()
def voices() -> None:
    """List the voices, which of them are installed, and their licences."""
    from th_training.speech import voices as known

    table = Table("voice", "engine", "sex", "language", "installed", "held out")
    for voice in known.VOICES:
        here = "yes" if known.installed(voice) else "no"
        table.add_row(voice.id, voice.engine, voice.sex, voice.language, here, "x" * (voice.id in known.HELD_OUT))
    console = Console(highlight=False)
    console.print(table)
    for engine, licence in known.LICENCES.items():
        console.print(f"{engine}: {licence}", markup=False)


def show(folder: Path) -> None:
    """Print a corpus' size by split, and its speakers."""
    corpus = read_corpus(folder)
    summary = corpus.summary()
    table = Table("split", "clips", "minutes", "speakers")
    for split in SPLITS:
        table.add_row(split, *(str(summary[key][split]) for key in ("clips", "minutes", "speakers")))
    console = Console(highlight=False)
    console.print(table)
    kinds = ", ".join(f"{minutes} min {kind}" for kind, minutes in summary["minutes_by_kind"].items())
    console.print(f"{folder}: profile {corpus.profile}, {kinds}", markup=False)
