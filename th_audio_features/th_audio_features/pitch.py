"""F0 of a stream by SPTK's RAPT, all but equal to RAPT over the whole utterance.

RAPT (Talkin 1995; SPTK's `pitch -a 0`, through pysptk) takes whole utterances. Here it runs on rolling buffers, arranged so that a
frame meets the same arithmetic as in the whole: buffers begin on RAPT's own grid of reads (it works in blocks of 0.2 s), the noise
that it adds is traded for that of the absolute position (see `dither`), and zeros behind the buffer let it reach the newest frames.
What may differ is the decision of its dynamic programming, for lack of future and past: benchmarks/f0_agreement.py counts it.

RAPT's traps, avoided here and only here: samples must be float32 on the int16 scale (+-1 gives silence, int16 truncates F0);
fewer than 41 ms raise and leak; a fractional hop corrupts memory; its noise depends on the parity of earlier calls; quiet sound
drowns in its noise.
"""

from __future__ import annotations

import os
import statistics
import threading
from collections import deque

import numpy as np

from th_audio_features import sptk
from th_audio_features.dither import Dither, settle
from th_audio_features.history import History
from th_audio_features.profiles import Profile

LOW, HIGH = 60.0, 500.0  # Hz: the default 240 makes gross errors in one frame of three for women and excited men
READ = 0.2  # s that RAPT reads at once (READ_SIZE)
CORRELATION = 0.0075  # s, its correlation window
BEHIND = 2  # hops of zeros behind the newest sound; with one, RAPT stops a frame earlier and errs three times as often
SHORTEST = 6  # hops; RAPT refuses, and leaks at, less than 41 ms = 2.45 hops
LOUD = 5000.0  # swing from the middle, on the int16 scale, that quiet sound is levelled to
FAINT = 30.0  # swing of -61 dBFS: fainter sound is no quiet voice but hum and hiss, and stays as it is
CLICK = (
    5  # hops whose median is the level: what lasts less than three of them, a knock on the microphone, is not a voice's
)
RELEASE = 0.5 ** (1 / 60)  # per hop: the level that is taken for the speaker's halves in 1 s
ATTEMPTS = 3

_one_at_a_time = threading.Lock()  # RAPT and its noise keep their state in static variables


def _renew_lock() -> None:
    """A forked child has only the thread that forked: a lock that another one held would never open."""
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def rapt(samples: np.ndarray, rate: int, hop: int) -> np.ndarray:
    """RAPT over a whole sound, with settled noise.

    Args:
        samples: (N,) on the int16 scale, at least 6 hops.
        rate: Hz.
        hop: samples from frame to frame.

    Returns:
        float32 (N // hop,): F0 in Hz of the frames centred at hop k + 6 ms, 0 where unvoiced.
    """
    count = len(samples) // hop
    if count < SHORTEST:
        raise ValueError(f"RAPT needs {SHORTEST} hops, not {count}")
    sound = np.zeros(len(samples) + (len(samples) + _padding(rate, hop)) % 2, np.float32)
    sound[: len(samples)] = samples
    with _one_at_a_time:
        for _ in range(ATTEMPTS):
            settle()
            f0 = sptk.rapt(sound, rate, hop, min=LOW, max=HIGH, otype="f0")[:count]
            if settle():  # or else somebody else's thread used SPTK in between, and shifted the noise
                break
        return f0


def _padding(rate: int, hop: int) -> int:
    """Samples that RAPT adds behind its input; with the input's they must be even, or its noise comes out of step."""
    per_second = 10.0 * rate / hop
    alpha = int(0.00275 * per_second + 0.5)
    beta = max(0, int((9600.0 / LOW - 168.0) * per_second / 96000.0 + 0.5))
    return (alpha + beta + 3) * hop


class PitchStream:
    """F0 of a stream of hops, frame by frame.

    Args:
        rate: Hz.
        hop: samples from frame to frame.
        block: frames that are decided at once.
        lag: a frame j of a block is decided when hops up to j + lag have come, or later; at least 2.
        context: frames before the wanted ones, at least: the dynamic programming must forget where the buffer began.
        quiet: swing below which the sound is levelled; at most LOUD.
    """

    def __init__(self, rate: int, hop: int, *, block: int, lag: int, context: int, quiet: float = LOUD) -> None:
        self._rate, self._hop, self._block, self._lag, self._context = rate, hop, block, lag, context
        self._quiet = quiet
        span = int(CORRELATION * rate + 0.5) + int(rate / LOW + 0.5) + 1
        self._grid = (int(READ * rate) - span) // hop + 1  # frames in one of RAPT's reads
        hops = context + self._grid + block + lag
        self._sound = History(hops * hop)
        self._noise = History(hops * hop)
        self._dither = Dither()
        self._buffer_noise = Dither().next((hops + SHORTEST) * hop)
        self._swings: deque[float] = deque([0.0] * CLICK, maxlen=CLICK)
        self._level = 0.0
        self._hops = 0
        self._decided = 0

    @classmethod
    def of(cls, profile: Profile) -> PitchStream:
        """The F0 that a profile asks for."""
        return cls(
            profile.analysis_rate,
            profile.hop,
            block=profile.f0_block,
            lag=profile.f0_lag,
            context=profile.f0_context,
            quiet=profile.f0_quiet,
        )

    def push(self, hops: np.ndarray) -> np.ndarray:
        """(T, hop) next samples on the int16 scale -> float32 (U,) F0 of the next frames decided, in Hz, 0 if unvoiced."""
        found = []
        for samples in hops:
            self._append(samples)
            self._hops += 1
            ready = self._hops - self._lag + 1
            if ready > 0 and ready % self._block == 0:
                found.append(self._decide(ready))
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    def flush(self, rest: np.ndarray) -> np.ndarray:
        """The frames not yet decided, as if silence followed; `rest` are the last samples, less than a hop."""
        if self._hops <= self._decided:
            return np.zeros(0, np.float32)
        padded = np.zeros(self._hop, np.float32)
        padded[: len(rest)] = rest
        self._append(padded)
        return self._decide(self._hops)

    def _append(self, samples: np.ndarray) -> None:
        self._sound.append(samples)
        self._noise.append(self._dither.next(self._hop))
        self._swings.append(float(np.ptp(samples)) / 2)
        self._level = max(self._level * RELEASE, statistics.median(self._swings))

    def _decide(self, stop: int) -> np.ndarray:
        """Frames from the last decided one up to `stop`."""
        first = max(0, self._decided - self._context) // self._grid * self._grid
        start, end = first * self._hop, self._sound.end
        wanted = slice(self._decided - first, stop - first)
        self._decided = stop
        sound = self._sound.view(start, end)
        if not np.ptp(sound):  # in digital silence RAPT would look for a voice in its own noise
            return np.zeros(wanted.stop - wanted.start, np.float32)
        # Quiet microphones: bring the voice above RAPT's noise. The features' energy stays as it was. What is shorter than a read has
        # not shown yet how loud it is: most recordings begin with a breath of almost nothing.
        quiet = FAINT <= self._level < self._quiet and self._hops > self._grid
        gain = LOUD / self._level if quiet else 1.0
        buffer = np.zeros(max(len(sound) + BEHIND * self._hop, SHORTEST * self._hop), np.float32)
        buffer[: len(sound)] = sound * np.float32(gain)
        buffer[: len(sound)] += self._noise.view(start, end) - self._buffer_noise[: len(sound)]
        return rapt(buffer, self._rate, self._hop)[wanted]
