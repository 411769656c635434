"""`th features`: look at what a face hears in a sound file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from th_common.errors import InputError
from th_training.features.analyse import Analysis, analyse
from th_training.features.hints import hints
from th_training.features.plot import check_name, printable, save_plot, summary
from th_training.whole import replacing

app = typer.Typer(add_completion=False)
_STATICS = (*(f"c{k}" for k in range(1, 13)), "e")
NAMES = (*(f"{order}{name}" for order in ("", "d_", "dd_") for name in _STATICS), "f0")


@app.command()
def features(
    speech: Annotated[Path, typer.Argument(help="Sound file: wav, flac, mp3, ogg, or the sound of a video.")],
    plot: Annotated[Path | None, typer.Option(help="Picture to write: .png, .jpg, .pdf or .svg.")] = None,
    profile: Annotated[str, typer.Option(help="Definition of the features: paper, robot or live.")] = "robot",
    out: Annotated[Path | None, typer.Option(help="Write the features, too (.npz).")] = None,
    start: Annotated[float, typer.Option(help="s; look from here.")] = 0.0,
    end: Annotated[float | None, typer.Option(help="s; look no further [default: the end].")] = None,
) -> None:
    """Show the features of a sound file: waveform, spectrum, MFCC, energy, F0 with voicing, and what is wrong with the sound.

    The picture shows at most 30 s, from --start; the table tells of the whole part.
    """
    _check_targets(speech, plot, out)
    errors = Console(stderr=True)
    with Progress(
        TextColumn("features"),
        TextColumn("{task.completed:.0f} s"),
        TimeElapsedColumn(),
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task("features", total=None)
        found = analyse(
            speech,
            profile,
            start=start,
            end=end,
            keep=out is not None,
            tell=lambda done: progress.update(task, completed=done),
        )
    if plot is not None:
        save_plot(found, plot)
    if out is not None:
        _save(found, out)
    _show(found, plot, out)


def _check_targets(speech: Path, plot: Path | None, out: Path | None) -> None:
    """Before minutes of work, what would fail after them."""
    if plot is not None:
        check_name(plot)
    if out is not None and out.suffix.lower() != ".npz":
        raise InputError(f"the features' name must end in .npz, not {out.name!r}")
    for target in (plot, out):
        if target is None:
            continue
        if not target.absolute().parent.is_dir():
            raise InputError(f"there is no folder {str(target.parent)!r} to write {target.name!r} in")
        if target.exists() and speech.exists() and target.samefile(speech):
            raise InputError(f"{str(target)!r} is the sound itself; write to another name")


def _save(found: Analysis, out: Path) -> None:
    assert found.features is not None
    assert found.times is not None
    with replacing(out) as partial, partial.open("wb") as file:
        np.savez_compressed(
            file,
            features=found.features,
            times=found.times,
            names=np.array(NAMES),
            profile=found.profile.name,
            sample_rate=found.facts.rate,
        )


def _show(found: Analysis, plot: Path | None, out: Path | None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in summary(found):
        table.add_row(name, value)
    console.print(printable(str(found.path)), markup=False, style="bold")
    console.print(table)
    for hint in hints(found) or ["nothing unusual"]:
        console.print(f"- {hint}", markup=False)
    part = found.excerpt
    if plot is not None:
        console.print(f"{plot}: {part.start:.2f} to {part.end:.2f} s", markup=False)
    if out is not None:
        console.print(f"{out}: {found.frames} vectors of 40", markup=False)
