"""The sound of a recording, put on the clock of its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
import soxr

from th_audio_io.sources import FileSource
from th_common.errors import InputError

FPS = 60
LEAST = 0.5
"""s of sound and pictures together that a clip has at least."""
_SILENT = (
    -60.0
)  # dB of full scale: the loudest tenth of a second of a room without speech, not of a recording of speech
_COMPARED = 4_000  # Hz at which two recordings of one sound are compared
_SAME = 0.3  # correlation from which they are one sound


@dataclass(frozen=True, eq=False)
class Sound:
    """samples (N,) float32 in [-1, 1], the mean of the channels; begins at `start` s on the pictures' clock."""

    samples: np.ndarray
    rate: int
    start: float = 0.0

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def read_sound(path: Path) -> Sound:
    """Any sound file, or the sound of a video. Raises InputError, naming the file, where there is none, or it is damaged."""
    source = FileSource(path)
    blocks = [block.mean(axis=1, dtype=np.float32) for block in source.blocks()]
    if not blocks:
        raise InputError(f"{path}: holds no sound")
    return Sound(np.concatenate(blocks), source.rate)


def check_sound(sound: Sound, name: Path | str) -> None:
    """Raises InputError for a sound that is too short, or silent."""
    if sound.seconds < LEAST:
        raise InputError(f"{name}: {sound.seconds:.2f} s of sound are too short, it takes {LEAST:g}")
    block = max(1, sound.rate // 10)
    blocks = sound.samples[: len(sound.samples) // block * block].reshape(-1, block)
    loudest = float(np.sqrt(np.square(blocks, dtype=np.float64).mean(1)).max())
    level = 20 * np.log10(loudest) if loudest > 0 else -np.inf
    if level < _SILENT:
        raise InputError(f"{name}: silent (its loudest tenth of a second has {level:.0f} dB of full scale)")


def recorded_sound(video: Path, file: Path | None) -> Sound:
    """The sound of a recording on the clock of `th_training.video.timed_pictures`: that of the video, or of a file of its own.

    A file's place is found by comparing it with the video's own sound; where the video has none, both begin at once.
    Raises InputError where neither can be read.
    """
    if file is None:
        return read_sound(video)  # the pictures' clock begins with it
    sound = read_sound(file)
    try:
        own = read_sound(video)
    except InputError:
        return sound
    return Sound(sound.samples, sound.rate, start=offset(sound, own))


def offset(sound: Sound, reference: Sound, *, most: float = 2.0) -> float:
    """s after the beginning of `reference` at which `sound` begins, where it is the same sound; 0 where it is not.

    Found to a fraction of a millisecond by correlating the waveforms; searched up to `most` s each way.
    """
    one, two = (soxr.resample(s.samples, s.rate, _COMPARED).astype(np.float64) for s in (sound, reference))
    power = float(np.sqrt((one**2).sum() * (two**2).sum()))
    if power == 0.0:
        return 0.0
    found = scipy.signal.correlate(two, one, method="fft") / power
    lags = np.arange(len(found)) - (len(one) - 1)
    near = np.abs(lags) <= most * _COMPARED
    best = int(np.flatnonzero(near)[np.abs(found[near]).argmax()])
    return float(lags[best] / _COMPARED) if abs(found[best]) > _SAME else 0.0


def on_rows(sound: Sound, *, lag: float = 0.0) -> tuple[Sound, int]:
    """The sound cut so that its feature row j is the pictures' row n + j; and n.

    lag: s by which the pictures come later than their sound. Less than 1/60 s of sound is lost where it begins after the
    pictures, and what comes before the pictures where it begins before them.
    """
    start = sound.start + lag
    first = max(0, int(np.ceil(start * FPS - 1e-9)))
    cut = max(0, round((first / FPS - start) * sound.rate))
    return Sound(sound.samples[cut:], sound.rate, start=first / FPS), first
