"""Sound files of any kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from th_audio_io.formats import MAX_CHANNELS, MAX_RATE, MIN_RATE
from th_common.errors import InputError

_BLOCK = 8192


def example_path() -> Path:
    """A real recording that comes with pysptk (CMU ARCTIC a0007, a man's voice, 4 s at 16 kHz)."""
    import pysptk.util

    return Path(pysptk.util.example_audio_file())


class FileSource:
    """A sound file: what libsndfile reads (wav, flac, ogg, mp3 ...), or the first sound of anything that FFmpeg reads.

    `rate` in Hz and `channels` are the file's own. Memory stays bounded whatever the length. `replaced` counts the samples so
    far that were NaN or infinite, and are given as 0.

    Raises:
        InputError: there is no such file, or nothing reads it, or it holds no sound of a supported rate.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()
        if not self.path.exists():
            raise InputError(f"there is no sound file {str(self.path)!r}")
        if not self.path.is_file():
            raise InputError(f"{str(self.path)!r} is not a file")
        if not os.access(self.path, os.R_OK):
            raise InputError(f"the sound file {str(self.path)!r} may not be read")
        self.replaced = 0
        self._soundfile = _libsndfile_reads(self.path)
        self.rate, self.channels = self._describe()
        if not MIN_RATE <= self.rate <= MAX_RATE or not 1 <= self.channels <= MAX_CHANNELS:
            raise InputError(
                f"{str(self.path)!r} has {self.channels} channel(s) at {self.rate} Hz; "
                f"supported: 1..{MAX_CHANNELS} at {MIN_RATE}..{MAX_RATE} Hz"
            )

    def blocks(self) -> Iterator[np.ndarray]:
        """The sound from its beginning: float32 (n, channels), n > 0, in pieces of the reader's choice.

        Raises:
            InputError: the file is damaged from here on.
        """
        blocks = self._read_soundfile() if self._soundfile else self._read_av()
        for block in blocks:
            if len(block):
                self.replaced += block.size - int(np.count_nonzero(np.isfinite(block)))
                yield np.nan_to_num(block, posinf=0.0, neginf=0.0)

    def _describe(self) -> tuple[int, int]:
        if self._soundfile:
            import soundfile

            info = soundfile.info(str(self.path))
            return info.samplerate, info.channels
        try:
            with av.open(str(self.path)) as container:
                if not container.streams.audio:
                    raise InputError(f"{str(self.path)!r} holds no sound")
                codec = container.streams.audio[0].codec_context
                return codec.sample_rate or 0, codec.channels
        except (av.error.FFmpegError, OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{str(self.path)!r} is not a sound file that can be read") from error

    def _read_soundfile(self) -> Iterator[np.ndarray]:
        import soundfile

        try:
            with soundfile.SoundFile(str(self.path)) as file:
                yield from file.blocks(_BLOCK, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise InputError(f"{str(self.path)!r} cannot be read any further: {error}") from error

    def _read_av(self) -> Iterator[np.ndarray]:
        resampler: Any = None
        try:
            with av.open(str(self.path)) as container:
                for frame in container.decode(audio=0):
                    if resampler is None:
                        resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=self.rate)
                    for even in resampler.resample(frame):
                        yield even.to_ndarray().reshape(-1, self.channels)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise InputError(f"{str(self.path)!r} cannot be read any further: {error}") from error


def _libsndfile_reads(path: Path) -> bool:
    import soundfile

    try:
        soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, TypeError):
        return False
    return True
