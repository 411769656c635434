"""`th evaluate`: one report of what predictors make of a corpus' test clips."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from th_common.errors import InputError
from th_training.progress import bar

app = typer.Typer(add_completion=False)


@app.command()
def evaluate(
    corpus: Annotated[Path, typer.Argument(help="Folder of the corpus (manifest.json, clips/).")],
    out: Annotated[Path, typer.Argument(help="Folder for report.html, report.json, pictures/ and videos/.")],
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FOLDER", help="A face model, or what th train left: asked for the test clips."),
    ] = None,
    predictions: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FOLDER", help="What th train --folds left: every clip is a test clip once."),
    ] = None,
    face: Annotated[
        Path | None,
        typer.Option(help="What draws the codes: a model folder or .safetensors (default: the corpus' own face)."),
    ] = None,
    split: Annotated[
        str, typer.Option(help="With --model: corpus (as its manifest says) or paper (90, 5 and 5 %).")
    ] = "corpus",
    centre: Annotated[
        bool | None,
        typer.Option(help="Baselines learn codes without each clip's mean (default: as the methods were trained)."),
    ] = None,
    examples: Annotated[int, typer.Option(help="Clips of which pictures and a video are made.", min=0)] = 3,
    seed: Annotated[int, typer.Option(help="Of the bootstrap, the shuffling, and --split paper.", min=0)] = 0,
    title: Annotated[str, typer.Option(help="Of the report.")] = "How the face follows the voice",
) -> None:
    """Judge predictors on clips that they were not trained on, beside baselines, in one report."""
    from th_training.corpus.format import read_corpus
    from th_training.corpus.splits import paper_split
    from th_training.evaluate.load import ask_model, face_of, named, parts_of, read_predicted
    from th_training.evaluate.report import Options, write_report

    asked, held = named(model or [], "--model"), named(predictions or [], "--predictions")
    if bool(asked) == bool(held):
        raise InputError(
            "say what is to be judged: either --model NAME=FOLDER or --predictions NAME=FOLDER, once or more"
        )
    if split not in ("corpus", "paper"):
        raise InputError(f"--split is corpus or paper, not {split!r}")
    source = read_corpus(corpus)
    if held:
        read = [(name, *read_predicted(name, folder)) for name, folder in held]
        methods, parts = [method for _, method, _ in read], parts_of(source, [(name, folds) for name, _, folds in read])
    else:
        parts = (paper_split(source, seed) if split == "paper" else source,)
        methods = [ask_model(name, folder, parts[0]) for name, folder in asked]
    centred = any(method.about.get("centred", True) for method in methods) if centre is None else centre
    command = "th evaluate " + " ".join(sys.argv[2:]) if sys.argv[1:2] == ["evaluate"] else "th evaluate"
    options = Options(
        title=title,
        centre=centred,
        examples=examples,
        seed=seed,
        notes={"command": command, "machine": machine()},
        progress=lambda what: bar(what),
    )
    _show(write_report(parts, methods, out, face=face_of(source, face), options=options), out)


def machine() -> str:
    """Processor, cores and versions, in words."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _show(report: dict[str, Any], out: Path) -> None:
    console = Console(highlight=False)
    table = Table("", "shape", "appearance", "lip opening r", "lip width r")
    table.columns[0].no_wrap = True
    table.add_column("CORR (95 %)", no_wrap=True)
    for name, f in report["methods"].items():
        value, low, high = f["corr"]
        interval = "" if low is None else f" ({low:.3f} .. {high:.3f})"
        cells = (f.get(key, [None])[0] for key in ("corr_shape", "corr_appearance", "lip_opening", "lip_width"))
        table.add_row(name, *("-" if c is None else f"{c:.3f}" for c in cells), f"{value:.3f}{interval}")
    console.print(table)
    for name, reason in report["left_out"].items():
        console.print(f"left out {name}: {reason}", markup=False, soft_wrap=True)
    console.print(f"{out / 'report.html'}: {report['clips']} test clips", markup=False)
