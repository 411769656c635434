"""`make table1`: the article's table 1 on GRID's speaker and on the actor, from nothing to docs/table1.md.

WORK/CORPUS                     the corpora (`th corpus grid`, `th corpus actor`); GRID where its clips are there
WORK/runs/CORPUS/RECIPE-DIGEST  folds of every recipe (`th train --folds`); another corpus, recipe or seed goes elsewhere
WORK/report-CORPUS              the reports (`th evaluate`)

Whatever is finished is kept: a killed run goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from th_common.errors import InputError
from th_training.corpus.format import MANIFEST, Corpus, read_corpus
from th_training.corpus.splits import folds as split_folds
from th_training.evaluate.load import face_of, parts_of, read_predicted
from th_training.evaluate.report import Options, write_report
from th_training.evaluate.report_command import machine
from th_training.evaluate.table1_page import table1_page
from th_training.learn.folds import FOLDS, finish_folds, fold_jobs, read_folds
from th_training.learn.recipes import RECIPES, TABLE1, Augmentation, Recipe, Stage
from th_training.learn.several import Done, Job, run_jobs
from th_training.learn.show import print_done
from th_training.learn.trained import plain
from th_training.progress import bar
from th_training.whole import replacing
from th_training.workers import cores

EXTRA = ("best",)
"""Recipes beside the article's six, where they exist."""

EXAMPLES = 3
"""Clips of each corpus of which pictures and a video are made."""

app = typer.Typer(add_completion=False)
console = Console(highlight=False)


@dataclass(frozen=True)
class Subject:
    """One part of the page.

    Attributes:
        name: of its runs and its report.
        title: its words in a heading.
        make: how `th corpus` makes the corpus; the first word is also the name of its folder.
        centre: whether each clip's mean code is taken off.
        note: what to know of its figures.
        recipes: names of those trained; none: the article's six and what goes past them.
    """

    name: str
    title: str
    make: tuple[str, ...]
    centre: bool
    note: str
    recipes: tuple[str, ...] = ()


GRID_NOTE = (
    "Neutral sentences of six words from a closed vocabulary, all in the same time and order: the mean trajectory says much, and phones "
    "aligned to the known words say where in it a frame is. The face was built from some of the clips, the networks heard none of those they are tested on."
)
ACTOR_NOTE = (
    "The comparative networks are told the very phones and the emotion by which the actor is moved, to the frame; the proposed ones have to hear both. "
    "What no label holds is how a sentence is said: the actor's brows rise with the pitch and its mouth opens with the loudness."
)
LEVEL_NOTE = (
    "The same clips with their own means left in: an emotion is shown mostly by how the face is held throughout a sentence, which CORR does not see "
    "and which costs the networks much of their error. So this part trains few of them, and answers the article's question (i): is the emotion there?"
)
ACTOR = Subject("actor", "The virtual actor, seven emotions", ("actor",), centre=True, note=ACTOR_NOTE)
LEVEL = Subject(
    "actor-level",
    "The virtual actor, how it holds its face",
    ("actor",),
    centre=False,
    note=LEVEL_NOTE,
    recipes=("paper-BBF", "phonemes-BBF", "best"),
)


def subjects(recordings: Path) -> list[Subject]:
    """GRID's speaker, where the recordings are there, and the actor: its movement, and how it holds its face."""
    speakers = sorted(path for path in recordings.glob("grid_*") if path.is_dir()) if recordings.is_dir() else []
    real = [
        Subject("grid", "GRID, speaker s1, real recordings", ("grid", str(path)), centre=True, note=GRID_NOTE)
        for path in speakers[:1]
    ]
    return [*real, ACTOR, LEVEL]


@app.command()
def table1(
    work: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path("build/table1"),
    docs: Annotated[Path, typer.Option(help="Where table1.md and images/ go.")] = Path("docs"),
    folds: Annotated[int, typer.Option(help="Trainings of each network.", min=2)] = 5,
    jobs: Annotated[int, typer.Option(help="Trainings at a time (default: one per core).", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of folds and bootstrap.", min=0)] = 0,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder with grid_s1 (default: $TH_CORPUS, else ../shared/corpus).")
    ] = None,
    train: Annotated[bool, typer.Option(help="--no-train: report what is finished.")] = True,
) -> None:
    """Make the corpora, train all networks on folds, evaluate, and write docs/table1.md."""
    recordings = recordings or Path(os.environ.get("TH_CORPUS", "../shared/corpus"))
    chosen = subjects(recordings)
    if chosen[0] is ACTOR:
        console.print(f"there is no folder grid_* in {recordings}: only the actor is evaluated", markup=False)
    corpora = {subject: make(subject, work) for subject in chosen}
    if train:
        train_all(corpora, work, folds, jobs or cores(), seed)
    reports: dict[Subject, dict[str, Any]] = {}
    for subject, corpus in corpora.items():
        reports[subject] = report(subject, corpus, work, folds, seed)
    command = f"make table1{f' (--folds {folds})' if folds != 5 else ''}"
    page = table1_page([(s.name, s.title, r) for s, r in reports.items()], work, docs, command=command)
    with replacing(docs / "table1.md") as partial:
        partial.write_text(page, encoding="utf-8")
    console.print(
        f"{docs / 'table1.md'}; reports: {', '.join(str(work / f'report-{s.name}') for s in reports)}", markup=False
    )


def make(subject: Subject, work: Path) -> Corpus:
    """The corpus, made where it is not there yet. Raises InputError where that fails."""
    folder = work / subject.make[0]
    if not (folder / MANIFEST).is_file():
        console.rule(f"corpus {subject.make[0]}", align="left", style="dim")
        kind, *source = subject.make
        arguments = ["corpus", kind, *source, str(folder)]
        if subprocess.run([sys.executable, "-m", "th_training.cli", *arguments], check=False).returncode:
            raise InputError(f"th {' '.join(arguments)} failed")
    return read_corpus(folder)


