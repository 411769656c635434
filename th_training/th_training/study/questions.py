"""What is asked: the article's four questions, a check of the sound, and checks that people read what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from th_common.errors import InputError
from th_training.speech.sentences import EMOTIONS

EMOTION, SOUND, PAIR, RATING = "emotion", "sound", "pair", "rating"
PARTS = (EMOTION, PAIR, RATING)
"""Kinds of trials that answer a question of the article, in the order of its items (i), (ii), (iii) and (iv)."""
LABELS = {emotion: emotion.capitalize() for emotion in EMOTIONS}
SIDES = ("left", "right")
SCALE = ("1", "2", "3", "4", "5")
TONES = ("2", "3", "4", "5")


@dataclass(frozen=True)
class Question:
    """One question of a trial. `ends`: words for the lowest and the highest option of a scale."""

    name: str
    text: str
    options: tuple[str, ...]
    labels: Mapping[str, str]
    ends: tuple[str, str] | None = None


_SCALE = {value: value for value in SCALE}
QUESTIONS: dict[str, tuple[Question, ...]] = {
    EMOTION: (Question("emotion", "Which emotion does this face express?", EMOTIONS, LABELS),),
    SOUND: (Question("tones", "How many tones do you hear?", TONES, {n: n for n in TONES}),),
    PAIR: (
        Question(
            "choice",
            "Which face reproduces the expression of the voice more correctly?",
            SIDES,
            {"left": "Face A", "right": "Face B"},
        ),
    ),
    RATING: (
        Question(
            "compatibility", "How well do video and voice fit together?", SCALE, _SCALE, ("Not at all", "Perfectly")
        ),
        Question("naturalness", "How natural is this talking face?", SCALE, _SCALE, ("Very unnatural", "Very natural")),
    ),
}
"""By kind of trial. (i), (ii), (iii) and (iv) of the article's section 4.4."""

INTRODUCTIONS: dict[str, tuple[str, str]] = {
    EMOTION: (
        "Faces without sound",
        "You will see a talking face, without its voice. Watch it, then say which emotion it expresses. "
        "If you are not sure, choose what comes closest.",
    ),
    SOUND: (
        "Sound on, please",
        "From now on you will hear voices. Headphones are best. Set a comfortable volume and leave it as it is until the end.",
    ),
    PAIR: (
        "Two faces, one voice",
        "You will see two faces, A and B, that speak with the same voice. Watch both, then choose the one that reproduces "
        "the expression of the voice, its emotion and its emphasis, more correctly.",
    ),
    RATING: (
        "One face and its voice",
        "You will see one talking face at a time. Give two marks from 1 to 5: how well video and voice fit together, and "
        "how natural the talking face is. Use the whole scale.",
    ),
}
"""Title and words that stand before the first trial of a kind."""


def asked(kind: str, order: Sequence[str], expected: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """The questions of a trial as the page shows them.

    Args:
        order: of the emotions, the same for all of a person's trials.
        expected: of an attention check, which names the answer; None elsewhere.
    """
    shown = []
    for question in QUESTIONS[kind]:
        options = tuple(order) if kind == EMOTION else question.options
        words = question.text
        if expected is not None:
            words = f"To show that you read this, please choose “{question.labels[expected[question.name]]}” here."
        shown.append(
            {
                "name": question.name,
                "text": words,
                "options": [{"value": value, "label": question.labels[value]} for value in options],
                "ends": question.ends,
            }
        )
    return shown


def checked(kind: str, answer: object) -> dict[str, str]:
    """An answer that came from outside, as it is kept. Raises InputError where it does not answer the questions of that kind."""
    questions = QUESTIONS[kind]
    if not isinstance(answer, dict) or set(answer) != {question.name for question in questions}:
        raise InputError(f"an answer here has {' and '.join(question.name for question in questions)}, nothing else")
    for question in questions:
        if answer[question.name] not in question.options:
            raise InputError(f"{question.name} is one of {', '.join(question.options)}")
    return {question.name: answer[question.name] for question in questions}
