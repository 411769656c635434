"""`th study simulate` and `th study plan`: people whose truth is known, before real ones are asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from th_common.errors import InputError

if TYPE_CHECKING:
    from th_training.study.simulate import Truth

Folder = Annotated[Path, typer.Argument(help="Folder of the study.")]
People = Annotated[int, typer.Option(help="How many.", min=1, max=5000)]
Preference = Annotated[float, typer.Option(help="Share of pairs in which the first method is chosen.")]
Recognition = Annotated[
    list[str] | None, typer.Option(metavar="NAME=SHARE", help="How often a method's emotions are recognised.")
]
MeanMarks = Annotated[list[str] | None, typer.Option(metavar="NAME=FIT,NATURAL", help="A method's mean marks, 1 to 5.")]
Alike = Annotated[float, typer.Option(help="How much alike people are: the smaller, the less.")]
Careless = Annotated[float, typer.Option(help="Share of people who press anything.")]


def simulate(
    folder: Folder,
    answers: Annotated[Path, typer.Argument(help="File of answers to write; never that of real people.")],
    people: People = 62,
    preference: Preference = 0.5,
    recognition: Recognition = None,
    marks: MeanMarks = None,
    alike: Alike = 10.0,
    careless: Careless = 0.0,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Answers of people whose truth is known, to try a study and its report."""
    from th_training.study.simulate import simulate as simulate_people
    from th_training.study.store import Store
    from th_training.study.study import read_study

    study = read_study(folder)
    truth = _truth(study.methods, preference, recognition, marks, alike, careless)
    if answers.exists():
        raise InputError(f"{answers} is there already")
    store = Store(answers, study.digest, simulated=True)
    try:
        simulate_people(study, store, people, truth, seed=seed)
    finally:
        store.close()
    print(f"{answers}: {people} simulated people")


def plan(
    folder: Folder,
    people: People = 62,
    preference: Preference = 0.5,
    recognition: Recognition = None,
    marks: MeanMarks = None,
    alike: Alike = 10.0,
    careless: Careless = 0.0,
    repeats: Annotated[int, typer.Option(help="Studies to simulate.", min=1)] = 200,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """How often a study with so many people would find what is true, by simulating it again and again."""
    from th_training.progress import bar
    from th_training.study.simulate import how_often
    from th_training.study.statistics import wilson
    from th_training.study.study import read_study

    study = read_study(folder)
    truth = _truth(study.methods, preference, recognition, marks, alike, careless)
    if study.pair is None:
        raise InputError(f"{folder}: compares nothing in pairs")
    studies = how_often(study, people, truth, repeats=repeats, seed=seed)
    found = list(bar("studies")(studies, repeats))
    console = Console(highlight=False)
    console.print(
        f"{study.pair[0]} and {study.pair[1]}, {people} people, {repeats} studies; found beyond chance:", soft_wrap=True
    )
    for name in found[0]:
        share = wilson(sum(one[name] for one in found), repeats)
        console.print(f"  {name:<14}{100 * share.value:3.0f} % ({100 * share.low:.0f} .. {100 * share.high:.0f})")


def _truth(
    methods: tuple[str, ...],
    preference: float,
    recognition: list[str] | None,
    marks: list[str] | None,
    alike: float,
    careless: float,
) -> Truth:
    from th_training.study.simulate import Truth

    shares = {name: _numbers(value, 1)[0] for name, value in named_values(recognition or [], "--recognition")}
    means = {name: _numbers(value, 2) for name, value in named_values(marks or [], "--marks")}
    unknown = sorted({*shares, *means} - set(methods))
    if unknown:
        raise InputError(f"{unknown[0]!r} is none of the study's methods {', '.join(methods)}")
    return Truth(
        preference=preference,
        recognition=shares,
        marks={name: (mean[0], mean[1]) for name, mean in means.items()},
        alike=alike,
        careless=careless,
    )


def _numbers(words: str, count: int) -> list[float]:
    try:
        numbers = [float(word) for word in words.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise InputError(f"{words!r} is not {count} number{'s' * (count > 1)}")
    return numbers


def named_values(options: list[str], option: str) -> list[tuple[str, str]]:
    """NAME=VALUE, one by one. Raises InputError."""
    pairs = [value.partition("=") for value in options]
    for value, (name, sign, place) in zip(options, pairs, strict=True):
        if not (sign and name.strip() and place):
            raise InputError(f"{option} takes NAME=VALUE, not {value!r}")
    return [(name.strip(), place) for name, _, place in pairs]
