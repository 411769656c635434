"""The `th` command. A part is imported when it is asked for, so that `th --help` is quick and a part whose dependencies are not
installed does not take the others with it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from rich.console import Console
from rich.table import Table

from th_common.errors import TalkingHeadError

PARTS: dict[str, tuple[str, str]] = {
    "face": ("th_training.face.command", "Make a face model from nothing: voices, actor, AAM, corpus, training."),
    "characters": ("th_training.face.characters_command", "Show whom a face can be made of."),
    "expressions": ("th_training.expressions", "Give a face model the codes of the seven expressions."),
    "blendshapes": (
        "th_training.blendshapes.command",
        "Teach a model of the virtual actor to speak in ARKit's blendshapes.",
    ),
    "readout": ("th_training.readout.command", "Teach a model to say what its predicted codes express."),
    "synthesize": ("th_training.synthesize", "Turn a sound file into a video of the speaking face."),
    "features": ("th_training.features.commands", "Show the features of a sound file, and what is wrong with it."),
    "calibrate": (
        "th_training.voices.calibrate_command",
        "Measure a voice and its microphone on half a minute of speech.",
    ),
    "voices": ("th_training.voices.known_command", "Say in a face model which voices it was trained on."),
    "corpus": ("th_training.corpus.commands", "Make and inspect corpora."),
    "landmarks": ("th_training.landmarks.commands", "Find or draw the 68 landmarks of faces."),
    "aam": ("th_training.aam.commands", "Build, fit and inspect active appearance models."),
    "train": ("th_training.learn.commands", "Train predictors on a corpus."),
    "ablate": ("th_training.learn.ablation", "Compare changes of a recipe on folds of a corpus."),
    "curves": ("th_training.learn.curves", "Plot the learning curves of trainings."),
    "export": (
        "th_training.export.command",
        "Write codes or a sound as curves for animators, or a trained predictor and its face as a model folder.",
    ),
    "evaluate": (
        "th_training.evaluate.report_command",
        "Judge predictors on clips they were not trained on, in one report.",
    ),
    "diff": ("th_training.diff.command", "Show what a change did to the face, by the codes of two bags."),
    "study": ("th_training.study.commands", "Ask people: the article's blind study, from its videos to its report."),
    "evaluate-real": ("th_training.evaluate.commands", "Judge a face model on recordings of real speakers."),
}
"""Every part: the module that holds its typer application `app`, and what it does."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `th PART ...`. What is wrong with the user's data is one sentence on standard error and exit status 1."""
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        _help()
        raise SystemExit(0)
    if name not in PARTS:
        _fail(f"there is no part {name!r}; `th --help` names them all", status=2)
    module = PARTS[name][0]
    try:
        app = importlib.import_module(module).app
    except ModuleNotFoundError as error:
        _fail(f"`th {name}` is not available here: no module {error.name!r}", status=1)
    try:
        typer.main.get_command(app).main(args=rest, prog_name=f"th {name}")
    except TalkingHeadError as error:
        _fail(str(error), status=1)
    raise SystemExit(0)


def _help() -> None:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, (_, text) in PARTS.items():
        table.add_row(f"[bold]{name}[/bold]", text)
    console = Console(highlight=False)
    console.print(
        "Usage: th PART [ARGUMENTS]; `th PART --help` says more. Offline tools of the talking face:\n", markup=False
    )
    console.print(table)


def _fail(text: str, *, status: int) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"th: {text}", markup=False)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
