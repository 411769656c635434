"""Several trainings, each in a process of its own: recipes side by side, folds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from th_common.errors import TalkingHeadError
from th_training.corpus.format import Corpus
from th_training.learn.recipes import Recipe
from th_training.workers import Died, spread


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training, and where the predictions of its test clips go, if anywhere; the rest as in `train`."""

    name: str
    corpus: Corpus
    recipe: Recipe
    out: Path
    predictions: Path | None = None
    threads: int = 1
    start: Path | None = None
    again: bool = False
    tensorboard: bool = False


@dataclass(frozen=True)
class Done:
    """What became of a job.

    Attributes:
        figures: what its training.json says; None where it failed.
        failure: why it failed.
        seconds, cpu_seconds: what it took here, wall clock and processor; next to nothing where a finished run was kept.
    """

    job: Job
    figures: dict[str, Any] | None
    failure: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0


def run_jobs(jobs: Sequence[Job], processes: int) -> Iterator[Done]:
    """Do all jobs, so many at a time, in the order in which they are done. One that fails does not end the others."""
    for done in spread(_run, jobs, min(processes, max(len(jobs), 1))):
        yield Done(done.item, None, str(done)) if isinstance(done, Died) else done


def _run(job: Job) -> Done:
    from th_training.learn.folds import predict_clips
    from th_training.learn.train import train

    begin, cpu = time.perf_counter(), time.process_time()
    try:
        trained = train(
            job.corpus,
            job.recipe,
            job.out,
            threads=job.threads,
            start=job.start,
            again=job.again,
            tensorboard=job.tensorboard,
        )
        if job.predictions is not None:
            predict_clips(trained.predictor(), job.corpus, job.recipe, job.predictions)
    except TalkingHeadError as error:
        return Done(job, None, str(error))
    except Exception as error:  # of memory, torch, the disk: one training's, the others go on
        return Done(job, None, f"{type(error).__name__}: {' '.join(str(error).split())}")
    return Done(job, trained.figures, "", time.perf_counter() - begin, time.process_time() - cpu)