def recipes(subject: Subject) -> list[Recipe]:
    """A subject's recipes, as it has its clips: the article's six and what goes past them, where it names none.

    Where clips keep their own level it is what is asked for, and a recipe that hardly counts it counts it in full.
    """
    names = subject.recipes or (*(recipe.name for recipe in TABLE1), *EXTRA)
    chosen = [replace(RECIPES[name], centre=subject.centre) for name in names if name in RECIPES]
    if subject.centre:
        return chosen
    return [r if r.level == 1.0 else replace(r, name=f"{r.name}-level-1", level=1.0) for r in chosen]


def place(work: Path, subject: Subject, corpus: Corpus, recipe: Recipe, folds: int, seed: int) -> Path:
    """Where a recipe's folds lie, named after all that they depend on."""
    manifest = (corpus.folder / MANIFEST).read_bytes()
    digest = hashlib.sha256(f"{recipe!r} {folds} {seed} ".encode() + manifest).hexdigest()[:8]
    return work / "runs" / subject.name / f"{recipe.name}-{digest}"


def train_all(corpora: dict[Subject, Corpus], work: Path, folds: int, jobs: int, seed: int) -> None:
    """Train every recipe on every fold of every corpus, so many at a time. Raises InputError where one fails."""
    plans: list[tuple[Recipe, Path, list[Job]]] = []
    for subject, corpus in corpora.items():
        for recipe in recipes(subject):
            out = place(work, subject, corpus, recipe, folds, seed)
            plans.append((recipe, out, fold_jobs(corpus, recipe, folds, out, seed=seed)))
    plans.sort(key=lambda plan: _rank(plan[0]))
    everything = [job for _, _, jobs_of in plans for job in jobs_of]
    console.rule(f"{len(everything)} trainings, {jobs} at a time", align="left", style="dim")
    done: dict[Path, Done] = {}
    begin = time.perf_counter()
    for one in run_jobs(everything, jobs):
        done[one.job.out] = one
        print_done(console, one, len(done), len(everything))
        for recipe, out, mine in plans:
            if one.job in mine and all(job.out in done for job in mine):
                finish_folds(out, recipe, mine, [done[job.out] for job in mine], seed=seed)
    console.print(f"trained in {(time.perf_counter() - begin) / 60:.1f} minutes")


def _rank(recipe: Recipe) -> tuple[bool, bool]:
    """The article's best network first, and those that hear before those that read: what is most asked for is there if one stops."""
    return recipe.network != "BBF", recipe.inputs != "sound"


def report(subject: Subject, corpus: Corpus, work: Path, folds: int, seed: int) -> dict[str, Any]:
    """The report of all recipes whose folds are finished. Raises InputError where there is none."""
    wanted = recipes(subject)
    known = {r.name: out for r in wanted if (out := finished(work, subject, corpus, r, folds, seed)) is not None}
    missing = [recipe.name for recipe in wanted if recipe.name not in known]
    if missing:
        console.print(f"{subject.name}: not trained, and not in the report: {', '.join(missing)}", markup=False)
    if not known:
        raise InputError(f"{work / 'runs' / subject.name}: nothing is trained yet")
    read = [read_predicted(name, known[name]) for name in _in_order(list(known))]
    parts = parts_of(corpus, [(method.name, held) for method, held in read])
    notes = {
        "note": subject.note,
        "command": "make table1",
        "machine": machine(),
        "training": f"{len(read)} recipes, {len(read) * folds} trainings",
    }
    options = Options(
        title=subject.title,
        centre=subject.centre,
        seed=seed,
        examples=EXAMPLES,
        notes=notes,
        progress=lambda what: bar(what),
    )
    face = face_of(corpus, None)
    return write_report(parts, [m for m, _ in read], work / f"report-{subject.name}", face=face, options=options)


def finished(work: Path, subject: Subject, corpus: Corpus, recipe: Recipe, folds: int, seed: int) -> Path | None:
    """Where a recipe's finished folds lie, None where they do not: its place, or that of the same recipe and folds made by
    software whose recipes had fewer fields."""
    here = place(work, subject, corpus, recipe, folds, seed)
    if (here / FOLDS).is_file():
        return here
    tested = [{clip.id for clip in part.split("test")} for part in split_folds(corpus, folds, seed)]
    for path in sorted(here.parent.glob(f"{recipe.name}-????????/{FOLDS}"), key=lambda path: -path.stat().st_mtime):
        held = read_folds(path.parent)
        recorded = held.folds[0].figures.get("recipe", {})
        if [set(fold.test) for fold in held.folds] == tested and _same(recipe, recorded):
            return path.parent
    return None


def _same(recipe: Recipe, recorded: dict[str, Any]) -> bool:
    """Whether what a training recorded is this recipe; fields that it does not know have their defaults."""
    try:
        stages = tuple(Stage(**stage) for stage in recorded["stages"])
        augmentation = Augmentation(**recorded["augmentation"])
        then = Recipe(**{**recorded, "stages": stages, "augmentation": augmentation})
    except (KeyError, TypeError, ValueError):
        return False
    return bool(plain(asdict(then)) == plain(asdict(recipe)))


def _in_order(names: Sequence[str]) -> list[str]:
    """As in the article's table, then the rest."""
    known = [recipe.name for recipe in TABLE1]
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


if __name__ == "__main__":
    from th_common.errors import TalkingHeadError

    try:
        app()
    except TalkingHeadError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"table1: {error}", markup=False)
        raise SystemExit(1) from None
