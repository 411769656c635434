"""Sound in, in chunks of any size at any rate; 40-D feature vectors out, 60 per second."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from th_audio_features.deltas import Dynamics
from th_audio_features.history import History
from th_audio_features.mfcc import Mfcc
from th_audio_features.pitch import PitchStream
from th_audio_features.profiles import DIMENSIONS, Profile, get_profile
from th_audio_features.resample import Resampler, resampling_delay
from th_common.errors import InputError

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
MOST_CHANNELS = 64
INT16_SCALE = 32768.0
HEADROOM = 16.0  # floats beyond 16 times full scale are no sound
MOST_BAD = 0.01  # share of samples that may be no sound in a file that is taken for one
BLOCK = 32  # hops that are worked on at once


class FeatureStream:
    """Feature vectors of one sound, as it comes in.

    The numbers do not depend on how the sound is cut into chunks, to the last bit. Memory is fixed.

    Args:
        sample_rate: Hz of the sound that will be pushed, 8000 to 192000.
        profile: name in PROFILES, or a Profile.

    Attributes:
        profile: the Profile.
        frames: vectors given out since the sound began.
        replaced: samples that were NaN or infinite, and taken as 0.
        limited: samples beyond 16 times full scale, and limited to that.

    Raises:
        InputError: unknown profile, or a rate out of range.
    """

    def __init__(self, sample_rate: int, profile: str | Profile = "paper") -> None:
        self.profile = get_profile(profile)
        self.sample_rate = _checked_rate(sample_rate)
        self.replaced = 0
        self.limited = 0
        self._piece = max(1, self.sample_rate * BLOCK // 60)
        self._mfcc = Mfcc.of(self.profile)
        self._begin()

    @property
    def delay(self) -> float:
        """s from a frame's centre to the last input sample that it waits for: the profile's delay and the resampler's."""
        return self.profile.delay + resampling_delay(self.sample_rate, self.profile.analysis_rate)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take the next samples.

        Args:
            samples: int16, or float32/float64 in [-1, 1]; mono (N,) or (N, channels), which are mixed. N may be 0.

        Returns:
            float32 (n, 40): the vectors that are complete by now, in order; n may be 0.

        Raises:
            InputError: another type or shape; the stream is then as before.
        """
        sound = self._clean(samples)
        rows = [self._resample_and_advance(sound[i : i + self._piece]) for i in range(0, len(sound), self._piece)]
        out = np.concatenate(rows) if rows else _nothing()
        self.frames += len(out)
        return out

    def flush(self) -> np.ndarray:
        """End the sound: float32 (m, 40), the vectors that waited for their future.

        Deltas replicate the last row, as HTK does; F0 takes what follows for silence. The stream then stands at its beginning: the
        next push starts another sound.
        """
        rows = [self._resample_and_advance(np.zeros(0, np.float32), last=True)]
        pitch = self._pitch.flush(self._rest)
        dynamic = self._dynamics.flush()
        rows.append(self._pair(dynamic, pitch) if dynamic is not None else _nothing())
        self._begin()
        return np.concatenate(rows)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a FeatureStream holds the state of other libraries: it cannot be copied or pickled")

    def _begin(self) -> None:
        profile = self.profile
        self.frames = 0
        self._resampler = Resampler(self.sample_rate, profile.analysis_rate)
        self._history = History((BLOCK + 1) * profile.hop)
        self._dynamics = Dynamics(causal=profile.causal_deltas)
        self._pitch = PitchStream.of(profile)
        self._rest = np.zeros(0, np.float32)
        self._rows = np.zeros((0, DIMENSIONS - 1))
        self._f0 = np.zeros(0, np.float32)
        self._first_pitch_dropped = False

    def _clean(self, samples: np.ndarray) -> np.ndarray:
        """Anything -> float32 (N,) on the int16 scale, finite."""
        sound = to_mono(samples)
        if samples.dtype.kind == "i":
            return sound.astype(np.float32, copy=False)
        bad = ~np.isfinite(sound)
        if bad.any():
            self.replaced += int(bad.sum())
            sound = np.where(bad, 0.0, sound)
        beyond = np.abs(sound) > HEADROOM
        if beyond.any():
            self.limited += int(beyond.sum())
            sound = np.clip(sound, -HEADROOM, HEADROOM)
        return (sound * INT16_SCALE).astype(np.float32, copy=False)

    def _resample_and_advance(self, sound: np.ndarray, *, last: bool = False) -> np.ndarray:
        sound = self._resampler.push(sound, last=last)
        hop = self.profile.hop
        pending = np.concatenate([self._rest, sound])
        count = len(pending) // hop
        self._rest = pending[count * hop :]
        hops = pending[: count * hop].reshape(count, hop)
        rows = [self._advance(hops[i : i + BLOCK]) for i in range(0, count, BLOCK)]
        return np.concatenate(rows) if rows else _nothing()

    def _advance(self, hops: np.ndarray) -> np.ndarray:
        """Take up to BLOCK whole hops."""
        profile = self.profile
        self._history.append(hops.ravel())
        end = self._history.end
        start = max(0, end - hops.size - profile.hop)
        pitch = self._pitch.push(hops)
        if end - start < profile.window:
            return self._pair(np.zeros((0, DIMENSIONS - 1)), pitch)
        halves = self._history.view(start, end).reshape(-1, profile.hop)
        frames = np.concatenate([halves[:-1], halves[1:]], axis=1)  # a window is two hops
        return self._pair(self._dynamics.push(self._mfcc(frames)), pitch)

    def _pair(self, rows: np.ndarray, pitch: np.ndarray) -> np.ndarray:
        """Join frame i with RAPT's frame i + 1, which sits 6 ms from its centre (frame i of RAPT would sit 11 ms before)."""
        if not self._first_pitch_dropped and len(pitch):
            pitch = pitch[1:]
            self._first_pitch_dropped = True
        self._rows = np.concatenate([self._rows, rows])
        self._f0 = np.concatenate([self._f0, pitch])
        ready = min(len(self._rows), len(self._f0))
        out = np.concatenate([self._rows[:ready], self._f0[:ready, None]], axis=1).astype(np.float32)
        self._rows, self._f0 = self._rows[ready:], self._f0[ready:]
        return out


