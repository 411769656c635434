"""`make lookahead-study`: what it costs to look only so far ahead, from a corpus to docs/lookahead.md and its plot.

Each lookahead has its own trainings on folds (the recipe of `at`); beside them the network of whole sequences, merely cut off at run time. WORK is
that of `make table1`: its corpus is taken, or made, and its trainings over whole sequences. What is finished is kept; trainings
go fold by fold, so that a study that was cut short has all lookaheads on the folds that it has.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from th_common.errors import TalkingHeadError
from th_face_predictor.cost import emitted_ms, random_predictor
from th_training.aam.files import read_face
from th_training.corpus.format import Corpus
from th_training.evaluate import table1
from th_training.evaluate.intervals import Bootstrap, Interval
from th_training.evaluate.lookahead_page import Row, lookahead_page
from th_training.evaluate.methods import Method, common_clips
from th_training.evaluate.report_command import machine
from th_training.evaluate.scores import read_truths, score
from th_training.learn.folds import FOLDS, finish_folds, fold_jobs, read_folds
from th_training.learn.recipes import RECIPES, Recipe, at_lookahead
from th_training.learn.several import Done, run_jobs
from th_training.learn.show import print_done
from th_training.learn.trained import read_trained
from th_training.whole import replacing
from th_training.workers import cores

LOOKAHEADS = (0, 1, 2, 3, 4, 6, 10, 30)
"""Frames of 1/60 s: 0 to 500 ms."""

MEASURES = ("corr", "lip_opening")

app = typer.Typer(add_completion=False)
console = Console(highlight=False, soft_wrap=True)


def recipe_of(lookahead: int | None) -> Recipe:
    """How the network for a lookahead is trained; None: over whole sequences."""
    whole = replace(RECIPES["best"], centre=True)
    return whole if lookahead is None else replace(at_lookahead(whole, lookahead), name=f"lookahead-{lookahead}")


@dataclass(frozen=True)
class Study:
    """A subject of table 1 and its corpus, where trainings are kept, and how many of the folds are trained: the first `first`."""

    subject: table1.Subject
    corpus: Corpus
    work: Path
    folds: int
    first: int
    seed: int = 0

    def place(self, lookahead: int | None) -> Path:
        """Where the folds of a lookahead lie: those of `make table1`, where it has made them."""
        known = (self.work, self.subject, self.corpus, recipe_of(lookahead), self.folds, self.seed)
        return table1.finished(*known) or table1.place(*known)

    def train(self, lookaheads: Sequence[int | None], processes: int) -> None:
        """Train what is not finished, so many at a time. Raises InputError where one fails."""
        plans = {}
        for frames in lookaheads:
            place = self.place(frames)
            if not (place / FOLDS).is_file() or len(read_folds(place).folds) < self.first:
                jobs = fold_jobs(self.corpus, recipe_of(frames), self.folds, place, seed=self.seed)
                plans[frames] = jobs[: self.first]
        everything = [job for fold in zip(*plans.values(), strict=True) for job in fold]
        done: dict[Path, Done] = {}
        for one in run_jobs(everything, processes):
            done[one.job.out] = one
            print_done(console, one, len(done), len(everything))
        for frames, jobs in plans.items():
            finish_folds(self.place(frames), recipe_of(frames), jobs, [done[job.out] for job in jobs], seed=self.seed)

    def truncated(self, lookahead: int) -> dict[str, np.ndarray]:
        """Codes of each fold's clips by the network of whole sequences, cut off."""
        place = self.place(None)
        codes = {}
        for number, fold in enumerate(read_folds(place).folds[: self.first], 1):
            predictor = replace(read_trained(place / f"fold-{number:02d}"), lookahead=lookahead).predictor()
            for clip in self.corpus.clips:
                if clip.id in fold.test and clip.id not in fold.figures["left_out"]:
                    codes[clip.id] = predictor.predict(self.corpus.load(clip)[0])
        return codes

    def rows(self, lookaheads: Sequence[int | None]) -> list[Row]:
        """What every lookahead comes to on the clips that all have predicted; the last is what the others are compared with."""
        methods: dict[str, Method] = {}
        for frames in lookaheads:
            methods[f"{frames}"] = Method(f"{frames}", read_folds(self.place(frames)).predictions)
            if frames is not None:
                methods[f"{frames} cut"] = Method(f"{frames} cut", self.truncated(frames))
        face = read_face(self.corpus.face_path) if self.corpus.face_path else None
        truths, _ = read_truths(self.corpus, common_clips(self.corpus.clips, list(methods.values()))[0], face)
        bootstrap = Bootstrap(len(truths), seed=self.seed)
        values = {name: score(method, truths, face).values for name, method in methods.items()}
        whole = values[f"{lookaheads[-1]}"]

        def told(name: str) -> dict[str, tuple[Interval, Interval]]:
            of = values[name]
            return {k: (bootstrap.mean(of[k]), bootstrap.mean(of[k] - whole[k])) for k in MEASURES if k in of}

        return [
            Row(
                frames,
                len(truths),
                told(f"{frames}"),
                None if frames is None else told(f"{frames} cut"),
                None if frames is None else emitted_ms(random_predictor(), frames),
            )
            for frames in lookaheads
        ]


@app.command()
def study(
    work: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path("build/table1"),
    docs: Annotated[Path, typer.Option(help="Where lookahead.md and images/ go.")] = Path("docs"),
    folds: Annotated[int, typer.Option(help="Parts of the clips.", min=2)] = 5,
    first: Annotated[int, typer.Option(help="Train only the first so many folds (0: all).", min=0)] = 0,
    jobs: Annotated[int, typer.Option(help="Trainings at a time (default: one per core).", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of folds and bootstrap.", min=0)] = 0,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder with grid_s1 (default: $TH_CORPUS, else ../shared/corpus).")
    ] = None,
) -> None:
    """Train for each lookahead, compare with whole sequences cut off, and write docs/lookahead.md."""
    recordings = recordings or Path(os.environ.get("TH_CORPUS", "../shared/corpus"))
    subject = table1.subjects(recordings)[0]
    lookaheads = (*LOOKAHEADS, None)
    whole = Study(subject, table1.make(subject, work), work, folds, min(first or folds, folds), seed)
    whole.train(lookaheads, jobs or cores())
    rows = whole.rows(lookaheads)
    command = " ".join(["make lookahead-study", *([f"ARGS='--first {first}'"] if first else [])])
    page = lookahead_page(
        rows,
        docs,
        title=subject.title,
        folds=(whole.first, folds),
        machine=machine(),
        profile=whole.corpus.profile,
        command=command,
    )
    with replacing(docs / "lookahead.md") as partial:
        partial.write_text(page, encoding="utf-8")
    console.print(docs / "lookahead.md", markup=False)


if __name__ == "__main__":
    try:
        app()
    except TalkingHeadError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"lookahead-study: {error}", markup=False)
        raise SystemExit(1) from None
