"""Bytes of audio messages -> samples, whatever the cut: raw PCM, PCM behind a RIFF/WAVE header, MP3.

A payload decoder lives as long as its source: it carries parts of samples, headers and MP3 frames from message to message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from th_audio_io.formats import AudioFormat

MAX_PAYLOAD = 4 << 20


@dataclass(frozen=True)
class Block:
    """Samples of one message: float32 (N, channels), their rate in Hz; `nonfinite` of them were NaN or infinite,
    `lost` could not be decoded (zeros stand for them)."""

    samples: np.ndarray
    rate: int
    nonfinite: int = 0
    lost: int = 0


class PayloadDecoder(Protocol):
    """What turns successive payloads of one source into blocks."""

    delay: int
    """Samples by which decoded sound lags behind the sound that the message's stamp speaks of."""

    @property
    def pending(self) -> float:
        """Samples of sound held back because their bytes are not all here."""

    broken: int
    """Parts of samples that were dropped, as the rest of them never came."""

    def drop_partial(self) -> None:
        """The next payload begins with a whole sample: sound was lost before it, or it begins a new stream."""

    def push(self, data: bytes) -> list[Block]:
        """Decode one payload; raises InputError where it cannot be understood, and can go on with the next."""


def payload_decoder(audio_format: AudioFormat) -> PayloadDecoder:
    """The decoder for a format."""
    if audio_format.coding == "mp3":
        from th_audio_io.mp3 import Mp3Decoder

        return Mp3Decoder()
    from th_audio_io.riff import WaveDecoder

    return WaveDecoder(audio_format)