def extract(samples: np.ndarray, sample_rate: int, profile: str | Profile = "paper") -> np.ndarray:
    """Feature vectors of a whole sound, the same bits that FeatureStream gives for it.

    Args:
        samples: int16, or float32/float64 in [-1, 1]; mono (N,) or (N, channels).
        sample_rate: Hz, 8000 to 192000.
        profile: name in PROFILES, or a Profile.

    Returns:
        float32 (T, 40), T = (N - window) // hop + 1 with N at the profile's analysis rate: c1..c12, e, their deltas, their
        delta-deltas, F0 in Hz (0 if unvoiced). (0, 40) for less than a window.

    Raises:
        InputError: another type, shape, rate or profile, floats that are not on the scale of [-1, 1], or more than 1 % NaN.
    """
    stream = FeatureStream(sample_rate, profile)
    rows = np.concatenate([stream.push(samples), stream.flush()])
    for count, reason in (
        (stream.limited, f"beyond +-{HEADROOM:g}: floats go from -1 to 1"),
        (stream.replaced, "NaN or infinite: this is no sound"),
    ):
        if count > MOST_BAD * len(samples):
            raise InputError(f"{count} of {len(samples)} samples are {reason}")
    return rows


def to_mono(samples: np.ndarray) -> np.ndarray:
    """int16 or float, (N,) or (N, channels) -> float (N,), on the scale it came in.

    Raises:
        InputError: another type or shape.
    """
    if not isinstance(samples, np.ndarray):
        raise InputError(f"samples must be a numpy array, not {type(samples).__name__}")
    if isinstance(samples, np.ma.MaskedArray):
        raise InputError("samples must not be a masked array: fill what is masked")
    samples = np.asarray(samples)
    if not samples.dtype.isnative:
        samples = samples.astype(samples.dtype.newbyteorder("="))
    if samples.dtype not in (np.int16, np.float32, np.float64):
        raise InputError(f"samples must be int16, float32 or float64, not {samples.dtype}")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= MOST_CHANNELS):
        raise InputError(f"samples must have shape (N,) or (N, 1..{MOST_CHANNELS}), not {samples.shape}")
    if samples.ndim == 1:
        return samples.astype(np.float32) if samples.dtype == np.int16 else samples
    # Channel by channel: the order of the sum, so its last bit, must not depend on the chunk.
    sound = samples[:, 0].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        for channel in range(1, samples.shape[1]):
            sound += samples[:, channel]
    return sound / samples.shape[1]


def _checked_rate(rate: int) -> int:
    if isinstance(rate, bool) or not isinstance(rate, (int, np.integer)):
        raise InputError(f"sample rate must be a whole number of Hz, not {rate!r}")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise InputError(f"sample rate must be {LOWEST_RATE} to {HIGHEST_RATE} Hz, not {rate}")
    return int(rate)


def _nothing() -> np.ndarray:
    return np.zeros((0, DIMENSIONS), np.float32)
