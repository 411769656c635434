"""The parts of a study's report, from its figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from th_training.evaluate.intervals import Interval
from th_training.speech.sentences import EMOTIONS
from th_training.study.document import Block, Heading, Lead, Picture, Table, Words
from th_training.study.statistics import Power
from th_training.study.summary import SCALES, Summary, Test

QUESTIONS = {
    "preference": "chosen in pairs",
    "compatibility": "video and voice fit",
    "naturalness": "naturalness",
    "recognition": "emotion recognised, silent",
}
PLANNED = {
    "preference": (0.05, 0.1, 0.15, 0.2, 0.27),
    "compatibility": (0.1, 0.2, 0.3, 0.5),
    "naturalness": (0.1, 0.2, 0.3, 0.5),
    "recognition": (0.05, 0.1, 0.2),
}
"""Effects to plan for: the share beyond one half (0.27: the article's), differences of marks and of shares."""


def verdict(test: Test, pair: tuple[str, str]) -> str:
    """One test in one sentence."""
    one, other = pair
    chance = "beyond chance" if test.sure else "not beyond chance"
    shown = _p(test.p_corrected)
    p = f"p {shown if shown.startswith('<') else f'= {shown}'} after Holm"
    if test.name == "preference":
        share = replace(test.effect, **{k: getattr(test.effect, k) + 0.5 for k in ("value", "low", "high")})
        return f"{one} was preferred to {other} in {_percent(share)} of the pairs: {chance} ({p})."
    points = _percent(test.effect, sign=True).replace("%", "percentage points")
    size = points if test.name == "recognition" else _figure(test.effect, sign=True)
    return f"{QUESTIONS[test.name].capitalize()}: {one} minus {other} {size}, {chance} ({p})."


def sections(found: Summary, everybody: Summary, pictures: Mapping[str, Path]) -> Iterator[Block]:
    """The whole report. `everybody`: with the people who failed an attention check; `pictures`: of `plots.draw`."""
    study, results = found.study, found.results
    if results.simulated:
        yield Lead(("SIMULATED ANSWERS: nobody was asked, `th study simulate` made these people up.",))
    pair = study.pair
    if pair is not None:
        yield Lead(tuple(verdict(test, pair) for test in found.tests.values()))
    minutes = float(np.median(results.seconds)) / 60
    yield Words(
        f"{results.began} people began, {results.finished} finished; {results.failed} of these failed an attention check. "
        f"Counted here: {len(results.people)}, who took {minutes:.1f} minutes (median) to answer. The article asked 62."
    )
    if found.recognition:
        yield from _emotions(found, pictures)
    if found.preference is not None:
        yield from _preference(found, pictures)
    for number, scale in zip((7, 8), SCALES, strict=True):
        yield from _marks(found, scale, number, pictures)
    if found.tests:
        yield from _certainty(found, everybody)
    yield from _how(found)


def _emotions(found: Summary, pictures: Mapping[str, Path]) -> Iterator[Block]:
    yield Heading("(i) Emotion of a silent head: the article's figure 6")
    yield Picture(
        pictures["emotion"], "Share of silent heads of which the emotion was recognised, with 95 % intervals."
    )
    methods = tuple(found.recognition.values())
    rows = [
        ("all, over people (bootstrap)", *(_percent(of.right) for of in methods)),
        ("all, over answers (Wilson)", *(_percent(of.answers) for of in methods)),
        *((emotion, *(_percent(of.emotions[emotion]) for of in methods)) for emotion in EMOTIONS),
    ]
    yield Table(("", *found.recognition), tuple(rows))
    yield Picture(pictures["confusion"], "What was named (columns) where what was meant (rows); per cent of the row.")


def _preference(found: Summary, pictures: Mapping[str, Path]) -> Iterator[Block]:
    preference, pair = found.preference, found.study.pair
    assert preference is not None
    assert pair is not None
    yield Heading("(ii) Which head reproduces the vocal expression better")
    yield Picture(
        pictures["preference"],
        f"Share of pairs in which {pair[0]} was chosen, with 95 % intervals (all: bootstrap over people; sentences: Wilson).",
    )
    yield Table(
        ("", ""),
        (
            (f"{pair[0]} chosen", f"{preference.count} of {preference.total}"),
            ("share, over people (bootstrap)", _percent(preference.share)),
            ("share, over answers (Wilson)", _percent(preference.answers)),
            ("signed-rank test of people's shares, p", _p(found.tests["preference"].p)),
            ("binomial test of all answers, p", _p(preference.binomial)),
            ("one person's answers are alike (design effect)", _number(preference.alike, 2)),
            ("the left head was chosen", _percent(preference.left)),
        ),
    )
    yield Words(
        "The binomial test and Wilson's interval take all answers for independent; with a design effect well above 1 "
        "they are too sure, and the signed-rank test is the one to quote.",
        soft=True,
    )


def _marks(found: Summary, scale: str, number: int, pictures: Mapping[str, Path]) -> Iterator[Block]:
    item = {"compatibility": "(iii) Compatibility of video and voice", "naturalness": "(iv) Naturalness"}[scale]
    yield Heading(f"{item}: the article's figure {number}")
    yield Picture(
        pictures[scale], "Share of each mark in per cent, and the mean over people with its 95 % interval (t)."
    )
    rows = [(method, _figure(of.mean), *map(str, of.counts)) for method, of in found.marks[scale].items()]
    yield Table(("", "mean", "1", "2", "3", "4", "5"), tuple(rows))
    for method, differences in found.others.items():
        assert found.study.pair is not None
        words = f"{method} minus {found.study.pair[0]}: {_figure(differences[scale], sign=True)}."
        yield Words(words, soft=True)


def _certainty(found: Summary, everybody: Summary) -> Iterator[Block]:
    assert found.study.pair is not None
    one, other = found.study.pair
    yield Heading("Tests and power")
    rows = [
        (
            QUESTIONS[name],
            _figure(test.effect, sign=True),
            _number(test.power.spread, 3),
            _p(test.p),
            _p(test.p_corrected),
            _figure(everybody.tests[name].effect, sign=True),
            _p(everybody.tests[name].p),
        )
        for name, test in found.tests.items()
    ]
    yield Table(
        (
            f"{one} minus {other}",
            "per person",
            "sd over people",
            "p",
            "p (Holm)",
            "all who finished",
            "p",
        ),
        tuple(rows),
    )
    yield Words(
        "A person's answers are made one number first, and these are tested by Wilcoxon's signed-rank test, two-sided; Holm "
        "corrects for the number of rows. Preference is the share beyond one half. Beyond chance: p (Holm) below 0.05. All who finished: also those who failed an attention check.",
        soft=True,
    )
    yield Table(
        ("if the truth were", f"power with {len(found.results.people)} people", "people for 80 %"),
        tuple(_planned(found)),
    )
    yield Words(
        "Power of the signed-rank test at 5 % (before Holm), with the sd over people that was found here. The power for "
        "the effect that was found says no more than its p; the other rows are for planning.",
        soft=True,
    )


def _planned(found: Summary) -> Iterator[tuple[str, str, str]]:
    for name, test in found.tests.items():
        effects = [("found", test.effect.value), *(("", effect) for effect in PLANNED.get(name, ()))]
        for kind, effect in effects:
            case = Power(effect, test.power.spread, test.power.people)
            share = name == "preference"
            size = f"{100 * (effect + 0.5):.0f} %" if share else f"{effect:+.2f}"
            needed = "–" if case.needed is None else str(case.needed)
            words = f"{QUESTIONS[name]} {size}{f' ({kind})' if kind else ''}"
            yield words, f"{100 * case.power:.0f} %", needed


def _how(found: Summary) -> Iterator[Block]:
    study = found.study
    about, methods = study.about, study.about.get("methods", {})
    level = about.get("loudness", {})
    yield Heading("How it was done")
    yield Table(
        ("", ""),
        (
            *((method, str(methods.get(method, ""))) for method in study.methods),
            ("sentences", f"{len(study.emotions)}; each person sees {study.each}"),
            ("pictures", f"{about.get('size', '?')} px, 60 a second"),
            ("level of all sounds", f"{level.get('level', '?')} LUFS ({level.get('measure', '')})"),
        ),
    )
    yield Words(
        "Blind: videos have random names, and orders, sides and the order of methods are counterbalanced over people by Latin "
        "squares. Unlike in the article, people give marks to one head at a time. Sentences are taken as they are: another "
        "choice of sentences might give other figures.",
        soft=True,
    )


def _figure(figure: Interval, *, sign: bool = False) -> str:
    if not math.isfinite(figure.value):
        return "–"
    plus = "+" if sign else ""
    interval = f" ({figure.low:{plus}.2f} .. {figure.high:{plus}.2f})" if math.isfinite(figure.low) else ""
    return f"{figure.value:{plus}.2f}{interval}"


def _percent(figure: Interval, *, sign: bool = False) -> str:
    if not math.isfinite(figure.value):
        return "–"
    plus = "+" if sign else ""
    low, high = (f"{100 * v:{plus}.0f}" for v in (figure.low, figure.high))
    interval = f" ({low} .. {high})" if math.isfinite(figure.low) else ""
    return f"{100 * figure.value:{plus}.0f} %{interval}"


def _p(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"
