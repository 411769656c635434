"""The noise that SPTK's RAPT adds to every sound it is given, made predictable.

`pitch` (and so pysptk.rapt) adds Gaussian noise of standard deviation 50 on the int16 scale, from a generator that it seeds
anew at each call, so sample k of every buffer gets the same noise. A frame of a rolling buffer would so see other noise than in
the whole utterance, which moves F0 by more than 0.2 Hz in one frame of ten. Whoever knows the noise can trade the buffer's for
the utterance's: `y = x + noise(absolute) - noise(in buffer)`.
"""

from __future__ import annotations

import numpy as np

from th_audio_features import sptk

SCALE = 50.0
_MULTIPLIER, _INCREMENT = 1103515245, 12345  # SPTK's lib/nrand.c: a linear congruence, of which bits 16..30 are used
_PAIRS = 1024  # pairs of uniform numbers drawn at once
_FIRST = 0.056183875494638796  # the generator's first number after seeding
_PROBE = np.zeros(2)


class Dither:
    """SPTK's `50 * nrandom()` from seed 1, endlessly."""

    def __init__(self) -> None:
        factors = np.full(2 * _PAIRS, _MULTIPLIER, np.uint32)
        self._factors = np.multiply.accumulate(factors)
        # x_k = a^k x_0 + b (a^(k-1) + ... + 1), modulo 2^32
        powers = np.concatenate([np.ones(1, np.uint32), self._factors[:-1]])
        self._offsets = np.add.accumulate(powers, dtype=np.uint32) * np.uint32(_INCREMENT)
        self._state = np.uint32(1)
        self._rest = np.zeros(0, np.float32)

    def next(self, count: int) -> np.ndarray:
        """float32 (count,): the next numbers."""
        parts = [self._rest]
        have = len(self._rest)
        while have < count:
            parts.append(self._draw())
            have += len(parts[-1])
        noise = np.concatenate(parts)
        self._rest = noise[count:]
        return noise[:count]

    def _draw(self) -> np.ndarray:
        states = self._factors * self._state + self._offsets
        self._state = states[-1]
        uniform = ((states >> np.uint32(16)) & np.uint32(0x7FFF)) / 32767.0 * 2.0 - 1.0
        pairs = uniform.reshape(-1, 2)
        square = np.einsum("ij,ij->i", pairs, pairs)  # Marsaglia's polar method
        good = (square > 0.0) & (square <= 1.0)
        pairs, square = pairs[good], square[good]
        return (pairs * (np.sqrt(-2.0 * np.log(square) / square) * SCALE)[:, None]).astype(np.float32).ravel()


def settle() -> bool:
    """Bring SPTK's generator, which makes numbers in pairs, to the beginning of a pair; True if it stood there already.

    The half-used state is global to the process and survives seeding: any earlier call of RAPT with an odd number of samples, ours
    or a stranger's, would shift the noise of the next. `excite` draws from the same generator, so one number shows the state.
    """
    settled = abs(_draw_one() - _FIRST) < 1e-9
    if settled:
        _draw_one()
    return settled


def _draw_one() -> float:
    return float(sptk.excite(_PROBE, 1, 1, True, 1)[0])
