"""From figures by clip to what a report says: means over clips with 95 % intervals, and paired differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from th_training.evaluate.intervals import Bootstrap, Interval
from th_training.evaluate.methods import KINDS, NETWORKS, PAPER_CORR, Method, best
from th_training.evaluate.scores import MEASURES, Scores, Truth

COMPARED = ("corr", "corr_shape", "corr_appearance", *MEASURES, *(f"seen_{name}" for name in MEASURES))
"""Figures whose differences between methods are told."""


def figures(scores: Scores, shape: int, bootstrap: Bootstrap) -> dict[str, Any]:
    """Means over clips: every entry of `Scores.values` whose mean says something, and `corr` by half and by dimension."""
    found: dict[str, Any] = {}
    for name in _names(scores):
        found[name] = bootstrap.mean(_values(scores, name, shape))
    found["by_dimension"] = [bootstrap.mean(column) for column in scores.values["corr"].T]
    found["levels"] = {
        name: bootstrap.across(scores.values[f"mean_{name}"], scores.values[f"true_{name}"])
        for name in MEASURES
        if f"mean_{name}" in scores.values
    }
    found |= {"undefined": scores.undefined, "still": scores.still}
    return found


def _names(scores: Scores) -> list[str]:
    halves = ["corr", "corr_shape", "corr_appearance"]
    return halves + [name for name in scores.values if name != "corr" and not name.startswith(("mean_", "true_"))]


def _values(scores: Scores, name: str, shape: int) -> np.ndarray:
    if name == "corr_shape":
        return scores.values["corr"][:, :shape]
    if name == "corr_appearance":
        return scores.values["corr"][:, shape:]
    return scores.values[name]


def difference(one: Scores, other: Scores, shape: int, bootstrap: Bootstrap) -> dict[str, Interval]:
    """Means of the paired differences, clip by clip, of all COMPARED figures that both have."""
    found = {}
    for name in COMPARED:
        if not name.startswith("corr") and name not in one.values:
            continue
        gain = bootstrap.mean(_values(one, name, shape) - _values(other, name, shape))
        if math.isfinite(gain.value):
            found[name] = gain
    return found


def table1(methods: Sequence[Method], found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The article's table: CORR of three nets, proposed and comparative, the best of each beside the article's."""
    cells: dict[str, dict[str, Any]] = {kind: {} for kind in PAPER_CORR}
    for method in methods:
        if method.kind in cells and method.network in NETWORKS and method.network not in cells[method.kind]:
            cells[method.kind][method.network] = {"method": method.name, "corr": found[method.name]["corr"]}
    return {
        kind: {
            "cells": row,
            "best": max((c["corr"].value for c in row.values() if math.isfinite(c["corr"].value)), default=None),
            "paper": PAPER_CORR[kind],
        }
        for kind, row in cells.items()
    }


def summarise(
    methods: Sequence[Method], scores: Mapping[str, Scores], truths: Sequence[Truth], shape: int, *, seed: int = 0
) -> dict[str, Any]:
    """All figures of a report (`Interval`s in them; see `plain`). The first two of `leads` are who the differences are between.

    leads: the proposed and the comparative method with the highest CORR.
    """
    bootstrap = Bootstrap(len(truths), seed=seed)
    found = {m.name: figures(scores[m.name], shape, bootstrap) for m in methods}
    for m in methods:
        if m.about.get("deaf"):  # its clip means differ with the folds' training clips, if at all
            found[m.name]["levels"] = {}
    corr = {name: f["corr"].value for name, f in found.items()}
    leads = {kind: chosen.name for kind in KINDS if (chosen := best(methods, corr, kind)) is not None}
    first = leads.get("proposed", methods[0].name)
    result: dict[str, Any] = {
        "methods": {
            m.name: {"kind": m.kind, "network": m.network, "recipe": m.recipe, **found[m.name], "about": dict(m.about)}
            for m in methods
        },
        "table1": table1(methods, found),
        "leads": leads,
        "differences": [
            {"one": one, "other": other, **difference(scores[one], scores[other], shape, bootstrap)}
            for one, other in _pairs(methods, first)
        ],
        "by_emotion": {},
    }
    if "comparative" in leads and "proposed" in leads:
        one, other = scores[leads["proposed"]], scores[leads["comparative"]]
        gain = one.values["corr"] - other.values["corr"]
        result["by_dimension_gain"] = [bootstrap.mean(column) for column in gain.T]
    emotions = sorted({truth.clip.emotion for truth in truths})
    if len(emotions) > 1:
        result["by_emotion"] = {e: _emotion(e, leads, scores, truths, shape, seed) for e in emotions}
    return result


def _pairs(methods: Sequence[Method], first: str) -> list[tuple[str, str]]:
    """The best proposed method against each other one, and proposed against comparative of each net."""
    pairs = [(first, m.name) for m in methods if m.name != first]
    for network in NETWORKS:
        names = [next((m.name for m in methods if (m.kind, m.network) == (k, network)), "") for k in KINDS[:2]]
        if all(names) and (names[0], names[1]) not in pairs:
            pairs.append((names[0], names[1]))
    return pairs


def _emotion(
    emotion: str,
    leads: Mapping[str, str],
    scores: Mapping[str, Scores],
    truths: Sequence[Truth],
    shape: int,
    seed: int,
) -> dict[str, Any]:
    rows = np.array([truth.clip.emotion == emotion for truth in truths])
    bootstrap = Bootstrap(int(rows.sum()), seed=seed)
    of = {
        kind: Scores({k: v[rows] for k, v in scores[name].values.items()}, 0, 0)
        for kind, name in leads.items()
        if kind != "baseline"
    }
    found: dict[str, Any] = {"clips": int(rows.sum())}
    for kind, part in of.items():
        found[kind] = {
            name: bootstrap.mean(_values(part, name, shape))
            for name in _names(part)
            if name.startswith("corr") or name in MEASURES
        }
    if len(of) == 2:
        found["difference"] = difference(of["proposed"], of["comparative"], shape, bootstrap)
    return found


def plain(value: Any) -> Any:
    """As JSON can say it: intervals as [value, low, high], five digits, null where there is no number."""
    if isinstance(value, Interval):
        return [plain(value.value), plain(value.low), plain(value.high)]
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value
