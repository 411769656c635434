"""A study's plots as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from th_training.evaluate.intervals import Interval
from th_training.evaluate.plots import COLOURS
from th_training.speech.sentences import EMOTIONS
from th_training.study.summary import ARTICLE_PREFERENCE, SCALES, Summary

INK = COLOURS["true"]
SCALE = ("#c98b5f", "#e3c6ae", "#e4e6e9", "#a9c5da", "#3f7fae")
"""Of the marks 1 to 5."""
FILES = {
    "emotion": "figure-6-emotion.png",
    "confusion": "figure-6-confusion.png",
    "preference": "preference.png",
    "compatibility": "figure-7-compatibility.png",
    "naturalness": "figure-8-naturalness.png",
}


def draw(found: Summary, folder: Path) -> dict[str, Path]:
    """Write the plots that there are answers for; {what: file}."""
    written = {}
    if found.recognition:
        written["emotion"] = _emotion(found, folder / FILES["emotion"])
        written["confusion"] = _confusion(found, folder / FILES["confusion"])
    if found.preference is not None:
        written["preference"] = _preference(found, folder / FILES["preference"])
    for scale in SCALES:
        written[scale] = _marks(found, scale, folder / FILES[scale])
    return written


def colour(found: Summary, method: str) -> str:
    """The pair's first is the proposed one, its second the one it is compared with."""
    pair = found.study.pair or found.study.methods[:1]
    kind = ("proposed", "comparative")[pair.index(method)] if method in pair else "baseline"
    return COLOURS[kind]


