"""How an emotion sounds: rate, pitch and pitch range against the same voice speaking neutrally.

The directions are those of the literature on vocal emotion (Murray and Arnott, 1993; Scherer, 2003): joy, anger, fear and
surprise are higher, wider and faster, sadness lower, flatter and slower, disgust lower and slower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError


@dataclass(frozen=True)
class Prosody:
    """Ratios to neutral speech: rate of speaking, mean F0, and F0's spread around its mean (in octaves)."""

    rate: float = 1.0
    pitch: float = 1.0
    range: float = 1.0


PROSODY: dict[str, Prosody] = {
    "anger": Prosody(1.10, 1.12, 1.50),
    "disgust": Prosody(0.88, 0.93, 0.90),
    "fear": Prosody(1.18, 1.32, 1.10),
    "happiness": Prosody(1.06, 1.22, 1.50),
    "neutral": Prosody(),
    "sadness": Prosody(0.82, 0.90, 0.55),
    "surprise": Prosody(1.04, 1.32, 1.75),
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
    return Prosody(mean.rate * rate, mean.pitch * pitch, mean.range * spread)
