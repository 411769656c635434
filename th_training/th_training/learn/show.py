"""What a training says while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from th_training.learn.fit import Epoch, Watcher
from th_training.learn.recipes import Recipe
from th_training.learn.several import Done


class Show:
    """A line per epoch and, on a terminal, a bar for the stage below them."""

    def __init__(self, recipe: Recipe, console: Console) -> None:
        self._recipe, self._console = recipe, console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("step {task.fields[step]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[int, TaskID] = {}

    def __enter__(self) -> Show:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    @property
    def watcher(self) -> Watcher:
        """What to give to `train`."""
        return Watcher(self._began, self._step, self._epoch)

    def _began(self, history: list[Epoch]) -> None:
        if history:
            self._console.print(
                f"going on after {len(history)} epoch{'s' * (len(history) > 1)} of a run that was killed"
            )

    def _step(self, stage: int, epoch: int, done: int, steps: int) -> None:
        stages = self._recipe.stages
        if stage not in self._tasks:
            for task in self._tasks.values():
                self._bar.remove_task(task)
            name = f"stage {stage + 1}/{len(stages)}"
            self._tasks = {stage: self._bar.add_task(name, total=stages[stage].epochs, step="")}
        at = epoch + done / steps
        name = f"stage {stage + 1}/{len(stages)} epoch {epoch + 1}/{stages[stage].epochs}"
        self._bar.update(self._tasks[stage], completed=at, step=f"{done}/{steps}", description=name)

    def _epoch(self, e: Epoch) -> None:
        self._console.print(
            f"stage {e.stage + 1}/{len(self._recipe.stages)}  epoch {e.epoch + 1:3d}/{e.epochs}  loss {e.loss:.4f}  "
            f"validation {e.validation:.4f}  CORR {e.corr:.4f}  {e.frames_per_second:,.0f} frames/s",
            highlight=False,
            soft_wrap=True,
        )


def print_figures(console: Console, named: Mapping[str, Mapping[str, Any]]) -> None:
    """CORR and error of finished trainings, by name, and who was left out."""
    for clip, reason in {k: v for figures in named.values() for k, v in figures["left_out"].items()}.items():
        console.print(f"left out: {clip}: {reason}", markup=False, soft_wrap=True)
    if not all(figures["validation"] for figures in named.values()):
        console.print("no validation clips: the training error decided when to stop, and which weights are kept")
    table = Table("", "clips", "CORR", "rmse", "CORR without sound", "rmse without sound")
    for name, figures in named.items():
        for split in ("validation", "test"):
            if found := figures[split]:
                still, path = found["baselines"]["mean_code"], found["baselines"]["mean_trajectory"]
                numbers = (found["corr"], found["rmse"], path["corr"], still["rmse"])
                table.add_row(name, f"{split} ({found['clips']})", *(_number(x) for x in numbers))
    if table.row_count:
        console.print(table)
        console.print("without sound: CORR of the mean trajectory, rmse of the mean code")


def print_done(console: Console, done: Done, number: int, jobs: int) -> None:
    """One line of one of several trainings."""
    count = f"{number}/{jobs}"
    if done.figures is None:
        console.print(f"{count}  {done.job.name}: failed: {done.failure}", markup=False, soft_wrap=True)
        return
    found: Sequence[str] = [
        f"{split} CORR {_number(done.figures[split]['corr'])}"
        for split in ("validation", "test")
        if done.figures[split]
    ]
    took = f"{done.seconds:.0f} s, {done.cpu_seconds:.0f} s of processor"
    console.print(
        f"{count}  {done.job.name}: {', '.join([*found, took])}", markup=False, highlight=False, soft_wrap=True
    )


def _number(x: float | None) -> str:
    return "-" if x is None else f"{x:.4f}"
