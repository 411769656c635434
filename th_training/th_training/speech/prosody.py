"""How an emotion sounds: rate, pitch, pitch range and vocal effort against the same voice speaking neutrally.

The directions are those of the literature on vocal emotion (Murray and Arnott, 1993; Scherer, 2003): joy, anger, fear and
surprise are higher, wider and faster, sadness lower, flatter and slower, disgust lower and slower. The sizes are those of rules with
which synthetic voices were recognised (Schroeder, 2001: joy half as high again and twice as wide, fear higher still but hardly wider, both
faster; anger faster and 6 dB louder; surprise with steeply rising melody; sadness slow, narrow and soft), where these are
extreme weaker: half of them is what people do who are not on a stage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from th_common.errors import InputError


@dataclass(frozen=True)
class Prosody:
    """Ratios to neutral speech: rate of speaking, mean F0, and F0's spread around its mean (in octaves).

    effort: dB louder, and as a louder voice brighter (TILT dB per octave and dB).
    rising: said with the melody of a question, whatever the words.
    tract: formants as a ratio to neutral speech: a smile spreads the lips, and shortens the vocal tract (Tartter, 1980).
    """

    rate: float = 1.0
    pitch: float = 1.0
    range: float = 1.0
    effort: float = 0.0
    rising: bool = False
    tract: float = 1.0


TILT = 0.35  # dB per octave for a dB of effort

PROSODY: dict[str, Prosody] = {
    "anger": Prosody(1.15, 1.20, 1.60, 8.0),
    "disgust": Prosody(0.82, 0.88, 0.80, -1.0),
    "fear": Prosody(1.25, 1.60, 0.90, 0.0),
    "happiness": Prosody(1.10, 1.40, 1.80, 3.0, tract=1.06),
    "neutral": Prosody(),
    "sadness": Prosody(0.78, 0.90, 0.50, -8.0),
    "surprise": Prosody(1.00, 1.50, 2.10, 4.0, rising=True),
}


def prosody(emotion: str, rng: np.random.Generator) -> Prosody:
    """The prosody of one sentence: the emotion's, and a little as the speaker happens to say it.

    Raises:
        InputError: there is no such emotion.
    """
    if emotion not in PROSODY:
        raise InputError(f"there is no emotion {emotion!r} (there are {', '.join(PROSODY)})")
    mean = PROSODY[emotion]
    rate, pitch, spread = np.exp(rng.normal(0.0, (0.07, 0.05, 0.12)).clip(-0.2, 0.2))
    effort = mean.effort + float(rng.normal(0.0, 1.0))
    return replace(mean, rate=mean.rate * rate, pitch=mean.pitch * pitch, range=mean.range * spread, effort=effort)


def as_said(text: str, style: Prosody) -> str:
    """The text with the punctuation that makes a synthesiser speak it so: a question mark at the end where the melody is to rise."""
    return text.rstrip(" .!?") + "?" if style.rising else text


def with_effort(samples: np.ndarray, sample_rate: int, effort: float) -> np.ndarray:
    """A voice (N,) in [-1, 1] as with so many dB more vocal effort: louder, and its spectrum tilted around 1 kHz."""
    if not len(samples):
        return samples
    size = scipy.fft.next_fast_len(len(samples), real=True)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / sample_rate), 60.0) / 1000.0).clip(-3, 2.5)
    gain = 10 ** (TILT * effort * octaves / 20)
    tilted = np.fft.irfft(np.fft.rfft(samples, size) * gain, size)[: len(samples)]
    before, after = (float(np.sqrt(np.mean(np.square(x)))) for x in (samples, tilted))
    louder = tilted * (10 ** (effort / 20) * before / after if after else 1.0)
    return (louder / max(1.0, float(np.abs(louder).max()))).astype(np.float32)
