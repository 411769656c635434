"""How two sequences of facial codes differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_training.diff.codes import FRAME_RATE, SECOND, Codes
from th_training.landmarks.measures import lip_opening

NEAREST = SECOND // FRAME_RATE // 2
"""ns; codes further apart than half a frame do not belong together."""
ELSEWHEN = 10 * SECOND
"""ns between two recordings that are not of one and the same sound as it was captured."""
LEAST = 3
"""Codes in common that a correlation needs."""


@dataclass(frozen=True)
class Delays:
    """Presentation delay (from the capture to present_at) of matched codes, s.

    `a`, `b`: medians; `spread_a`, `spread_b`: 1st to 99th percentile. `skew`: median of b - a; `skew_p99`: 99th percentile of |b - a|.
    """

    a: float
    b: float
    spread_a: float
    spread_b: float
    skew: float
    skew_p99: float


@dataclass(frozen=True)
class Difference:
    """What `compare` found; differences are b - a, in standard deviations of their modes.

    `first`: s after the first code in common of the first one that differs by more than the tolerance, in dimension
    `first_dimension`; None: there is none. `lip_opening_r`: Pearson's, None where no face is known, or one of the two does not move.
    """

    codes_a: int
    codes_b: int
    matched: int
    missing_in_a: int
    missing_in_b: int
    shift: float
    identical: bool
    rms: list[float]
    largest: list[float]
    first: float | None
    first_dimension: int | None
    beyond: int
    delays: Delays | None
    lip_opening_r: float | None

    @property
    def worst(self) -> float:
        """Largest difference of any code in any dimension."""
        return max(self.largest, default=0.0)

    def differs(self, tolerance: float) -> bool:
        """Whether a code is missing, or off by more than `tolerance` sd."""
        return bool(self.missing_in_a or self.missing_in_b or self.worst > tolerance)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {**asdict(self), "worst": self.worst}


@dataclass(frozen=True)
class Match:
    """Rows of a and b that belong together, and how far (ns) b's times were shifted to find them."""

    a: np.ndarray
    b: np.ndarray
    shift: int


def match(a: Codes, b: Codes, align: str = "auto") -> Match:
    """Pair codes whose sound was captured at the same time, to half a frame.

    align: "stamp": by the stamps; "start": both begin at the same moment of the same sound; "auto": by the stamps, unless the two are
    more than ELSEWHEN apart.
    """
    apart = max(a.stamps[0] - b.stamps[-1], b.stamps[0] - a.stamps[-1])
    shift = int(a.stamps[0] - b.stamps[0]) if align == "start" or (align == "auto" and apart > ELSEWHEN) else 0
    times = b.stamps + shift
    nearest = _nearest(times, a.stamps)
    back = _nearest(a.stamps, times)
    rows = np.arange(len(a.stamps))
    good = (np.abs(times[nearest] - a.stamps) <= NEAREST) & (back[nearest] == rows)
    return Match(rows[good], nearest[good], shift)


def compare(
    a: Codes,
    b: Codes,
    *,
    tolerance: float = 0.0,
    align: str = "auto",
    landmarks: tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]] | None = None,
) -> Difference:
    """Compare two recordings; `landmarks`: code -> (68, 2) of the face of each.

    Raises:
        InputError: the codes are of different lengths, or nothing belongs together.
    """
    if a.codes.shape[1] != b.codes.shape[1]:
        raise InputError(f"codes of {a.codes.shape[1]} and of {b.codes.shape[1]} numbers cannot be compared")
    found = match(a, b, align)
    if not len(found.a):
        raise InputError(
            "the two recordings have no time in common: align them by their start, if it is the same sound"
        )
    one, two = a.codes[found.a].astype(np.float64), b.codes[found.b].astype(np.float64)
    apart = two - one
    beyond = np.abs(apart).max(axis=1) > tolerance
    first = int(np.argmax(beyond)) if beyond.any() else None
    stamps = a.stamps[found.a]
    return Difference(
        codes_a=len(a.stamps),
        codes_b=len(b.stamps),
        matched=len(found.a),
        missing_in_a=len(b.stamps) - len(found.b),
        missing_in_b=len(a.stamps) - len(found.a),
        shift=found.shift / SECOND,
        identical=bool(np.array_equal(a.codes[found.a], b.codes[found.b])),
        rms=np.sqrt((apart**2).mean(axis=0)).tolist(),
        largest=np.abs(apart).max(axis=0).tolist(),
        first=None if first is None else float(stamps[first] - stamps[0]) / SECOND,
        first_dimension=None if first is None else int(np.argmax(np.abs(apart[first]))),
        beyond=int(beyond.sum()),
        delays=_delays(a, b, found),
        lip_opening_r=None if landmarks is None else _opening_r(one, two, landmarks),
    )


def _nearest(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Index into the ascending `times` of the one nearest to each that is wanted."""
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    if len(times) == 1:
        return np.zeros(len(wanted), np.intp)
    return after - (wanted - times[after - 1] <= times[after] - wanted)


def _delays(a: Codes, b: Codes, found: Match) -> Delays | None:
    one, two = a.delays[found.a], b.delays[found.b]
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        return None
    skew = two - one
    return Delays(
        a=float(np.median(one)),
        b=float(np.median(two)),
        spread_a=_spread(one),
        spread_b=_spread(two),
        skew=float(np.median(skew)),
        skew_p99=float(np.percentile(np.abs(skew), 99)),
    )


def _spread(values: np.ndarray) -> float:
    low, high = np.percentile(values, [1, 99])
    return float(high - low)


def _opening_r(one: np.ndarray, two: np.ndarray, landmarks: tuple[Any, Any]) -> float | None:
    first, second = (
        lip_opening(np.stack([of(code.astype(np.float32)) for code in codes]))
        for of, codes in zip(landmarks, (one, two), strict=True)
    )
    if len(one) < LEAST or min(first.std(), second.std()) < 1e-9:
        return None
    return float(np.corrcoef(first, second)[0, 1])
