"""A recording of a voice and ways to spoil it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from th_audio_io.sources import example_path


@pytest.fixture(scope="session")
def voice() -> tuple[int, np.ndarray]:
    """(rate, float32 samples) of 2 s of a man's voice."""
    samples, rate = soundfile.read(example_path(), dtype="float32")
    return rate, samples[: 2 * rate]


@pytest.fixture
def wav(tmp_path: Path):
    """Write samples to a file, floats as they are."""

    def write(samples: np.ndarray, rate: int = 16_000, name: str = "speech.wav") -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, rate, subtype="FLOAT")
        return path

    return write
