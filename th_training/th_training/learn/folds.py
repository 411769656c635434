"""Predictions of clips that were not trained on, for every clip of a corpus: k trainings, each of which leaves some out.

OUT/fold-01/ ..      a finished training each (`learn.trained`)
OUT/predictions/     ID.npz with `codes` (T, D) float32, absolute, of every clip that could be used
OUT/folds.json       recipe, seed, and the clips of each fold; written last: who finds it has all of them
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_face_predictor.predictor import Predictor
from th_training.corpus.format import SPLITS, Corpus, clip_path
from th_training.corpus.splits import folds as split_folds
from th_training.learn.data import Clips
from th_training.learn.recipes import Recipe
from th_training.learn.several import Done, Job, run_jobs
from th_training.whole import replacing, sweep

FOLDS = "folds.json"
PREDICTIONS = "predictions"
FORMAT = "talking-head-folds/1"


@dataclass(frozen=True)
class Fold:
    """Ids of the clips that a fold trained on, stopped by, and left out; and what its training.json says."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    figures: dict[str, Any]


@dataclass(frozen=True)
class Held:
    """What a recipe says of clips that it has not heard.

    Attributes:
        recipe: its name.
        folds: which clips were used how in each training.
        predictions: clip id -> codes (T, D) float32, by the training whose `test` it is in.
        left_out: clip id -> why it has no prediction.
    """

    recipe: str
    folds: tuple[Fold, ...]
    predictions: dict[str, np.ndarray]
    left_out: dict[str, str]


def predict_folds(
    corpus: Corpus,
    recipe: Recipe,
    k: int,
    out: str | os.PathLike[str],
    *,
    seed: int = 0,
    threads: int = 1,
    jobs: int = 1,
    start: Path | None = None,
    again: bool = False,
    tensorboard: bool = False,
    report: Callable[[Done], None] = lambda done: None,
) -> Held:
    """Train on each of k folds and predict what it left out; finished folds of a killed run are kept.

    Args:
        seed: which clips are in which fold (weights and draws have the recipe's own).
        jobs: folds at a time, each in a process of its own with `threads` threads.
        report: called after each fold.

    Raises:
        InputError: the corpus cannot be divided so, a fold failed, or a file cannot be written.
    """
    work = fold_jobs(
        corpus, recipe, k, out, seed=seed, threads=threads, start=start, again=again, tensorboard=tensorboard
    )
    done = []
    for one in run_jobs(work, jobs):
        report(one)
        done.append(one)
    return finish_folds(out, recipe, work, done, seed=seed)


def fold_jobs(
    corpus: Corpus, recipe: Recipe, k: int, out: str | os.PathLike[str], *, seed: int, **options: Any
) -> list[Job]:
    """The trainings that `predict_folds` does, `options` as of `Job`; the folder is no finished one from here on."""
    folder = Path(out)
    parts = split_folds(corpus, k, seed)
    try:
        (folder / PREDICTIONS).mkdir(parents=True, exist_ok=True)
        sweep(folder / PREDICTIONS)
        (folder / FOLDS).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror or error})") from error
    return [
        Job(
            name=f"{recipe.name} fold {n + 1}/{k}",
            corpus=part,
            recipe=recipe,
            out=folder / f"fold-{n + 1:02d}",
            predictions=folder / PREDICTIONS,
            **options,
        )
        for n, part in enumerate(parts)
    ]


def finish_folds(out: str | os.PathLike[str], recipe: Recipe, work: list[Job], done: list[Done], *, seed: int) -> Held:
    """Declare the folds complete and read them. Raises InputError where one failed."""
    by_folder = {one.job.out: one for one in done}
    failed = [one for one in done if one.figures is None]
    if failed or len(by_folder) != len(work):
        raise InputError(f"{failed[0].job.name}: {failed[0].failure}" if failed else f"{os.fspath(out)}: not all folds")
    rows = []
    for job in work:
        figures = by_folder[job.out].figures
        rows.append({name: [clip.id for clip in job.corpus.split(name)] for name in SPLITS} | {"figures": figures})
    fields = {"format": FORMAT, "recipe": recipe.name, "seed": seed, "folds": rows}
    with replacing(Path(out) / FOLDS) as partial:
        partial.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    return read_folds(out)


def predict_clips(predictor: Predictor, corpus: Corpus, recipe: Recipe, folder: Path) -> None:
    """Write FOLDER/ID.npz with the predicted codes of each usable test clip. Raises InputError."""
    clips = Clips.of(corpus, "test", inputs=recipe.inputs)
    for index, clip in enumerate(clips.clips):
        buffer = io.BytesIO()
        np.savez(buffer, codes=predictor.predict(clips.load(index)[0]))
        with replacing(folder / f"{clip.id}.npz") as partial:
            partial.write_bytes(buffer.getbuffer())


def read_folds(out: str | os.PathLike[str]) -> Held:
    """What `predict_folds` has left in a folder. Raises InputError where it is not finished, or damaged."""
    path = Path(out) / FOLDS
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["format"] != FORMAT:
            raise InputError(f"format is {raw['format']!r}, this software reads {FORMAT!r}")
        folds = tuple(
            Fold(tuple(row["train"]), tuple(row["validation"]), tuple(row["test"]), row["figures"])
            for row in raw["folds"]
        )
        if not folds:
            raise InputError("holds no fold")
        name = str(raw["recipe"])
        left_out: dict[str, str] = {}
        for fold in folds:
            left_out |= fold.figures["left_out"]
            for clip in fold.test:
                clip_path("", clip)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, {os.fspath(out)!r} holds no finished folds") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not readable ({error!r})") from error
    predictions = {}
    for clip in (clip for fold in folds for clip in fold.test if clip not in left_out):
        place = path.parent / PREDICTIONS / f"{clip}.npz"
        try:
            with np.load(place, allow_pickle=False) as data:
                codes = data["codes"]
            if codes.dtype.kind != "f" or codes.ndim != 2:
                raise InputError(f"{codes.dtype} {codes.shape} are no codes")
            predictions[clip] = codes
        except Exception as error:
            raise InputError(f"{place}: missing or damaged ({error}); run the folds again") from error
    return Held(name, folds, predictions, left_out)


def read_predictions(out: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Clip id -> predicted codes (T, D) of all folds. Raises InputError as `read_folds`."""
    return read_folds(out).predictions
