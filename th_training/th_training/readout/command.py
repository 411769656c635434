"""`th readout MODEL --corpus CORPUS`: teach a model to say what its predicted codes express, and judge that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError
from th_common.model_folder import EXPRESSION, add_tensors
from th_face_predictor import load_predictor
from th_face_renderer.face_model import load
from th_face_renderer.readout import NAMES, ReadOut
from th_training.corpus.format import Corpus, read_corpus
from th_training.progress import bar
from th_training.readout.examples import END, Examples, Progress, hear
from th_training.readout.fit import fit_readout
from th_training.readout.scores import Score, confusion, scores

FORGET = 4.0
"""s in which what a voice said falls to 1/e: a sentence or two."""

HELD_OUT = "voices held out"

app = typer.Typer(add_completion=False)


@app.command()
def command(
    model: Annotated[Path, typer.Argument(help="Model folder; gets expression.safetensors.")],
    corpus: Annotated[
        Path,
        typer.Option(help="What the actor said, with the model's profile: `corpus` or `corpus-live` of `th face`."),
    ] = Path("build/face/corpus"),
    forget: Annotated[float, typer.Option(help="s in which what was said falls to 1/e.", min=0.5, max=60.0)] = FORGET,
    dry_run: Annotated[bool, typer.Option(help="Judge only; write nothing.")] = False,
) -> None:
    """Teach a model to say what its predicted codes express; prints what that is worth, as Markdown."""
    found, groups = learn_readout(model, read_corpus(corpus), forget=forget, progress=bar("hearing", quiet=True))
    if not dry_run:
        add_tensors(model, EXPRESSION, found.tensors())
    say = Console(highlight=False, soft_wrap=True, markup=False)
    say.print(table(list(scores(found, groups))))
    for name, group in groups.items():
        say.print(f"\n{name}, after the clip:\n\n{confusion_table(confusion(found, group))}")


def learn_readout(
    model: str | os.PathLike[str],
    corpus: Corpus,
    *,
    forget: float = FORGET,
    progress: Progress | None = None,
) -> tuple[ReadOut, dict[str, Examples]]:
    """Learn from training clips as the model's predictor makes them, set by validation clips; and the test clips that it was judged by.

    Raises:
        ModelError: the folder is no face model.
        InputError: the corpus has another profile, or too little to learn from.
    """
    face, card = load(model)
    predictor = load_predictor(model)
    if corpus.profile != card.profile:
        raise InputError(
            f"{corpus.folder} has features of profile {corpus.profile}, {os.fspath(model)} hears {card.profile}"
        )

    def heard(*splits: str) -> Examples:
        clips = [clip for split in splits for clip in corpus.split(split)]
        return hear(corpus, clips, predictor.predict, face, forget=forget, progress=progress)

    found = fit_readout(heard("train"), heard("validation"), forget=forget)
    test, held = heard("test"), set(corpus.about.get("held_out", ()))
    unheard = np.array([test.clips[k].speaker in held for k in test.clip], bool)
    parts = {HELD_OUT: test.where(unheard), "sentences held out": test.where(~unheard)}
    groups = {name: part for name, part in parts.items() if len(part)}
    for row in scores(found, groups):
        if (row.group, row.moment) == (HELD_OUT, END):
            found.worth = (row.accuracy.value, row.commonest)
    return found, groups


def table(rows: Sequence[Score]) -> str:
    """Scores as Markdown."""
    lines = [
        "| clips | after | n | right (95 %) | commonest | log loss (knowing nothing) | calibration error | named, of these right |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        after = "the clip" if row.moment == END else row.moment
        sure = f"{row.accuracy.value:.2f} ({row.accuracy.low:.2f} .. {row.accuracy.high:.2f})"
        lines.append(
            f"| {row.group} | {after} | {row.count} | {sure} | {row.commonest:.2f} | {row.loss:.2f} ({row.prior_loss:.2f}) "
            f"| {row.calibration:.2f} | {row.named:.2f}, {row.named_right:.2f} |"
        )
    return "\n".join(lines)


def confusion_table(counts: np.ndarray) -> str:
    """Counts (7, 7) as Markdown."""
    head = f"| said, read out as | {' | '.join(NAMES)} |\n|---|{'---|' * len(NAMES)}"
    return "\n".join(
        [head, *(f"| {name} | {' | '.join(map(str, row))} |" for name, row in zip(NAMES, counts, strict=True))]
    )