def _emotion(found: Summary, path: Path) -> Path:
    """Figure 6: how often each emotion was recognised, by method."""
    figure, axis = _figure(8.2, 3.4)
    methods = list(found.recognition)
    width = 0.8 / len(methods)
    for k, method in enumerate(methods):
        of = found.recognition[method]
        figures = [of.right, *of.emotions.values()]
        places = np.arange(len(figures)) + (np.arange(len(figures)) > 0) * 0.35 + (k - (len(methods) - 1) / 2) * width
        values = [f.value for f in figures]
        axis.bar(places, values, width * 0.92, color=colour(found, method), label=method)
        _whiskers(axis, places, figures)
    axis.axhline(1 / 7, color=INK, linewidth=1, linestyle=":")
    axis.text(0.675, 1 / 7 + 0.01, "chance", fontsize=8, va="bottom", ha="center")
    axis.set_xticks(np.arange(8) + (np.arange(8) > 0) * 0.35, ["all", *EMOTIONS])
    axis.set_ylim(0, 1)
    axis.yaxis.set_major_formatter(_percent)
    axis.set_ylabel("recognised")
    axis.grid(visible=False, axis="x")
    axis.legend(fontsize=8.5, frameon=False, ncols=len(methods), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return _save(figure, path)


def _confusion(found: Summary, path: Path) -> Path:
    """One matrix a method: rows are true emotions, columns those that were named."""
    methods = list(found.recognition)
    figure, axes = _figure(3.7 * len(methods) + 0.6, 3.9, columns=len(methods))
    for axis, method in zip(np.atleast_1d(axes), methods, strict=True):
        counts = found.recognition[method].counts
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(7, 7):
            if counts[row, column]:
                ink = "white" if shares[row, column] > 0.55 else INK
                axis.text(
                    column, row, f"{100 * shares[row, column]:.0f}", ha="center", va="center", fontsize=8, color=ink
                )
        axis.set_title(method, fontsize=10)
        axis.set_xticks(range(7), [e[:4] + "." if len(e) > 5 else e for e in EMOTIONS], rotation=45, fontsize=8)
        axis.set_yticks(range(7), EMOTIONS, fontsize=8)
        axis.set_xlabel("named", fontsize=9)
        axis.grid(visible=False)
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
    np.atleast_1d(axes)[0].set_ylabel("true", fontsize=9)
    return _save(figure, path)


def _preference(found: Summary, path: Path) -> Path:
    """How often the first method was chosen, in all and by sentence."""
    preference = found.preference
    assert preference is not None
    assert found.study.pair is not None
    rows = [("all", preference.share), *preference.sentences.items()]
    figure, axis = _figure(7.2, 0.34 * len(rows) + 1.1)
    places = np.arange(len(rows))[::-1] + (np.arange(len(rows)) == 0) * 0.25
    axis.axvline(0.5, color=INK, linewidth=0.9)
    axis.axvline(ARTICLE_PREFERENCE, color=COLOURS["proposed"], linewidth=1, linestyle=":")
    axis.text(ARTICLE_PREFERENCE, places[0] + 0.62, "article: 77 %", fontsize=8, ha="center", color=COLOURS["proposed"])
    for place, (_, figures) in zip(places, rows, strict=True):
        first = place == places[0]
        axis.plot([figures.low, figures.high], [place, place], color=COLOURS["proposed"], linewidth=3 if first else 1.3)
        axis.plot([figures.value], [place], "o", color=COLOURS["proposed"], markersize=9 if first else 5)
    axis.set_yticks(places, [name for name, _ in rows])
    axis.set_ylim(-0.6, places[0] + 1.0)
    axis.set_xlim(0, 1)
    axis.xaxis.set_major_formatter(_percent)
    axis.set_xlabel(f"chose {found.study.pair[0]} rather than {found.study.pair[1]}")
    return _save(figure, path)


def _marks(found: Summary, scale: str, path: Path) -> Path:
    """Figure 7 or 8: how the marks are distributed, and their mean."""
    methods = list(found.study.methods)
    figure, axis = _figure(7.2, 0.62 * len(methods) + 1.2)
    places = np.arange(len(methods))[::-1]
    for place, method in zip(places, methods, strict=True):
        of = found.marks[scale][method]
        shares = np.array(of.counts) / max(sum(of.counts), 1)
        left = 0.0
        for mark, share in enumerate(shares):
            axis.barh(place, share, left=left, height=0.56, color=SCALE[mark])
            if share >= 0.05:
                ink = "white" if mark == 4 else INK
                axis.text(
                    left + share / 2, place, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=ink
                )
            left += share
        words = f"{of.mean.value:.2f}" if np.isfinite(of.mean.value) else "–"
        if np.isfinite(of.mean.low):
            words += f"\n{of.mean.low:.2f} .. {of.mean.high:.2f}"
        axis.text(1.02, place, words, va="center", fontsize=8.5)
    axis.text(1.02, places[0] + 0.5, "mean", fontsize=8.5, va="center")
    axis.set_yticks(places, methods)
    axis.set_ylim(-0.5, places[0] + 0.7)
    axis.set_xlim(0, 1.2)
    axis.set_xticks(np.linspace(0, 1, 6))
    axis.xaxis.set_major_formatter(_percent)
    axis.grid(visible=False)
    axis.spines["bottom"].set_bounds(0, 1)
    handles = [_patch(SCALE[mark], f"{mark + 1}") for mark in range(5)]
    axis.legend(handles=handles, fontsize=8, frameon=False, ncols=5, loc="lower center", bbox_to_anchor=(0.42, 1.0))
    return _save(figure, path)


def _whiskers(axis: Any, places: np.ndarray, figures: Sequence[Interval]) -> None:
    axis.vlines(places, [f.low for f in figures], [f.high for f in figures], color=INK, linewidth=1.2)


def _percent(value: float, _: object) -> str:
    return f"{100 * value:.0f} %"


def _patch(colour: str, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, label=label)


def _figure(width: float, height: float, *, columns: int = 1) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained")
    for axis in np.atleast_1d(axes):
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8.5)
        axis.grid(visible=True, color="#eceef1", linewidth=0.7)
        axis.set_axisbelow(True)
    return figure, axes


def _save(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    figure.savefig(path, dpi=160, metadata={"Software": None})
    plt.close(figure)
    return path
