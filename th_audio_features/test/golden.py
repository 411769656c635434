"""Golden values and recorded speech for the tests of this package."""

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
