"""What the bytes on an audio topic mean: the fields of audio_common_msgs/AudioInfo, made strict once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError

MIN_RATE, MAX_RATE = 8_000, 192_000
MAX_CHANNELS = 64
CODINGS = ("wave", "mp3")

# GStreamer's names (audio_capture hands them on) -> numpy type as stored, and what full scale is.
_STORED = {
    "S8": ("i1", 2.0**7),
    "U8": ("u1", 2.0**7),
    "S16LE": ("<i2", 2.0**15),
    "S16BE": (">i2", 2.0**15),
    "S24LE": ("", 2.0**23),
    "S32LE": ("<i4", 2.0**31),
    "S32BE": (">i4", 2.0**31),
    "F32LE": ("<f4", 1.0),
    "F32BE": (">f4", 1.0),
    "F64LE": ("<f8", 1.0),
}
SAMPLE_FORMATS = tuple(_STORED)


@dataclass(frozen=True, kw_only=True)
class AudioFormat:
    """Rate, channels and coding of a stream of bytes; `AudioFormat.of` checks and normalises."""

    rate: int = 16_000
    channels: int = 1
    sample_format: str = "S16LE"
    coding: str = "wave"

    @classmethod
    def of(cls, *, rate: int, channels: int, sample_format: str, coding: str) -> AudioFormat:
        """Make a format of loose values (any case, surrounding blanks).

        Raises:
            InputError: a value is not supported; the text says what is.
        """
        tidy = AudioFormat(
            rate=int(rate),
            channels=int(channels),
            sample_format=sample_format.strip().upper(),
            coding=coding.strip().lower(),
        )
        if tidy.coding not in CODINGS:
            raise InputError(f"coding format {coding[:40]!r} is not supported; supported: {', '.join(CODINGS)}")
        if tidy.sample_format not in _STORED:
            names = ", ".join(SAMPLE_FORMATS)
            raise InputError(f"sample format {sample_format[:40]!r} is not supported; supported: {names}")
        if not MIN_RATE <= tidy.rate <= MAX_RATE:
            raise InputError(f"sample rate {rate} Hz is outside {MIN_RATE}..{MAX_RATE} Hz")
        if not 1 <= tidy.channels <= MAX_CHANNELS:
            raise InputError(f"{channels} channels are outside 1..{MAX_CHANNELS}")
        return tidy

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels (PCM)."""
        return sample_bytes(self.sample_format) * self.channels


def sample_bytes(sample_format: str) -> int:
    """Bytes of one sample of one channel."""
    return 3 if sample_format == "S24LE" else np.dtype(_STORED[sample_format][0]).itemsize


def to_float(data: bytes, sample_format: str, channels: int) -> tuple[np.ndarray, int]:
    """PCM bytes, a whole number of frames -> float32 (N, channels) in [-1, 1], and how many were NaN or infinite.

    Float samples that are not finite become 0; those beyond full scale are clipped.
    """
    kind, full = _STORED[sample_format]
    if sample_format == "S24LE":
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        samples = wide.view("<i4").reshape(-1).astype(np.float32) / np.float32(2.0**31)
        return samples.reshape(-1, channels), 0
    stored = np.frombuffer(data, kind)
    if stored.dtype.kind == "f":
        finite = np.isfinite(stored)
        bad = int(stored.size - np.count_nonzero(finite))
        clipped = np.clip(np.where(finite, stored, 0), -1, 1) if bad else np.clip(stored, -1, 1)
        return clipped.astype(np.float32).reshape(-1, channels), bad
    samples = stored.astype(np.float32) / np.float32(full)
    if sample_format == "U8":
        samples -= np.float32(1)
    return samples.reshape(-1, channels), 0


def to_s16(samples: np.ndarray) -> bytes:
    """Float samples in [-1, 1] -> S16LE bytes: the exact inverse of `to_float` for values that came from S16LE."""
    return np.clip(np.rint(np.asarray(samples, np.float64) * 2.0**15), -(2**15), 2**15 - 1).astype("<i2").tobytes()
