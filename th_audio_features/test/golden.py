"""Golden values, recorded speech and made voices for the tests of this package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pysptk
from scipy.io import wavfile

_FILE = Path(__file__).parent / "data" / "golden_htk341_sptk39.npz"


@cache
def golden(key: str) -> np.ndarray:
    """One array of data/golden_htk341_sptk39.npz (see data/README.md)."""
    with np.load(_FILE) as arrays:
        return arrays[key]


@cache
def recording() -> tuple[int, np.ndarray]:
    """(rate, int16 samples) of a real recording: CMU ARCTIC a0007, which pysptk brings along."""
    rate, samples = wavfile.read(pysptk.util.example_audio_file())
    return rate, samples


def sound(rate: int, seconds: float = 0.4) -> np.ndarray:
    """A voice-like int16 sound with noise at any rate."""
    t = np.arange(int(rate * seconds)) / rate
    voice = sum(np.sin(2 * np.pi * 130 * k * t) / k for k in range(1, 20))
    noise = np.random.default_rng(rate).normal(size=len(t))
    return np.round(4000 * voice * (0.6 + 0.4 * np.sin(9 * t)) + 100 * noise).astype(np.int16)
