"""Who sees what, and when: every person's trials follow from the study and the person's place in it.

A person sees every sentence once with every method in parts (i) and (iii), (iv), in as many blocks as there are methods; in a block
each sentence comes once. Which method speaks a sentence in which block goes round over persons, the order of the sentences is a row
of a balanced Latin square (Williams 1949: each sentence as often at each place, and as often after each other one), and in part (ii)
each method is as often on the left. The rows are dealt out in random order, all of them before one comes again.

A plan is kept beside its person's answers when they begin: what was shown does not depend on what this module says later.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from th_training.speech.sentences import EMOTIONS
from th_training.study.questions import EMOTION, PAIR, QUESTIONS, RATING, SIDES, SOUND
from th_training.study.study import Study


@dataclass(frozen=True)
class Trial:
    """One page of the questionnaire. `shown`: (method, sentence) of its heads, from left to right; none in the check of the sound.

    `expected`: the right answer, of an attention check and of the check of the sound; None where there is none.
    """

    kind: str
    shown: tuple[tuple[str, str], ...]
    expected: Mapping[str, str] | None = None

    @property
    def check(self) -> bool:
        """Whether this asks for attention only."""
        return self.expected is not None and self.kind != SOUND


@dataclass(frozen=True)
class Plan:
    """All trials of a person in order, and the order in which the emotions stand in each of part (i)."""

    trials: tuple[Trial, ...]
    choices: tuple[str, ...]

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(
            {
                "trials": [{"kind": t.kind, "shown": t.shown, "expected": t.expected} for t in self.trials],
                "choices": self.choices,
            }
        )

    @classmethod
    def from_json(cls, kept: str) -> Plan:
        """As it was kept."""
        raw = json.loads(kept)
        trials = (Trial(t["kind"], tuple((m, s) for m, s in t["shown"]), t["expected"]) for t in raw["trials"])
        return cls(tuple(trials), tuple(raw["choices"]))


def plan(study: Study, slot: int) -> Plan:
    """What the person at place `slot` (0, 1, ...) sees."""
    order = _rng(study, slot, "choices").permutation(len(EMOTIONS))
    return Plan(_trials(study, slot), tuple(EMOTIONS[k] for k in order))


def _trials(study: Study, slot: int) -> tuple[Trial, ...]:
    subset = sentences(study, slot)
    named = [s for s in subset if study.emotions[s]]
    found: list[Trial] = []
    if named:
        found += _with_check(study, slot, _heads(study, slot, EMOTION, named))
    found.append(Trial(SOUND, (), {"tones": str(study.tones)}))
    if study.pair is not None:
        found += _with_check(study, slot, _pairs(study, slot, subset))
    found += _with_check(study, slot, _heads(study, slot, RATING, subset))
    return tuple(found)


def sentences(study: Study, slot: int) -> list[str]:
    """The sentences that a person sees: all, or `study.each` of them, going round over persons."""
    everything = list(study.emotions)
    if study.each >= len(everything):
        return everything
    start = slot * study.each
    return [everything[(start + k) % len(everything)] for k in range(study.each)]


def williams(count: int) -> list[list[int]]:
    """Rows of a Latin square balanced for what comes before what: `count` rows of 0 .. count - 1, twice as many where it is odd."""
    first = [0]
    for k in range(1, count):
        first.append((k + 1) // 2 if k % 2 else count - k // 2)
    rows = [[(place + shift) % count for place in first] for shift in range(count)]
    return rows if count % 2 == 0 else rows + [row[::-1] for row in rows]


def _heads(study: Study, slot: int, kind: str, subset: Sequence[str]) -> list[Trial]:
    methods, rows = study.methods, williams(len(subset))
    turn = _dealt(study, slot, len(methods), f"{kind} method")
    row = _dealt(study, slot, len(rows), f"{kind} order")
    found: list[Trial] = []
    for block in range(len(methods)):
        order = list(rows[(row + block) % len(rows)])
        if found and len(order) > 1 and found[-1].shown[0][1] == subset[order[0]]:
            order[0], order[1] = order[1], order[0]  # not the same sentence twice in a row
        found += [Trial(kind, ((methods[(k + block + turn) % len(methods)], subset[k]),)) for k in order]
    return found


def _pairs(study: Study, slot: int, subset: Sequence[str]) -> list[Trial]:
    assert study.pair is not None
    one, other = study.pair
    rows, places = williams(len(subset)), {sentence: k for k, sentence in enumerate(study.emotions)}
    side = _dealt(study, slot, 2, "side")
    found = []
    for k in rows[_dealt(study, slot, len(rows), "pair order")]:
        left = one if (places[subset[k]] + side) % 2 else other
        right = other if left == one else one
        found.append(Trial(PAIR, ((left, subset[k]), (right, subset[k]))))
    return found


def _with_check(study: Study, slot: int, part: list[Trial]) -> list[Trial]:
    """One trial more, anywhere but in front, that tells what to answer."""
    if not study.checks:
        return part
    kind = part[0].kind
    rng = _rng(study, slot, f"{kind} check")
    alike = part[int(rng.integers(len(part)))]
    expected = {question.name: str(rng.choice(question.options)) for question in QUESTIONS[kind]}
    assert kind != PAIR or expected["choice"] in SIDES
    place = int(rng.integers(1, len(part) + 1))
    return [*part[:place], Trial(kind, alike.shown, expected), *part[place:]]


def _dealt(study: Study, slot: int, levels: int, name: str) -> int:
    """Which of so many levels a person has: every `levels` persons in a row have all of them, in random order."""
    cycle, place = divmod(slot, levels)
    return int(_rng(study, cycle, name).permutation(levels)[place])


def _rng(study: Study, number: int, name: str) -> np.random.Generator:
    return np.random.default_rng([study.seed, number, zlib.crc32(name.encode())])
