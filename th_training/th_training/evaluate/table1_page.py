"""docs/table1.md: what the reports of `make table1` say, as one page of Markdown with plots and the actor's pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from th_training.evaluate import plots
from th_training.evaluate.intervals import Interval
from th_training.evaluate.methods import NETWORKS
from th_training.evaluate.sections import WORDS
from th_training.tiles import make_folder
from th_training.whole import replacing

Report = Mapping[str, Any]

ACTORS_REPORT = "actor"
"""The report whose pictures may be shown to everybody: the actor is nobody's likeness."""

_HEAD = """\
# Table 1: the article's networks, measured

Written by `{command}`, which makes the corpora, trains every network on every fold, and evaluates: do not edit. CORR is the normalised
correlation over time of the predicted with the true trajectory of one code dimension in one video, averaged over all videos and dimensions.
Every clip was predicted by a network that was not trained on it. In brackets the 95 % interval, bootstrap over clips; a difference is taken clip
by clip, and **bold** where its interval excludes zero. The article's own figures (SAVEE, speaker DC, six test clips): proposed 0.38857,
comparative 0.17053.

Baselines, in every table: *ridge* maps 13 frames of features linearly; the *mean trajectory* and the *mean code* of the training clips hear nothing;
*shuffled sound* is the best proposed network's prediction for another clip of about the same length. Lips, brows and eyes are measured at the 68
landmarks of predicted and true codes; r is their correlation over time, averaged over clips.
"""


def table1_page(reports: Sequence[tuple[str, str, Report]], work: Path, docs: Path, *, command: str) -> str:
    """The page of reports (name, title, report.json); plots, and the actor's pictures, go into DOCS/images."""
    images = docs / "images"
    make_folder(images)
    lines = [_HEAD.format(command=command)]
    for name, title, report in reports:
        lines += _part(name, title, report, images)
        strip = _actors_strip(work / f"report-{name}" / "pictures", report, images) if name == ACTORS_REPORT else ""
        if strip:
            lines.append(
                f"\nOriginal, proposed and comparative, every 20th frame:\n\n![every 20th frame of a clip]({strip})\n"
            )
    return "\n".join(lines).rstrip() + "\n"


def _part(name: str, title: str, report: Report, images: Path) -> Iterator[str]:
    corpus, notes, methods = report["corpus"], report["notes"], report["methods"]
    yield f"\n## {title}\n"
    left_out = [f"`{clip}`" for clip in report["left_out"]]
    yield (
        f"{report['clips']} clips, {corpus['test_minutes']} minutes, {report['protocol']['parts']} folds. "
        f"Left out: {', '.join(left_out) or 'none'}. {notes['training'].capitalize()}. {notes['machine']}.\n"
    )
    yield notes["note"] + "\n"
    yield from _table(["CORR", *NETWORKS, "best", "article"], _table1(report))
    bars = [(n, f["kind"], _interval(f["corr"])) for n, f in methods.items()]
    picture = images / f"table1-{name}.svg"
    with replacing(picture) as partial:
        partial.write_text(plots.bars(bars, label="CORR (dotted: the article's best)") + "\n", encoding="utf-8")
    yield f"\n![CORR of all methods](images/{picture.name})\n"
    columns = {
        "corr": "CORR",
        "corr_shape": "shape",
        "corr_appearance": "appearance",
        "lip_opening": "lip opening r",
        "lip_width": "lip width r",
    }
    if _any(methods, "seen_lip_opening"):
        columns["seen_lip_opening"] = "lip opening r, picture"
    columns |= {
        "velocity_ratio": "velocity, rms / true",
        "jerk_ratio": "jerk, rms / true",
        "px_centred": "landmarks, px",
    }
    rows = [[n, *(_figure(f.get(key), short=key != "corr") for key in columns)] for n, f in methods.items()]
    yield from _table(["", *columns.values()], rows)
    told = {"corr": "CORR", "corr_shape": "shape", "corr_appearance": "appearance", **WORDS}
    rows = [[f"{d['one']} − {d['other']}", *(_gain(d.get(key)) for key in told)] for d in report["differences"]]
    if rows:
        yield "\nDifferences, clip by clip:\n"
        yield from _table(["", *told.values()], rows)
    yield from _adds(report)
    yield from _emotions(report)


