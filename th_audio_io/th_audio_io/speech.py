"""Speech that somebody hands over to be said: a sound file or the bytes of one, read and checked whole before a word is said.

Only libsndfile reads it: FFmpeg's formats can name other files and addresses, and whoever hands speech over may be another machine.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from th_audio_io.formats import MAX_CHANNELS, MAX_RATE, MIN_RATE, AudioFormat, to_float
from th_audio_io.intake import CANCELLED
from th_common.errors import InputError

MAX_DATA = 16 << 20  # bytes of sound in a message
MAX_FILE = 256 << 20  # bytes
_BLOCK = 65536


@dataclass(frozen=True)
class Speech:
    """`samples`: float32 (N,), mono in [-1, 1], N > 0, at `rate` Hz; `name` is for people."""

    samples: np.ndarray
    rate: int
    name: str

    @property
    def duration(self) -> float:
        """Length in s."""
        return len(self.samples) / self.rate

    def at(self, rate: int) -> Speech:
        """The same speech at another rate."""
        if rate == self.rate:
            return self
        import soxr

        samples = np.clip(soxr.resample(self.samples, self.rate, rate), -1, 1).astype(np.float32)
        return Speech(samples, rate, self.name)


def speech_from_file(path: str, *, folder: str = "", longest: float = 300.0) -> Speech:
    """Read a sound file.

    Only regular files are read, and with `folder` only those in it or below it, links resolved; a path that is not absolute is looked
    for there.

    Raises:
        InputError: the file is outside `folder`, or cannot be read, or is not speech (see `speech_from_bytes`).
    """
    if not path or "\0" in path:
        raise InputError("no path and no data: there is nothing to say")
    wanted = Path(path).expanduser()
    if folder:
        home = os.path.realpath(Path(folder).expanduser())
        wanted = Path(os.path.realpath(home / wanted))
        if not wanted.is_relative_to(home):
            raise InputError(f"{path!r} is not in the folder that speech may come from")
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would be waited for.
        descriptor = os.open(wanted, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise InputError(f"{path!r} is not a file")
            if about.st_size > MAX_FILE:
                raise InputError(f"{path!r} has {about.st_size >> 20} MiB, more than {MAX_FILE >> 20}")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return _read(file, repr(path), longest)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise InputError(f"there is no sound file {path!r}") from None
    except OSError as error:
        raise InputError(f"the sound file {path!r} cannot be read ({error.strerror or error})") from None


def speech_from_bytes(
    data: bytes, *, sample_format: str = "", rate: int = 0, channels: int = 0, longest: float = 300.0
) -> Speech:
    """Read a whole sound file in memory, or raw interleaved samples if `sample_format` names what they are.

    Raises:
        InputError: too many bytes, no sound, a rate or format that is not supported, damaged, empty, longer than `longest` s, with NaN
            or infinity in it, or with channels that cancel each other.
    """
    if len(data) > MAX_DATA:
        raise InputError(f"{len(data)} bytes of sound, more than {MAX_DATA}: hand over a path")
    if not sample_format:
        return _read(io.BytesIO(data), "the data", longest)
    kind = AudioFormat.of(rate=rate, channels=channels or 1, sample_format=sample_format, coding="wave")
    if len(data) % kind.frame_bytes:
        raise InputError(f"{len(data)} bytes are not a whole number of samples of {kind.frame_bytes} bytes")
    samples, bad = to_float(data, kind.sample_format, kind.channels)
    if bad:
        raise InputError(f"the data holds {bad} samples that are NaN or infinite")
    return _checked([samples], kind.rate, "the data", longest)


def _read(file: BinaryIO, name: str, longest: float) -> Speech:
    try:
        with soundfile.SoundFile(file) as sound:
            rate, channels = sound.samplerate, sound.channels
            if not MIN_RATE <= rate <= MAX_RATE or not 1 <= channels <= MAX_CHANNELS:
                raise InputError(
                    f"{name} has {channels} channel(s) at {rate} Hz; "
                    f"supported: 1..{MAX_CHANNELS} at {MIN_RATE}..{MAX_RATE} Hz"
                )
            return _checked(sound.blocks(_BLOCK, dtype="float32", always_2d=True), rate, name, longest)
    except (soundfile.SoundFileError, TypeError) as error:
        reason = getattr(error, "error_string", "") or "format not recognised"
        raise InputError(f"{name} is not a sound file that can be read ({reason})") from None


def _checked(blocks: Iterable[np.ndarray], rate: int, name: str, longest: float) -> Speech:
    """Blocks (n, channels) as speech. What comes is counted: a header may say anything."""
    parts: list[np.ndarray] = []
    count, loudest = 0, 0.0
    for block in blocks:
        if not np.isfinite(block).all():
            raise InputError(f"{name} holds samples that are NaN or infinite")
        count += len(block)
        if count > longest * rate:
            raise InputError(f"{name} is longer than {longest:g} s")
        if len(block):
            loudest = max(loudest, float(np.abs(block).max()))
            parts.append(block.mean(axis=1, dtype=np.float32))
    if not count:
        raise InputError(f"{name} holds no sound")
    mono = np.concatenate(parts)
    if loudest > 0 and float(np.abs(mono).max()) < CANCELLED * loudest:
        raise InputError(f"the channels of {name} cancel each other")
    return Speech(np.clip(mono, -1, 1), rate, name)
