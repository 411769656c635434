"""What a recording is like, measured block by block: level, clipping, offset, band, channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CLIPPED = 0.999  # of full scale: a converter's last step, or a float beyond
_BINS = 1000  # of the histogram of |x|, per full scale
_SPECTRUM = 0.032  # s per spectrum
_EDGE = 1e-5  # share of the power above the band's edge


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """Figures of a recording; levels in dB of full scale (a full square wave has 0), -inf for digital silence.

    Attributes:
        samples: per channel.
        level, peak: of the mean of all channels.
        offset: mean, of full scale.
        clipped: samples, of any channel, at or beyond 0.999 of full scale.
        flat_top: where the sound is cut off below full scale (as by a gain after the clipping), None if nowhere.
        edge: Hz; above it lies 1/100,000 of the power. None for digital silence.
        cancelled: dB that the mean of the channels loses against their mean power (0 if all are alike, 3 for two unrelated ones).
        silent_channels: how many hold digital silence.
        replaced: samples, of any channel, that were NaN or infinite, and taken as 0.
    """

    rate: int
    channels: int
    samples: int
    level: float
    peak: float
    offset: float
    clipped: int
    flat_top: float | None
    edge: float | None
    cancelled: float
    silent_channels: int
    replaced: int

    @property
    def seconds(self) -> float:
        return self.samples / self.rate

    @property
    def clipped_share(self) -> float:
        return self.clipped / max(1, self.samples * self.channels)


class SoundMeter:
    """Takes blocks of sound, gives SoundFacts; memory is fixed."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate, self._channels = rate, channels
        self._samples = self._clipped = 0
        self._sum = self._square = self._peak = 0.0
        self._channel_squares = np.zeros(channels)
        self._histogram = np.zeros(_BINS + 1, np.int64)
        size = 2 * round(_SPECTRUM * rate / 2)
        self._window = np.hanning(size)
        self._power = np.zeros(size // 2 + 1)
        self._rest = np.zeros(0)

    def push(self, block: np.ndarray) -> np.ndarray:
        """(n, channels) finite floats in [-1, 1] -> (n,) the mean of the channels."""
        sound = block.mean(axis=1, dtype=np.float64)
        magnitude = np.abs(block)
        self._samples += len(block)
        self._clipped += int((magnitude >= CLIPPED).sum())
        self._histogram += np.bincount(
            (np.minimum(magnitude, 1.0).ravel() * _BINS).astype(np.int64), minlength=_BINS + 1
        )
        self._channel_squares += np.square(block, dtype=np.float64).sum(axis=0)
        self._sum += float(sound.sum())
        self._square += float(np.square(sound).sum())
        self._peak = max(self._peak, float(np.abs(sound).max(initial=0.0)))
        self._add_spectra(sound)
        return sound.astype(np.float32)

    def _add_spectra(self, sound: np.ndarray) -> None:
        pending = np.concatenate([self._rest, sound])
        size = len(self._window)
        count = len(pending) // size
        frames = pending[: count * size].reshape(count, size)
        frames = frames - frames.mean(axis=1, keepdims=True)  # an offset is no band
        self._power += (np.abs(np.fft.rfft(frames * self._window, axis=1)) ** 2).sum(axis=0)
        self._rest = pending[count * size :]

    def facts(self, *, replaced: int = 0) -> SoundFacts:
        """What was pushed so far."""
        count = max(1, self._samples)
        return SoundFacts(
            rate=self._rate,
            channels=self._channels,
            samples=self._samples,
            level=decibel(self._square / count),
            peak=decibel(self._peak**2),
            offset=self._sum / count,
            clipped=self._clipped,
            flat_top=self._flat_top(),
            edge=self._edge(),
            cancelled=decibel(float(self._channel_squares.mean()) / self._square) if self._square else 0.0,
            silent_channels=int((self._channel_squares == 0.0).sum()),
            replaced=replaced,
        )

    def _flat_top(self) -> float | None:
        """The loudest level, if many samples lie there and few below, as in no sound but a cut-off one."""
        top = int(np.flatnonzero(self._histogram).max(initial=0))
        if not 0.05 * _BINS <= top < CLIPPED * _BINS:
            return None
        here = int(self._histogram[top - 1 : top + 1].sum())
        below = int(self._histogram[top - 5 : top - 1].sum()) / 2
        return top / _BINS if here > 2e-4 * self._histogram.sum() and here > 5 * below else None

    def _edge(self) -> float | None:
        above = np.cumsum(self._power[::-1])[::-1]
        if not above[0] > 0.0:
            return None
        return float(np.flatnonzero(above >= _EDGE * above[0]).max()) * self._rate / len(self._window)


def decibel(power: float) -> float:
    """10 log10, -inf for 0."""
    return 10.0 * math.log10(power) if power > 0.0 else -math.inf
