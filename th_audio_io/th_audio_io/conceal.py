"""Lost sound, made up from what is on both sides of the hole.

Source: ITU-T G.711 Appendix I (repeat the last pitch period, fading to silence), here from both sides, because the hole is known
only when the sound behind it is there.
"""

from __future__ import annotations

import numpy as np

HISTORY = 0.04  # s of sound that it needs from before the hole
FADE = 0.06  # s after which nothing is left: the mouth must close, not hold a vowel
_LONGEST, _SHORTEST = 1 / 66.0, 1 / 400.0  # s, pitch periods


def bridge(before: np.ndarray, after: np.ndarray, count: int, rate: int) -> np.ndarray:
    """Sound for a hole of `count` samples.

    Args:
        before: float32 (n,), the sound up to the hole; HISTORY s are enough, fewer are borne.
        after: float32 (m,), the sound behind it.
        rate: Hz.

    Returns:
        float32 (count,): the sound before goes on, fading, the sound after fades in; silence in the middle of a long hole.
    """
    forward = _go_on(before, count, rate)
    backward = _go_on(after[::-1], count, rate)[::-1]
    weight = np.linspace(0.0, 1.0, count + 2, dtype=np.float32)[1:-1]
    return forward * (1.0 - weight) + backward * weight


def _go_on(sound: np.ndarray, count: int, rate: int) -> np.ndarray:
    """`sound` continued with its last period, fading to nothing within FADE."""
    if not len(sound):
        return np.zeros(count, np.float32)
    period = _period(sound[-round(HISTORY * rate) :], rate)
    # Too short to tell: back and forth again, which has no jump.
    again = np.concatenate((sound[::-1], sound)) if period is None else sound[-period:]
    index = np.arange(count)
    fade = np.maximum(0.0, 1.0 - index / (FADE * rate)).astype(np.float32)
    return again[index % len(again)] * fade


def _period(sound: np.ndarray, rate: int) -> int | None:
    """Samples after which the end of `sound` repeats itself best, None where it is too short to tell."""
    low, high = round(_SHORTEST * rate), round(_LONGEST * rate)
    size = min(low * 2, len(sound) - low - 1)
    high = min(high, len(sound) - size)
    if size < low or high <= low:
        return None
    end = sound[-size:].astype(np.float64)
    scores = []
    for lag in range(low, high + 1):
        other = sound[len(sound) - size - lag : len(sound) - lag].astype(np.float64)
        scores.append(float(end @ other) / np.sqrt(float(other @ other) + 1e-9))
    return low + int(np.argmax(scores))