def _adds(report: Report) -> Iterator[str]:
    if not report["adds"]:
        return
    yield (
        "\nWhat one adds to the other: partial correlation with the truth once what the other predicts is taken out of both "
        "(above 0, the method knows something that the other does not):\n"
    )
    keys = {k: v for k, v in ({"corr": "all dimensions"} | WORDS).items() if k in report["adds"]["proposed"]}
    leads = report["leads"]
    pairs = [("proposed", "comparative"), ("comparative", "proposed")]
    rows = [[f"{leads[one]} beside {leads[two]}", *(_gain(report["adds"][one][k]) for k in keys)] for one, two in pairs]
    yield from _table(["", *keys.values()], rows)


def _table1(report: Report) -> Iterator[list[str]]:
    for kind, row in report["table1"].items():
        cells = [_figure(row["cells"][n]["corr"]) if n in row["cells"] else "–" for n in NETWORKS]
        best = "–" if row["best"] is None else f"{row['best']:.3f}"
        yield [kind, *cells, best, f"{row['paper']:.5f}"]


def _emotions(report: Report) -> Iterator[str]:
    if not report["by_emotion"]:
        return
    leads = report["leads"]
    if {"proposed", "comparative"} <= set(leads):
        yield f"\n{leads['proposed']} (proposed) against {leads['comparative']} (comparative) by emotion, CORR and difference, then differences in r:\n"
        rows = []
        for emotion, f in report["by_emotion"].items():
            d = f["difference"]
            figures = [_figure(f[k]["corr"], short=True) for k in ("proposed", "comparative")]
            rows.append([f"{emotion} ({f['clips']})", *figures, *(_gain(d.get(key)) for key in ("corr", *WORDS))])
        yield from _table(["", "proposed", "comparative", "difference", *WORDS.values()], rows)
    if report["protocol"]["centred"]:
        return  # each clip's own level, which is what is asked for here, was left out
    yield "\nBetween clips: r of each clip's mean with the true mean, which is where an expression that lasts is seen:\n"
    rows = [[n, *(_figure(f["levels"].get(key)) for key in WORDS)] for n, f in report["methods"].items() if f["levels"]]
    yield from _table(["", *WORDS.values()], rows)
    told = report["emotion"]
    if told:
        yield (
            "\nA linear discriminant that learnt the emotion from the true codes of the training clips names that of the "
            "test clips' codes rightly in "
            f"(always the most frequent one: {told['chance']:.0%}; the comparative method is told the emotion, the proposed "
            "one has to hear it):\n"
        )
        yield from _table(
            ["codes of", "named rightly"], [[n, _figure(f["accuracy"])] for n, f in told["named"].items()]
        )
        for kind in ("proposed", "comparative"):
            if kind in leads:
                yield f"\n{leads[kind]}: rows the true emotion, columns the named one, clips:\n"
                counts = told["named"][leads[kind]]["confusion"]
                labelled = zip(told["labels"], counts, strict=True)
                yield from _table(["", *told["labels"]], [[label, *map(str, row)] for label, row in labelled])


def _table(head: Sequence[str], rows: Iterator[list[str]] | Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(cell.replace("\n", " ") for cell in head) + " |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _figure(figure: Sequence[float | None] | None, *, short: bool = False) -> str:
    if figure is None or figure[0] is None:
        return "–"
    value, low, high = figure
    return f"{value:.3f}" if short or low is None else f"{value:.3f} ({low:.3f} .. {high:.3f})"


def _gain(figure: Sequence[float | None] | None) -> str:
    if figure is None or figure[0] is None:
        return "–"
    value, low, high = figure
    if low is None or high is None:
        return f"{value:+.3f}"
    text = f"{value:+.3f} ({low:+.3f} .. {high:+.3f})"
    return f"**{text}**" if low > 0 or high < 0 else text


def _interval(figure: Sequence[float | None]) -> Interval:
    return Interval(*(float("nan") if x is None else x for x in figure))


def _any(methods: Mapping[str, Any], key: str) -> bool:
    return any(f.get(key) and f[key][0] is not None for f in methods.values())


def _actors_strip(pictures: Path, report: Report, images: Path) -> str:
    """Copy the actor's first strip of every 20th frame; its place relative to the page, "" where there is none."""
    first = report.get("examples") or []
    found = [pictures / f"{clip}-every-20.jpg" for clip in first]
    strip = next((path for path in found if path.is_file()), None)
    if strip is None:
        return ""
    target = images / "table1-actor.jpg"
    with replacing(target) as partial:
        shutil.copyfile(strip, partial)
    return f"images/{target.name}"
