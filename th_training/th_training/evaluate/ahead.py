"""`make ahead`: does it help to show what is known now, and to correct it as context arrives? From corpora to docs/ahead.md.

GRID's speaker in the live profile: networks trained for fixed lookaheads, and one for any (`anytime`), on folds. With `--actor`, the corpus that
`make face` leaves: the shipped live model, and one for any lookahead by its recipe; both are also shown GRID's speaker, whom they
have never heard. What is finished is kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError, TalkingHeadError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_predictor.predictor import Predictor
from th_face_renderer.face_model import FaceModel
from th_training.aam.files import read_face
from th_training.corpus.format import Corpus, read_corpus
from th_training.corpus.splits import folds as split_folds
from th_training.evaluate import table1
from th_training.evaluate.ahead_judge import Case
from th_training.evaluate.ahead_page import ahead_page
from th_training.evaluate.ahead_schemes import as_streamed, estimates, speed_limit
from th_training.evaluate.ahead_trials import ANYTIME, CUT, DELAYS, FEWER, FIXED, NARROW, REACH, Subject
from th_training.evaluate.anytime import train_anytime
from th_training.evaluate.lookahead import Study, recipe_of
from th_training.evaluate.report_command import machine
from th_training.landmarks.measures import lip_opening
from th_training.learn.folds import read_folds
from th_training.learn.recipes import LIVE, Recipe
from th_training.learn.trained import read_trained
from th_training.whole import replacing
from th_training.workers import cores

app = typer.Typer(add_completion=False)
console = Console(highlight=False, soft_wrap=True)


def own_speaker(study: Study, jobs: int) -> Subject:
    """GRID's speaker by networks that know him. Raises InputError where a training fails."""
    study.train(DELAYS, jobs)
    face = _face(study.corpus)
    parts = split_folds(study.corpus, study.folds, study.seed)[: study.first]
    recipe, fewer = (replace(recipe_of(most), name="anytime") for most in (REACH, NARROW[-1]))
    cases: list[Case] = []
    training: dict[str, np.ndarray] = {}
    for number, part in enumerate(parts, 1):
        place = f"fold-{number:02d}"
        anytime = train_anytime(part, recipe, study.work / "any06" / place).predictor()
        narrow = train_anytime(part, fewer, study.work / "any14" / place, least=NARROW[0]).predictor()
        fixed = {d: read_trained(study.place(d) / place).predictor() for d in DELAYS}
        left_out = read_folds(study.place(DELAYS[0])).folds[number - 1].figures["left_out"]
        tested = [clip for clip in part.split("test") if clip.id not in left_out]
        cut = {d: fixed[REACH] for d in DELAYS if d < REACH}
        networks = {FIXED: fixed, CUT: cut, ANYTIME: dict.fromkeys(DELAYS, anytime)}
        networks[FEWER] = {d: narrow for d in DELAYS if d in NARROW}
        cases += [_case(part.load(clip), clip.id, face, networks) for clip in tested]
        training |= {clip.id: part.load(clip)[1] for clip in part.split("train") if clip.id not in left_out}
    title = f"GRID, speaker s1, networks trained on him ({len(cases)} clips, {study.first} of {study.folds} folds)"
    return Subject("grid", title, face, cases, speed_limit(list(training.values())))


def actor(corpus: Corpus, model: Path, real: Corpus | None, out: Path) -> list[Subject]:
    """The actor's test clips by the shipped model and one for any lookahead, and what both make of a real speaker."""
    live = load_predictor(model)
    if live.profile != corpus.profile or live.lookahead is None:
        raise InputError(f"{corpus.folder}: profile {corpus.profile!r}, {model} hears {live.profile!r}")
    anytime = train_anytime(corpus, live_recipe(model), out).predictor()
    face = read_face(model)
    networks = {FIXED: {live.lookahead: live}, ANYTIME: dict.fromkeys(DELAYS, anytime)}
    limit = speed_limit([codes for _, _, codes in corpus.pairs("train")])
    spoken = [clip for clip in corpus.split("test") if clip.kind == "speech"]
    cases = [_case(corpus.load(clip), clip.id, face, networks) for clip in spoken]
    title = f"the virtual actor, networks of the shipped face ({len(cases)} test clips that neither has heard)"
    found = [Subject("actor", title, face, cases, limit)]
    if real is not None:
        strangers = []
        for clip in real.clips:
            held = real.arrays(clip, "features", "landmarks")
            strangers.append(_case((held["features"], None), clip.id, face, networks, lip_opening(held["landmarks"])))
        title = f"GRID, speaker s1, networks of the shipped face, which has never heard him ({len(strangers)} clips)"
        found.append(Subject("stranger", title, face, strangers, limit))
    return found


