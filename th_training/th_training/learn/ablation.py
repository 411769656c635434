"""`th ablate CORPUS OUT`: what each part of a recipe does for one's own speaker, on folds.

Clips that the manifest puts in `test` are set aside and never read: choose here, then look at them once. Every row is trained on
each fold, with as many seeds as asked for, and compared with the first row clip by clip: the mean of the differences and its 95 %
bootstrap interval over clips. Finished trainings are kept, so that a killed run goes on and a new row costs its own time alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError
from th_training.aam.files import read_face
from th_training.corpus.format import Corpus, read_corpus
from th_training.evaluate.intervals import Bootstrap, Interval
from th_training.evaluate.methods import Method, common_clips
from th_training.evaluate.scores import Scores, read_truths, score
from th_training.learn.folds import predict_folds
from th_training.learn.recipes import Recipe, changed, find_recipe
from th_training.learn.several import Done
from th_training.whole import replacing

ROWS = (
    "paper: paper",
    "paper, 75 epochs: paper epochs=75 patience=75",
    "paper, pace and tract: paper augmentation.pace=0.12 augmentation.tract=0.12",
    "paper, level counts a tenth: paper level=0.1",
    "best: best",
    "best, one network: best members=1 dropout=0.5 learning_rate=0.002",
    "best, two members: best members=2 dropout=0.4 learning_rate=0.002",
    "best, six members: best members=6 dropout=0.15",
    "best, pace and tract as recorded: best augmentation.pace=0 augmentation.tract=0",
    "best, level counts as all: best level=1",
    "best, no augmentation: best augmentation.pace=0 augmentation.tract=0 augmentation.gain=0 augmentation.channel=0 augmentation.pitch=0",
    "best, RMSprop: best optimiser=rmsprop learning_rate=0.002 warm_up=0",
    "best, 40 epochs: best epochs=40 patience=40",
)
"""NAME: RECIPE [FIELD=VALUE ...]; all are compared with the first."""

TABLE, FIGURES = "ablation.md", "ablation.json"
COMPARED = {"corr": "CORR", "lip_opening": "lip opening r", "lip_width": "lip width r"}

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Outcome:
    """One row: its figures, each a mean over seeds and clips, and how much they are above the first row's (None for that)."""

    name: str
    recipe: Recipe
    seeds: int
    clips: int
    figures: dict[str, Interval]
    gains: dict[str, Interval] | None
    minutes: float


def read_row(text: str) -> tuple[str, Recipe]:
    """ "NAME: RECIPE [FIELD=VALUE ...]" -> name and recipe. Raises InputError where it is not that."""
    name, colon, rest = text.partition(":")
    words = rest.split()
    if not (name.strip() and colon and words):
        raise InputError(f"row {text!r} is not 'NAME: RECIPE FIELD=VALUE ...'")
    return name.strip(), changed(find_recipe(words[0]), words[1:])


def set_aside(corpus: Corpus) -> Corpus:
    """The corpus without its test clips. Raises InputError where nothing is left."""
    kept = tuple(clip for clip in corpus.clips if clip.split != "test")
    if not kept:
        raise InputError(f"{corpus.folder}: all clips are test clips, which are set aside")
    return replace(corpus, clips=kept)


def ablate(
    corpus: Corpus,
    rows: Sequence[str],
    out: Path,
    *,
    folds: int = 5,
    seeds: int = 1,
    seed: int = 0,
    jobs: int = 1,
    threads: int = 1,
    report: Callable[[Done], None] = lambda done: None,
) -> list[Outcome]:
    """Train and compare all rows; writes OUT/ablation.md and OUT/ablation.json.

    Args:
        folds: parts of the clips that are not set aside; the same for all rows (`seed`).
        seeds: trainings of each row and fold, whose figures are averaged by clip.
        jobs: trainings at a time, with `threads` threads each.

    Raises:
        InputError: the corpus or a row cannot be used, or a training failed.
    """
    chosen = [read_row(row) for row in rows]
    if not chosen or len({name for name, _ in chosen}) != len(chosen):
        raise InputError("rows need names that differ")
    if seeds < 1:
        raise InputError(f"{seeds} seeds are no training")
    source = set_aside(corpus)
    methods: list[list[Method]] = []
    minutes = []
    for number, (name, recipe) in enumerate(chosen):
        methods.append([])
        spent: list[float] = []
        for n in range(seeds):

            def told(done: Done, spent: list[float] = spent) -> None:
                spent.append((done.figures or {}).get("minutes") or 0.0)
                report(done)

            held = predict_folds(
                source,
                replace(recipe, name=name, seed=n),
                folds,
                out / f"{_folder(name)}" / f"seed-{n}",
                seed=seed,
                jobs=jobs,
                threads=threads,
                report=told,
            )
            methods[number].append(Method(f"{name} {n}", held.predictions, recipe=recipe.name))
        minutes.append(sum(spent) / (seeds * folds))
    outcomes = compare(source, chosen, methods, minutes)
    write(out, corpus, outcomes, folds)
    return outcomes


