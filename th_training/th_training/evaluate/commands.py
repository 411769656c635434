"""`th evaluate-real`: judge a face model on recordings of real speakers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from th_common.default_model import find_model
from th_training.evaluate.real import Report, evaluate_folder, rows
from th_training.progress import bar
from th_training.whole import replacing

app = typer.Typer(add_completion=False)


@app.command()
def evaluate_real(
    corpus: Annotated[Path, typer.Argument(help="Folder with videos of people who speak.")],
    model: Annotated[Path | None, typer.Option(help="Face model folder [default: the default face].")] = None,
    cache: Annotated[Path, typer.Option(help="Where landmarks are remembered.")] = Path("build/cache/landmarks"),
    limit: Annotated[int | None, typer.Option(help="Only the first clips.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Also write all figures as JSON.")] = None,
) -> None:
    """Correlate the drawn lip opening with that of real speakers, beside what loudness alone gives."""
    report = evaluate_folder(
        find_model(model or ""), corpus, cache=cache, limit=limit, seed=seed, progress=bar("clips")
    )
    _show(report)
    if out is not None:
        with replacing(out) as partial:
            partial.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")


def _show(report: Report) -> None:
    console = Console(highlight=False)
    table = Table(title=f"{report.figures['clips']} clips: mean (95 % interval, bootstrap over clips)")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for text, value in rows(report.figures):
        table.add_row(text, value)
    console.print(table)
    for name, reason in report.left_out.items():
        console.print(f"left out {name}: {reason}", markup=False)
