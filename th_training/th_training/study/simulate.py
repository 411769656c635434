"""People whose truth is known: what the report must find again, and how many of them a study would need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from th_common.errors import InputError
from th_training.speech.sentences import EMOTIONS
from th_training.study.design import Plan, Trial, plan
from th_training.study.questions import EMOTION, PAIR, QUESTIONS, SIDES, SOUND
from th_training.study.results import collect
from th_training.study.statistics import SURE, holm, signed_rank
from th_training.study.store import Answer, Person, Store
from th_training.study.study import Study
from th_training.study.summary import paired

ALIKE = {"anger": "disgust", "disgust": "anger", "fear": "surprise", "surprise": "fear"}
"""Emotions that are taken for each other, as the article says of silent faces."""


@dataclass(frozen=True)
class Truth:
    """How people answer, in the mean over people.

    preference: the share of pairs in which the first method is chosen. recognition: method -> the share of emotions that are
    recognised; of the rest, half go to the emotion that looks alike where there is one. confusion: method -> (7, 7) shares, rows true,
    columns named, in place of that. marks: method -> mean compatibility and naturalness, 1 to 5. alike: how much alike people are (the
    parameters of the beta distribution of their own shares add up to this). careless: the share of people who press anything.
    """

    preference: float = 0.5
    recognition: Mapping[str, float] = field(default_factory=dict)
    confusion: Mapping[str, np.ndarray] = field(default_factory=dict)
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    alike: float = 10.0
    careless: float = 0.0

    def __post_init__(self) -> None:
        shares = [self.preference, self.careless, *self.recognition.values()]
        if not all(0 <= share <= 1 for share in shares) or not self.alike > 0:
            raise InputError("shares are numbers from 0 to 1")
        if not all(1 <= mark <= 5 for marks in self.marks.values() for mark in marks):
            raise InputError("marks are numbers from 1 to 5")

    def confused(self, method: str) -> np.ndarray:
        """(7, 7) shares of named emotions; rows true ones."""
        if method in self.confusion:
            return np.asarray(self.confusion[method], float)
        right = self.recognition.get(method, 1 / 7)
        matrix = np.zeros((7, 7))
        for row, emotion in enumerate(EMOTIONS):
            alike = EMOTIONS.index(ALIKE[emotion]) if emotion in ALIKE else None
            others = [k for k in range(7) if k not in (row, alike)]
            matrix[row, others] = (1 - right) * (0.5 if alike is not None else 1.0) / len(others)
            if alike is not None:
                matrix[row, alike] = (1 - right) / 2
            matrix[row, row] = right
        return matrix


def simulate(study: Study, store: Store, people: int, truth: Truth, *, seed: int = 0) -> None:
    """Add so many people, all of whom finish."""
    plans = [plan(study, slot) for slot in range(people)]
    store.add((person.slot, person.plan, answers) for person, answers in _people(study, plans, truth, seed))


def how_often(study: Study, people: int, truth: Truth, *, repeats: int, seed: int = 0) -> Iterator[dict[str, bool]]:
    """Of so many studies that were done alike: which of the pair's differences were beyond chance (after Holm)."""
    plans = [plan(study, slot) for slot in range(people)]
    for repeat in range(repeats):
        results = collect(study, _people(study, plans, truth, seed + repeat), simulated=True)
        ps = {name: signed_rank(values) for name, values in paired(study, results).items()}
        yield {name: p < SURE for name, p in holm(ps).items()}


def _people(study: Study, plans: Sequence[Plan], truth: Truth, seed: int) -> Iterator[tuple[Person, list[Answer]]]:
    rng = np.random.default_rng(seed)
    for slot, own in enumerate(plans):
        someone = Someone(study, truth, rng)
        answers = [someone.answers(k, trial) for k, trial in enumerate(own.trials)]
        yield Person(slot, slot, own.to_json(), len(answers), True), answers


class Someone:
    """One person, who may lean more or less than others to what people lean to."""

    def __init__(self, study: Study, truth: Truth, rng: np.random.Generator) -> None:
        self._study, self._truth, self._rng = study, truth, rng
        self.careless = bool(rng.random() < truth.careless)
        self._confused = {method: truth.confused(method).cumsum(axis=1) for method in study.methods}
        self._preference = self._own(truth.preference)
        self._marks = {
            method: tuple(self._own((mark - 1) / 4) for mark in truth.marks.get(method, (3.0, 3.0)))
            for method in study.methods
        }

    def answers(self, number: int, trial: Trial) -> Answer:
        """What this person says to a trial."""
        return Answer(number, self._answer(trial), plays=max(1, len(trial.shown)), seconds=float(self._rng.gamma(4, 2)))

    def _answer(self, trial: Trial) -> dict[str, str]:
        if trial.kind == SOUND or (trial.check and not self.careless):
            assert trial.expected is not None
            return dict(trial.expected)
        if self.careless:
            return {question.name: str(self._rng.choice(question.options)) for question in QUESTIONS[trial.kind]}
        method, sentence = trial.shown[0]
        if trial.kind == EMOTION:
            shares = self._confused[method][EMOTIONS.index(self._study.emotions[sentence])]
            return {"emotion": EMOTIONS[min(int(np.searchsorted(shares, self._rng.random(), "right")), 6)]}
        if trial.kind == PAIR:
            assert self._study.pair is not None
            wanted = self._study.pair[int(self._rng.random() >= self._preference)]
            return {"choice": SIDES[[shown for shown, _ in trial.shown].index(wanted)]}
        marks = [1 + int(self._rng.binomial(4, share)) for share in self._marks[method]]
        return {"compatibility": str(marks[0]), "naturalness": str(marks[1])}

    def _own(self, share: float) -> float:
        """A share of this person's own; of all people it is `share` in the mean."""
        if not 0 < share < 1:
            return share
        return float(self._rng.beta(share * self._truth.alike, (1 - share) * self._truth.alike))
