"""What people said, sorted by question: rows of the answers to each part, and who is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from th_training.study.design import Plan, Trial
from th_training.study.questions import EMOTION, PAIR, RATING, SIDES
from th_training.study.store import Answer, Person, Store
from th_training.study.study import Study

_Row = TypeVar("_Row", "Named", "Chosen", "Rated")


@dataclass(frozen=True)
class Named:
    """One answer to (i)."""

    person: int
    method: str
    sentence: str
    true: str
    named: str

    @property
    def right(self) -> bool:
        """Whether the emotion was recognised."""
        return self.named == self.true


@dataclass(frozen=True)
class Chosen:
    """One answer to (ii): whether the pair's first method was chosen, and whether the left head was."""

    person: int
    sentence: str
    first: bool
    left: bool


@dataclass(frozen=True)
class Rated:
    """One answer to (iii) and (iv), 1 to 5 each."""

    person: int
    method: str
    sentence: str
    compatibility: int
    naturalness: int


@dataclass
class Results:
    """The answers of people who finished; counts of people who began, finished, and failed an attention check.

    `left_out`: people who finished and are not in the rows. `seconds`: of each person in the rows, on the whole.
    """

    named: list[Named] = field(default_factory=list)
    chosen: list[Chosen] = field(default_factory=list)
    rated: list[Rated] = field(default_factory=list)
    began: int = 0
    finished: int = 0
    failed: int = 0
    left_out: int = 0
    people: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    simulated: bool = False


def read_results(study: Study, store: Store, *, everybody: bool = False) -> Results:
    """The answers to a study. Counted are people who finished and passed every attention check; with `everybody` all who finished."""
    return collect(study, store.people(), simulated=store.simulated, everybody=everybody)


def collect(
    study: Study,
    people: Iterable[tuple[Person, Sequence[Answer]]],
    *,
    simulated: bool = False,
    everybody: bool = False,
) -> Results:
    """The answers of people; see `read_results`."""
    results = Results(simulated=simulated)
    for person, answers in people:
        results.began += 1
        if not person.finished:
            continue
        results.finished += 1
        trials = Plan.from_json(person.plan).trials
        passed = all(said.answer == trials[said.trial].expected for said in answers if trials[said.trial].check)
        results.failed += not passed
        if not (passed or everybody):
            results.left_out += 1
            continue
        results.people.append(person.id)
        results.seconds.append(sum(said.seconds for said in answers))
        for said in answers:
            if trials[said.trial].expected is None:
                _sort(results, study, person, trials[said.trial], said)
    return results


def by_person(rows: Sequence[_Row], values: Sequence[float], people: Sequence[int]) -> np.ndarray:
    """(P,) mean of the values of each person's rows; NaN of people who have none."""
    places = {person: k for k, person in enumerate(people)}
    sums, counts = np.zeros(len(people)), np.zeros(len(people))
    for row, value in zip(rows, values, strict=True):
        sums[places[row.person]] += value
        counts[places[row.person]] += 1
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _sort(results: Results, study: Study, person: Person, trial: Trial, said: Answer) -> None:
    method, sentence = trial.shown[0]
    if trial.kind == EMOTION:
        true = study.emotions[sentence]
        results.named.append(Named(person.id, method, sentence, true, said.answer["emotion"]))
    elif trial.kind == PAIR:
        assert study.pair is not None
        left = said.answer["choice"] == SIDES[0]
        chosen = trial.shown[0 if left else 1][0]
        results.chosen.append(Chosen(person.id, sentence, chosen == study.pair[0], left))
    elif trial.kind == RATING:
        marks = int(said.answer["compatibility"]), int(said.answer["naturalness"])
        results.rated.append(Rated(person.id, method, sentence, *marks))
