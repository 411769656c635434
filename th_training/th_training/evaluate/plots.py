"""Plots of a report as SVG, to stand inside its page."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from th_training.evaluate.intervals import Interval
from th_training.evaluate.methods import PAPER_CORR

COLOURS = {"proposed": "#1f6f9f", "comparative": "#d1782a", "baseline": "#8b929c", "true": "#20242a"}
FRAME_SECONDS = 1 / 60


def bars(rows: Sequence[tuple[str, str, Interval]], *, label: str, marks: bool = True) -> str:
    """Horizontal bars (name, kind, figure) with their intervals; the article's CORR as dotted lines if `marks`."""
    figure, axis = _figure(7.2, 0.34 * len(rows) + 0.9)
    places = np.arange(len(rows))[::-1]
    for place, (_, kind, value) in zip(places, rows, strict=True):
        if not np.isfinite(value.value):
            axis.text(0.012, place, "–", va="center", fontsize=8.5)
            continue
        axis.barh(place, value.value, color=COLOURS.get(kind, COLOURS["baseline"]), height=0.62)
        if np.isfinite(value.low):
            axis.plot([value.low, value.high], [place, place], color="#20242a", linewidth=1.4)
        end = max(value.value, value.high if np.isfinite(value.high) else value.value, 0)
        axis.text(end + 0.012, place, f"{value.value:.3f}", va="center", fontsize=8.5)
    axis.set_yticks(places, [name for name, _, _ in rows])
    if marks:
        for kind, paper in PAPER_CORR.items():
            axis.axvline(paper, color=COLOURS[kind], linewidth=1, linestyle=":")
    axis.axvline(0, color="#20242a", linewidth=0.8)
    axis.set_xlabel(label)
    low, high = axis.get_xlim()
    axis.set_xlim(low, high + 0.06 * (high - low))
    return _svg(figure)


def by_dimension(names: Sequence[str], lines: Mapping[str, tuple[str, Sequence[Interval]]]) -> str:
    """Figures of each code dimension, one group of points a dimension: {method: (kind, intervals)}."""
    figure, axis = _figure(8.6, 3.1)
    styles = ["o", "s", "^", "D", "v"]
    for k, (name, (kind, values)) in enumerate(lines.items()):
        places = np.arange(len(names)) + (k - (len(lines) - 1) / 2) * 0.17
        value, low, high = (np.array([getattr(v, part) for v in values]) for part in ("value", "low", "high"))
        colour = COLOURS.get(kind, COLOURS["baseline"])
        axis.vlines(places, low, high, color=colour, linewidth=1.2, alpha=0.75)
        face = colour if kind != "baseline" else "white"
        axis.plot(places, value, styles[k % 5], color=colour, markerfacecolor=face, markersize=4.5, label=name)
    axis.axhline(0, color="#20242a", linewidth=0.8)
    axis.set_xticks(np.arange(len(names)), names)
    axis.set_xlim(-0.6, len(names) - 0.4)
    axis.set_ylabel("CORR")
    axis.legend(fontsize=8, frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.16))
    return _svg(figure)


def trajectories(rows: Sequence[tuple[str, Mapping[str, tuple[str, np.ndarray]]]]) -> str:
    """One panel a row over time: (what, {method: (kind, values (T,))}); `true` is drawn below, thick."""
    figure, axes = _figures(8.6, 1.15 * len(rows) + 0.75, len(rows))
    for axis, (what, lines) in zip(axes, rows, strict=True):
        for name, (kind, values) in lines.items():
            seconds = (np.arange(len(values)) + 1) * FRAME_SECONDS
            true = kind == "true"
            axis.plot(
                seconds,
                values,
                color=COLOURS[kind],
                linewidth=2.6 if true else 1.2,
                alpha=0.35 if true else 1.0,
                linestyle="--" if kind == "baseline" else "-",
                label=name,
            )
        axis.set_ylabel(what, rotation=0, ha="right", va="center", fontsize=9)
    axes[0].legend(fontsize=8, frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes[-1].set_xlabel("s")
    return _svg(figure)


def steps(
    names: Sequence[str], lines: Mapping[str, tuple[str, Mapping[str, Sequence[Interval | None]]]], *, label: str
) -> str:
    """One panel a measure, figures of each line at evenly spaced `names`: {line: (kind, {measure: intervals})}."""
    measures = [m for m, v in next(iter(lines.values()))[1].items() if any(v)]
    figure, axes = _figures(7.2, 2.3 * len(measures) + 0.6, len(measures))
    places = np.arange(len(names))
    for axis, measure in zip(axes, measures, strict=True):
        for k, (name, (kind, values)) in enumerate(lines.items()):
            value, low, high = (
                np.array([getattr(v, part) if v else np.nan for v in values[measure]])
                for part in ("value", "low", "high")
            )
            axis.fill_between(places, low, high, color=COLOURS[kind], alpha=0.12, linewidth=0)
            axis.plot(places, value, "os"[k % 2] + "-", color=COLOURS[kind], markersize=4.5, label=name)
        axis.set_ylabel(measure, fontsize=9)
    axes[0].legend(fontsize=8, frameon=False, loc="lower right")
    axes[-1].set_xticks(places, names)
    axes[-1].set_xlabel(label)
    return _svg(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    figure, axes = _figures(width, height, 1)
    return figure, axes[0]


def _figures(width: float, height: float, rows: int) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(rows, 1, figsize=(width, height), sharex=True, squeeze=False, layout="constrained")
    for axis in axes[:, 0]:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8.5)
        axis.grid(visible=True, axis="both", color="#eceef1", linewidth=0.7)
        axis.set_axisbelow(True)
    return figure, axes[:, 0]


def _svg(figure: Any) -> str:
    """The picture as an <svg> element, the same bytes for the same figures, letters as letters."""
    import matplotlib
    from matplotlib import pyplot as plt

    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "report", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt" ', "", text, count=1)