def compare(
    corpus: Corpus, rows: Sequence[tuple[str, Recipe]], methods: Sequence[Sequence[Method]], minutes: Sequence[float]
) -> list[Outcome]:
    """Figures of each row (its methods are its seeds), and paired differences to the first."""
    clips, _ = common_clips(corpus.clips, [method for seeds in methods for method in seeds])
    face = read_face(corpus.face_path) if corpus.face_path else None
    truths, _ = read_truths(corpus, clips, face)
    bootstrap = Bootstrap(len(truths))
    values = [_mean([score(method, truths, face) for method in seeds]) for seeds in methods]
    return [
        Outcome(
            name,
            recipe,
            len(seeds),
            len(truths),
            {key: bootstrap.mean(of) for key, of in found.items()},
            None if found is values[0] else {key: bootstrap.mean(found[key] - values[0][key]) for key in found},
            spent,
        )
        for (name, recipe), seeds, found, spent in zip(rows, methods, values, minutes, strict=True)
    ]


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Lines of a Markdown table."""
    keys = [key for key in COMPARED if key in outcomes[0].figures]
    first = outcomes[0].name
    head = ["recipe", *(w for key in keys for w in (COMPARED[key], f"above {first}")), "minutes"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for one in outcomes:
        cells = [one.name]
        for key in keys:
            cells.append(f"{one.figures[key].value:.3f}")
            gain = one.gains[key] if one.gains else None
            cells.append("" if gain is None else f"{gain.value:+.3f} ({gain.low:+.3f} .. {gain.high:+.3f})")
        lines.append(f"| {' | '.join([*cells, f'{one.minutes:.1f}'])} |")
    return lines


def write(out: Path, corpus: Corpus, outcomes: Sequence[Outcome], folds: int) -> None:
    """OUT/ablation.md, OUT/ablation.json."""
    aside = sorted(clip.id for clip in corpus.split("test"))
    text = [
        f"{outcomes[0].clips} clips in {folds} folds, {outcomes[0].seeds} seed(s); 95 % bootstrap intervals over clips of the paired",
        f"difference to the first row; minutes of one training. Set aside and not read: {', '.join(aside) or 'nothing'}.",
        "",
        *table(outcomes),
    ]
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "recipe": repr(one.recipe),
            "figures": {k: [v.value, v.low, v.high] for k, v in one.figures.items()},
            "gains": {k: [v.value, v.low, v.high] for k, v in (one.gains or {}).items()},
            "minutes": one.minutes,
        }
        for one in outcomes
    ]
    found = {"clips": outcomes[0].clips, "folds": folds, "seeds": outcomes[0].seeds, "set_aside": aside, "rows": rows}
    for name, content in ((TABLE, "\n".join(text) + "\n"), (FIGURES, json.dumps(found, indent=1) + "\n")):
        with replacing(out / name) as partial:
            partial.write_text(content, encoding="utf-8")


def _mean(scores: Iterable[Scores]) -> dict[str, np.ndarray]:
    """Figures by clip, the mean over seeds."""
    every = [one.values for one in scores]
    return {key: np.mean([values[key] for values in every], axis=0) for key in COMPARED if key in every[0]}


def _folder(name: str) -> str:
    return "-".join("".join(c if c.isalnum() or c in ".-" else " " for c in name.lower()).split())


@app.command()
def command(
    corpus: Annotated[Path, typer.Argument(help="folder of the corpus; its test clips are set aside")],
    out: Annotated[Path, typer.Argument(help="folder for ablation.md, ablation.json and the trainings")],
    row: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: RECIPE FIELD=VALUE ...'",
            help="instead of the rows of docs/best.md; the first is compared with",
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="parts of the clips, each predicted by a training without it")] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each row and fold")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="which clips are in which fold")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="trainings at a time")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="cores of each training")] = 1,
) -> None:
    """Compare changes of a recipe on folds of a corpus."""
    console = Console(highlight=False, soft_wrap=True)

    def told(done: Done) -> None:
        console.print(f"{done.job.name}: {done.failure or f'{done.seconds:.0f} s'}", markup=False)

    outcomes = ablate(
        read_corpus(corpus),
        row or ROWS,
        out,
        folds=folds,
        seeds=seeds,
        seed=seed,
        jobs=jobs,
        threads=threads,
        report=told,
    )
    for line in table(outcomes):
        console.print(line, markup=False)
