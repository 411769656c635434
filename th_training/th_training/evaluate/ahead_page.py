"""docs/ahead.md and its plot: what was tried, what it came to, and whether it is worth building in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from th_audio_features import PROFILES
from th_face_predictor.cost import emitted_ms, per_call_ms, random_predictor
from th_face_predictor.stream import PredictorStream
from th_training.evaluate import plots
from th_training.evaluate.ahead_arrivals import Heard, Way
from th_training.evaluate.ahead_judge import MEASURES, Told, shortcomings
from th_training.evaluate.ahead_text import HEAD, SECTIONS
from th_training.evaluate.ahead_trials import (
    ANYTIME,
    CUT,
    DELAYS,
    EASED,
    FIXED,
    LIVE,
    REACH,
    REVISED,
    Compared,
    Subject,
    any_delay,
    arriving,
    corrections,
    steady,
)
from th_training.evaluate.intervals import Bootstrap, Interval
from th_training.tiles import make_folder
from th_training.whole import replacing

FRAME_MS = 1000 / 60
WORDS = {"corr": "CORR", "lips": "lip opening r", "jerk": "jerk of codes", "lip_jerk": "jerk of lips"}


def ahead_page(subjects: Sequence[Subject], docs: Path, *, command: str, machine: str, seed: int) -> str:
    """The page; its plot goes to DOCS/images."""
    bootstraps = {subject.name: Bootstrap(len(subject.cases), seed=seed) for subject in subjects}
    verdicts: dict[str, dict[str, str]] = {}
    lines = ["## At the same delay, sound that comes evenly", "", SECTIONS["steady"]]
    for subject in subjects:
        by_delay = steady(subject, bootstraps[subject.name])
        rows = [
            (f"{_ms(d)} | {name}", told, name == FIXED)
            for d, compared in by_delay.items()
            for name, told in compared.items()
        ]
        lines += [f"*{subject.name}*", "", *_table("delay, ms | network", rows), ""]
        if len(by_delay) > 1:
            with replacing(_images(docs) / "ahead.svg") as partial:
                partial.write_text(_plot(by_delay) + "\n", encoding="utf-8")
            lines += ["![CORR and lip opening r by delay](images/ahead.svg)", ""]
    lines += ["## Corrections", "", SECTIONS["corrections"]]
    for subject in subjects:
        compared = corrections(subject, bootstraps[subject.name])
        _note(verdicts, subject, "evenly", {name: compared[name] for name in (REVISED, EASED)})
        if subject.cases[0].codes is not None:
            lines += [f"*{subject.name}*", "", *_table("scheme", _rows(compared)), ""]
    lines += ["## All the context that has come", "", SECTIONS["arriving"]]
    for subject in subjects:
        found = arriving(subject, bootstraps[subject.name], seed=seed)
        lines += [f"*{subject.name}*", "", *_ways(found), ""]
        for way, _, of in found:
            _note(verdicts, subject, way.name, of)
        if len(subject.cases[0].streamed[FIXED]) == 1:
            compared = any_delay(subject, bootstraps[subject.name])
            lines += [f"*{subject.name}*, the network for any lookahead by frames ahead, above `live`", ""]
            lines += [*_table("frames", _rows(compared)), ""]
    titles = "\n".join(f"- *{subject.name}*: {subject.title}" for subject in subjects)
    head = HEAD.format(command=command, subjects=titles, machine=machine)
    follows = ["## What follows", "", *_follows(verdicts, [subject.name for subject in subjects])]
    cost = ["## What it costs", "", SECTIONS["cost"].format(delays=_delays(), **_cost())]
    return "\n".join([head, *follows, *lines, *cost]).rstrip() + "\n"


def _rows(compared: Compared) -> list[tuple[str, Mapping[str, Told], bool]]:
    return [(name, told, name == FIXED) for name, told in compared.items()]


def _table(first: str, rows: Iterable[tuple[str, Mapping[str, Told], bool]]) -> Iterator[str]:
    """Name, figures and how far above the baseline; the third of a row: whether it is the baseline."""
    rows = list(rows)
    names = [name for name in MEASURES if name in rows[0][1]]
    head = [first, *(cell for name in names for cell in (WORDS[name], "above"))]
    yield "| " + " | ".join(head) + " |"
    yield "|---" * (len(head) + first.count("|")) + "|"
    for title, told, baseline in rows:
        cells = [
            cell
            for name in names
            for cell in (f"{told[name].value.value:.3f}", "" if baseline else _above(told[name].above))
        ]
        yield "| " + " | ".join([title, *cells]) + " |"


def _ways(found: Sequence[tuple[Way, Heard, Compared]]) -> Iterator[str]:
    rows = []
    for way, heard, compared in found:
        ahead = f"{np.clip(heard.context, 0, REACH).mean():.1f}"
        for name, told in compared.items():
            kept = name == FIXED
            rows.append(
                (
                    f"{way.name if kept else ''} | {f'{1000 * heard.delay:.0f}' if kept else ''} | {LIVE if kept else ahead} | {name}",
                    told,
                    kept,
                )
            )
    return _table("way | delay, ms | frames ahead | scheme", rows)


def _above(of: Interval) -> str:
    text = f"{of.value:+.3f} ({of.low:+.3f} .. {of.high:+.3f})"
    return f"**{text}**" if of.excludes_zero else text


def _plot(by_delay: Mapping[int, Compared]) -> str:
    kinds = {FIXED: "proposed", REVISED: "comparative", CUT: "baseline", ANYTIME: "true"}
    lines: dict[str, tuple[str, dict[str, list[Interval | None]]]] = {}
    for name in (FIXED, REVISED, CUT):
        of = [compared.get(name, compared[FIXED]) for compared in by_delay.values()]
        lines[name if name != REVISED else f"{ANYTIME}, past revised"] = (
            kinds[name],
            {WORDS[key]: [told[key].value for told in of] for key in ("corr", "lips")},
        )
    return plots.steps([_ms(d) for d in by_delay], lines, label="delay, ms")


def _cost() -> dict[str, str]:
    """Processor time per frame: as `live` streams, and with all pending frames looked at anew as each one comes."""
    stream = PredictorStream(random_predictor(), REACH)
    frame = np.zeros((1, 40), np.float32)
    for _ in range(REACH + 1):
        stream.push(frame)

    def again(_: int) -> None:
        stream.push(frame)
        stream.peek()

    return {"live_ms": f"{emitted_ms(random_predictor(), LIVE):.2f}", "again_ms": f"{per_call_ms(again):.2f}"}


def _delays() -> str:
    profile = PROFILES["live"]
    return ", ".join(f"{1000 * (profile.delay + d / 60):.0f} ms for {d} frame{'s' * (d != 1)}" for d in DELAYS)


def _note(verdicts: dict[str, dict[str, str]], subject: Subject, way: str, compared: Compared) -> None:
    """How each scheme does by the rule."""
    for name, told in compared.items():
        if name != FIXED:
            why = ", ".join(WORDS[key] for key in shortcomings(told))
            verdicts.setdefault(f"{way} | {name}", {})[subject.name] = f"no: {why}" if why else "**yes**"


def _follows(verdicts: Mapping[str, Mapping[str, str]], subjects: Sequence[str]) -> Iterator[str]:
    """Which schemes are better than `live` at its own delay."""
    yield SECTIONS["rule"]
    yield "| sound comes | scheme | " + " | ".join(subjects) + " |"
    yield "|---" * (2 + len(subjects)) + "|"
    for name, of in verdicts.items():
        yield f"| {name} | " + " | ".join(of.get(subject, "") for subject in subjects) + " |"
    yield ""
    yield SECTIONS["follows"]


def _ms(frames: int) -> str:
    return f"{frames * FRAME_MS:.0f}"


def _images(docs: Path) -> Path:
    images = docs / "images"
    make_folder(images)
    return images
