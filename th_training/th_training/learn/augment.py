"""Other microphones, distances and voices: changes of the features that leave the face as it is, and others' pace, which it keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from th_audio_features.mfcc import CHANNELS, liftered_dct, mel
from th_audio_features.profiles import get_profile

ENERGY, STATIC, PITCH = 12, slice(0, 12), 39
DELTAS, SECOND_DELTAS = slice(13, 26), slice(26, 39)
CEPSTRA = (slice(0, 12), slice(13, 25), slice(26, 38))
NEPER_PER_DB = np.log(10.0) / 10.0
SHORTEST = 2


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Changes of the features, drawn anew for every stretch of training sound; 0: none.

    Attributes:
        gain: loudness, uniform in +-gain dB.
        channel: constant offset of c1..c12 (another microphone or room), in standard deviations of the feature.
        pitch: another voice's F0, uniform in +-pitch semitones.
        noise: white noise on all features but F0, in standard deviations of the feature.
        pace: how fast is spoken, by a factor uniform (in its logarithm) in 1 / (1 + pace) .. 1 + pace; the codes keep pace.
        tract: a shorter or longer vocal tract, all resonances higher by a factor drawn in the same way.
    """

    gain: float = 0.0
    channel: float = 0.0
    pitch: float = 0.0
    noise: float = 0.0
    pace: float = 0.0
    tract: float = 0.0


def draw_factor(spread: float, rng: np.random.Generator) -> float:
    """A factor in 1 / (1 + spread) .. 1 + spread, its logarithm uniform; without a spread 1, and nothing is drawn."""
    return float(np.exp(rng.uniform(-1.0, 1.0) * np.log1p(spread))) if spread else 1.0


def augment(
    x: np.ndarray, sd: np.ndarray, how: Augmentation, rng: np.random.Generator, *, profile: str = "robot"
) -> np.ndarray:
    """Features (T, 40) as another microphone, distance or voice would have given them (HTK order, F0 last).

    `how.pace` is left to `at_pace`, which changes the codes as well. `profile` says what frequencies the coefficients stand for.

    Raises:
        InputError: there is no profile of that name.
    """
    x = x.copy()
    gain, pitch = rng.uniform(-how.gain, how.gain), rng.uniform(-how.pitch, how.pitch)
    channel = rng.normal(0.0, 1.0, 12) * how.channel
    if how.tract:
        matrix = stretched_cepstra(draw_factor(how.tract, rng), profile)
        for part in CEPSTRA:
            x[:, part] = x[:, part] @ matrix.T
    x[:, ENERGY] += gain * NEPER_PER_DB
    x[:, STATIC] += channel * sd[STATIC]
    x[:, PITCH] *= 2.0 ** (pitch / 12.0)
    if how.noise:
        x[:, :PITCH] += rng.standard_normal(x[:, :PITCH].shape, np.float32) * (how.noise * sd[:PITCH])
    return x


def frames_at_pace(frames: int, factor: float) -> int:
    """Frames that are left of so many when they are spoken faster by `factor`."""
    return max(SHORTEST, round(frames / factor)) if factor != 1.0 else frames


def at_pace(x: np.ndarray, y: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Features (T, 40) and codes (T, D) of what is said faster by `factor`.

    Frames are read in between by lines (F0 from the nearest, for 0 means unvoiced), and slopes are steeper by the factor.
    """
    if factor == 1.0:
        return x, y
    at = np.linspace(0, len(x) - 1, frames_at_pace(len(x), factor))
    low = np.minimum(at.astype(int), max(len(x) - 2, 0))
    high = np.minimum(low + 1, len(x) - 1)
    share = (at - low)[:, None].astype(np.float32)
    features = x[low] * (1 - share) + x[high] * share
    features[:, DELTAS] *= factor
    features[:, SECOND_DELTAS] *= factor * factor
    features[:, PITCH] = x[np.rint(at).astype(int), PITCH]
    return features, (y[low] * (1 - share) + y[high] * share).astype(np.float32)


def stretched_cepstra(factor: float, profile: str) -> np.ndarray:
    """(12, 12): c1..c12 of a sound -> those of the same sound with all frequencies times `factor`.

    The log mel spectrum S that the coefficients describe (a sum of cosines, known between channels too) is read at f / factor for
    every channel's centre f, the outermost channels for what lies beyond, and transformed back: linear in c, so that it holds for
    deltas as well. What c0 would say is the same in all channels and stays out of c1..c12.

    Raises:
        InputError: there is no profile of that name.
    """
    found = get_profile(profile)
    top = float(mel(found.mel_high or found.analysis_rate / 2))
    centres = top * np.arange(1, CHANNELS + 1) / (CHANNELS + 1)
    read = mel(700.0 * np.expm1(centres / 1127.0) / factor) / top * (CHANNELS + 1)
    place = np.clip(read, 0.5, CHANNELS + 0.5)
    dct = liftered_dct()
    j = np.arange(1, len(dct) + 1)
    cosines = np.sqrt(2.0 / CHANNELS) * np.cos(np.pi * j * (place[:, None] - 0.5) / CHANNELS)
    lifter = np.linalg.norm(dct, axis=1)  # the transform's own rows have length 1
    return np.asarray(dct @ cosines / lifter, np.float32)
