"""Schemes on clips that their networks have not heard: CORR, lip opening, jerk, and how far above a baseline, clip by clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from th_face_renderer.face_model import FaceModel
from th_training.evaluate.intervals import Bootstrap, Interval
from th_training.landmarks.measures import lip_opening
from th_training.learn.metrics import change, correlation, rms_ratio

MEASURES = ("corr", "lips", "jerk", "lip_jerk")
"""CORR; r of the lip opening; rms of third differences over the truth's, of codes and of the lip opening."""


@dataclass(frozen=True)
class Case:
    """A clip and all that is said of it.

    Attributes:
        said: (R + 1, T, D), by the network of any lookahead (`ahead_schemes.estimates`).
        streamed: codes (T, D) at fixed lookaheads, by network and lookahead.
        lips: true opening (T,). codes: true ones (T, D); None where the person is not the face.
    """

    id: str
    said: np.ndarray
    lips: np.ndarray
    codes: np.ndarray | None = None
    streamed: Mapping[str, Mapping[int, np.ndarray]] = field(default_factory=dict)


Scheme = Callable[[Case], np.ndarray]
"""Codes (T, D) of a case."""
Figures = dict[str, np.ndarray]
"""By measure, a row per clip."""


@dataclass(frozen=True)
class Told:
    """Of a scheme and a measure: the figure, and how much it is above the baseline's."""

    value: Interval
    above: Interval


def judge(scheme: Scheme, cases: Sequence[Case], face: FaceModel) -> Figures:
    """All MEASURES of a scheme, NaN where undefined."""
    rows = [_clip(scheme(case), case, face) for case in cases]
    return {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}


def compare(of: Mapping[str, Figures], baseline: str, bootstrap: Bootstrap) -> dict[str, dict[str, Told]]:
    """By scheme and measure."""
    base = of[baseline]
    return {
        scheme: {name: Told(bootstrap.mean(rows), bootstrap.mean(rows - base[name])) for name, rows in figures.items()}
        for scheme, figures in of.items()
    }


def shortcomings(told: Mapping[str, Told]) -> list[str]:
    """Measures by which it is not better than the baseline: CORR and lips that are not surely above, jerk that surely is. None: it is better."""
    not_above = [name for name in ("corr", "lips") if name in told and not told[name].above.low > 0]
    rougher = [name for name in ("jerk", "lip_jerk") if name in told and told[name].above.low > 0]
    return not_above + rougher


def _clip(codes: np.ndarray, case: Case, face: FaceModel) -> dict[str, np.ndarray | float]:
    lips = lip_opening(face.landmark_track(codes))[:, None]
    true = case.lips[:, None]
    found: dict[str, np.ndarray | float] = {}
    if case.codes is not None:
        found["corr"] = correlation(codes, case.codes)
        found["jerk"] = rms_ratio(change(codes, 3), change(case.codes, 3))
    found["lips"] = float(correlation(lips, true)[0])
    found["lip_jerk"] = rms_ratio(change(lips, 3), change(true, 3))
    return found
