"""From a video's own frame times to the frame clock of the features: row i at (i + 1) / fps seconds."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from th_common.errors import InputError

FPS = 60.0
HOLE = 2.5
"""Frame times from one picture to the next: more, and what lies between was not seen (one picture may be missing)."""


def frame_clock(end: float, *, fps: float = FPS) -> np.ndarray:
    """Times (T,) in s of all rows up to `end` s."""
    return (np.arange(int(np.floor(end * fps + 1e-6))) + 1) / fps


def to_clock(times: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Values (N, ...) at increasing times (N,) s -> (T, ...) at `wanted` (T,) s, by cubic splines through all of them.

    Times need not be evenly spaced. Across a hole (HOLE frame times and more) the values go in a straight line, for a cubic
    may swing out as far as the hole is long. Before the first and after the last they stay: half a frame of video.

    Raises InputError where the times do not increase or do not fit the values.
    """
    times, values = np.asarray(times, np.float64), np.asarray(values, np.float64)
    if times.ndim != 1 or not len(times) or len(times) != len(values):
        raise InputError(f"{len(values)} values for {times.shape} times")
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise InputError("the times of the frames do not increase")
    at = np.clip(np.asarray(wanted, np.float64), times[0], times[-1])
    flat = values.reshape(len(values), -1)
    found = np.stack([np.interp(at, times, column) for column in flat.T], 1)
    holes = np.flatnonzero(np.diff(times) > HOLE * _frame_time(times)) + 1
    for part in np.split(np.arange(len(times)), holes):
        rows = (at >= times[part[0]]) & (at <= times[part[-1]])
        if len(part) > 2 and rows.any():
            found[rows] = CubicSpline(times[part], flat[part])(at[rows])
    return found.reshape(-1, *values.shape[1:])


def quality_to_clock(
    times: np.ndarray, quality: np.ndarray, wanted: np.ndarray, *, duration: float | None = None
) -> np.ndarray:
    """Quality (N,) 0..1 -> (T,): in line between two frames that were seen, 0 next to one that was not.

    It is 0 in a hole as well, and farther before and after all than a frame lasts; duration: of the only one, s.
    """
    reach = _frame_time(times) if len(times) > 1 else duration or 0.0
    at = np.interp(wanted, times, quality)
    after = np.clip(np.searchsorted(times, wanted), 0, len(times) - 1)
    before = np.clip(np.searchsorted(times, wanted, side="right") - 1, 0, len(times) - 1)
    known = (wanted > times[0] - reach) & (wanted < times[-1] + reach)
    known &= times[after] - times[before] <= HOLE * reach
    return np.where(known & (quality[before] > 0) & (quality[after] > 0), at, 0.0)


def _frame_time(times: np.ndarray) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def bridge(times: np.ndarray, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Values (N, ...) with those that were not seen (N,) put in line between their neighbours; at the ends they stay.

    Raises InputError where nothing was seen.
    """
    if not seen.any():
        raise InputError("nothing was seen")
    flat = values.reshape(len(values), -1)
    known = times[seen]
    filled = np.stack([np.interp(times, known, column[seen]) for column in flat.T], 1)
    return np.where(seen[:, None], flat, filled).reshape(values.shape)
