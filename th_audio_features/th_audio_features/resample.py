"""Any input rate -> a profile's analysis rate, in step and with little delay."""

from __future__ import annotations

import functools

import numpy as np
import soxr

PROBE_STEP = 0.00025  # s


class Resampler:
    """A stream of float32 samples at one rate -> the same at another; the output does not depend on the chunks, to the last bit.

    soxr's variable-rate engine at a constant rate: as clean as its default engine (-120 dB) without the 37 to 134 ms that this one
    holds back for its long transforms. It does not drift: 20 min of 44.1 kHz give 28,800,000 samples at 24 kHz.
    """

    def __init__(self, rate: int, to: int) -> None:
        self._soxr = None if rate == to else soxr.ResampleStream(rate, to, 1, dtype="float32", quality="HQ", vr=True)

    def push(self, samples: np.ndarray, *, last: bool = False) -> np.ndarray:
        """float32 (N,) -> float32 (M,): what is known by now; everything when `last`."""
        return samples if self._soxr is None else self._soxr.resample_chunk(samples, last=last)


@functools.cache
def resampling_delay(rate: int, to: int) -> float:
    """s that resampling holds back at most, found by trying: 0 for equal rates, 240 samples of the input up to 48 kHz."""
    if rate == to:
        return 0.0
    resampler = Resampler(rate, to)
    pushed = made = 0
    worst = 0.0
    for step in range(1, 800):
        count = round(step * PROBE_STEP * rate) - pushed
        made += len(resampler.push(np.zeros(count, np.float32)))
        pushed += count
        worst = max(worst, pushed / rate - made / to)
    return worst
