"""What a face does, in numbers that every face has: distances on a frontal face in inter-ocular distances (IOD), linear in its points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Points = tuple[int, ...]


@dataclass(frozen=True)
class Measure:
    """Mean place of the points `to` less that of `start` (none: of the eyes' corners) along an axis, 0 right or 1 down.

    noise: IOD, what a deviation counts when codes are solved for; slow: s, sd of the smoothing over time that it bears: no lip
    movement is smoothed; speech: it takes part in speech, so that a person's range of it is seen in any recording.
    """

    name: str
    axis: int
    to: Points
    start: Points = ()
    noise: float = 0.015
    slow: float = 0.0
    speech: bool = True


MEASURES = (
    Measure("opening", 1, (65, 66, 67), (61, 62, 63), noise=0.004),
    Measure("upper lip", 1, (61, 62, 63)),
    Measure("width", 0, (54,), (48,)),
    Measure("inner width", 0, (64,), (60,), noise=0.025),
    Measure("upper lip's thickness", 1, (61, 62, 63), (50, 51, 52)),
    Measure("lower lip's thickness", 1, (56, 57, 58), (65, 66, 67), noise=0.02),
    Measure("corners", 1, (48, 54), (51, 57), noise=0.01),
    Measure("jaw", 1, (7, 8, 9), noise=0.03, slow=0.03),
    Measure("inner brows", 1, (20, 21, 22, 23), slow=0.08, speech=False),
    Measure("outer brows", 1, (17, 18, 25, 26), slow=0.08, speech=False),
    Measure("frown", 0, (22,), (21,), noise=0.025, slow=0.08, speech=False),
    Measure("lids", 1, (40, 41, 46, 47), (37, 38, 43, 44), slow=0.15, speech=False),
)
"""Left and right are not told apart: what is left of the head's turning would be taken for a face pulled awry."""

INDEX = {measure.name: k for k, measure in enumerate(MEASURES)}
OPENING, LIDS = INDEX["opening"], INDEX["lids"]
NOISE = np.array([measure.noise for measure in MEASURES])
SPEECH = np.array([measure.speech for measure in MEASURES])


def _rows() -> np.ndarray:
    rows = np.zeros((len(MEASURES), 68, 2))
    for row, measure in zip(rows, MEASURES, strict=True):
        row[list(measure.to), measure.axis] += 1 / len(measure.to)
        if measure.start:
            row[list(measure.start), measure.axis] -= 1 / len(measure.start)
    return rows


_ROWS = _rows()


def measure(points: np.ndarray) -> np.ndarray:
    """Frontal landmarks (..., 68, 2) in IOD, the eyes' corners about 0 -> (..., K) IOD, in the order of MEASURES."""
    return np.tensordot(points, _ROWS, axes=((-2, -1), (1, 2)))
