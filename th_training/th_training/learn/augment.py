"""Other microphones, distances and voices: changes of the features that leave the face as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ENERGY, STATIC, PITCH = 12, slice(0, 12), 39
NEPER_PER_DB = np.log(10.0) / 10.0


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Changes of the features that leave the face as it is, drawn anew for every stretch of training sound; 0: none.

    Attributes:
        gain: loudness, uniform in +-gain dB.
        channel: constant offset of c1..c12 (another microphone or room), in standard deviations of the feature.
        pitch: another voice's F0, uniform in +-pitch semitones.
        noise: white noise on all features but F0, in standard deviations of the feature.
    """

    gain: float = 0.0
    channel: float = 0.0
    pitch: float = 0.0
    noise: float = 0.0


def augment(x: np.ndarray, sd: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Features (T, 40) as another microphone, distance or voice would have given them (HTK order, F0 last)."""
    x = x.copy()
    gain, pitch = rng.uniform(-how.gain, how.gain), rng.uniform(-how.pitch, how.pitch)
    channel = rng.normal(0.0, 1.0, 12) * how.channel
    x[:, ENERGY] += gain * NEPER_PER_DB
    x[:, STATIC] += channel * sd[STATIC]
    x[:, PITCH] *= 2.0 ** (pitch / 12.0)
    if how.noise:
        x[:, :PITCH] += rng.standard_normal(x[:, :PITCH].shape, np.float32) * (how.noise * sd[:PITCH])
    return x