def _case(
    held: tuple[np.ndarray, np.ndarray | None],
    name: str,
    face: FaceModel,
    networks: Mapping[str, Mapping[int, Predictor]],
    lips: np.ndarray | None = None,
) -> Case:
    features, codes = held
    streamed = {k: {d: as_streamed(p, features, d) for d, p in of.items()} for k, of in networks.items()}
    if lips is None:
        assert codes is not None
        lips = lip_opening(face.landmark_track(codes))
    anytime = networks[ANYTIME][DELAYS[0]]
    return Case(name, estimates(anytime, features, REACH), lips, codes, streamed)


def _face(corpus: Corpus) -> FaceModel:
    if corpus.face_path is None:
        raise InputError(f"{corpus.folder}: holds no face")
    return read_face(corpus.face_path)


def live_recipe(model: Path) -> Recipe:
    """The live recipe as the model's card has it, for any lookahead."""
    noted = read_card(model).training["predictor"]["recipe"]
    known: dict[str, Any] = {name: tuple(noted[name]) for name in ("lips", "code_weights") if noted.get(name)}
    return replace(LIVE, name="anytime", lookahead=REACH, **known)


@app.command()
def ahead(
    work: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path("build/ahead"),
    docs: Annotated[Path, typer.Option(help="Where ahead.md and images/ go.")] = Path("docs"),
    folds: Annotated[int, typer.Option(help="Parts of the clips.", min=2)] = 5,
    first: Annotated[int, typer.Option(help="Train only the first so many folds (0: all).", min=0)] = 0,
    jobs: Annotated[int, typer.Option(help="Trainings at a time (default: one per core).", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of folds and bootstrap.", min=0)] = 0,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder with grid_s1 (default: $TH_CORPUS, else ../shared/corpus).")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option("--actor", help="Corpus of `make face`: build/face/corpus-live.")
    ] = None,
    model: Annotated[Path, typer.Option(help="The model that was made of it.")] = Path("models/live"),
) -> None:
    """Train, try all schemes, and write docs/ahead.md."""
    recordings = recordings or Path(os.environ.get("TH_CORPUS", "../shared/corpus"))
    grid = sorted(path for path in recordings.glob("grid_*") if path.is_dir())[:1] if recordings.is_dir() else []
    subjects: list[Subject] = []
    real: Corpus | None = None
    if grid:
        made = ("grid", "--profile", "live", str(grid[0]))
        subject = table1.Subject("grid", "GRID, speaker s1", made, centre=True, note="")
        real = table1.make(subject, work)
        study = Study(subject, real, work, folds, min(first or folds, folds), seed)
        subjects.append(own_speaker(study, jobs or cores()))
    if corpus is not None:
        subjects += actor(read_corpus(corpus), model, real, work / "actor-anytime")
    if not subjects:
        raise InputError(f"{recordings}: holds no grid_*, and --actor names no corpus: nothing to judge by")
    command = _command(first, corpus)
    page = ahead_page(subjects, docs, command=command, machine=machine(), seed=seed)
    with replacing(docs / "ahead.md") as partial:
        partial.write_text(page, encoding="utf-8")
    console.print(docs / "ahead.md", markup=False)


def _command(first: int, corpus: Path | None) -> str:
    options: Sequence[str] = [
        *(["--first", str(first)] if first else []),
        *(["--actor", str(corpus)] if corpus else []),
    ]
    return f"make ahead ARGS='{' '.join(options)}'" if options else "make ahead"


if __name__ == "__main__":
    try:
        app()
    except TalkingHeadError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"ahead: {error}", markup=False)
        raise SystemExit(1) from None
