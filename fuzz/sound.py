"""Payloads of audio messages, as the nodes take them: raw PCM, RIFF/WAVE and MP3, in messages cut and stamped anyhow.

An input begins with 8 bytes of circumstances (announced format, length of messages, gaps between stamps), then comes the sound.
"""

from __future__ import annotations

import io
import math
import struct
import wave

import numpy as np

from fuzz.target import Target
from th_audio_io.formats import SAMPLE_FORMATS
from th_audio_io.intake import AudioIntake

CIRCUMSTANCES = struct.Struct("<BBHhBB")  # sample format, channels, bytes per message, ms between stamps, stamped, rate
RATES = (8_000, 16_000, 44_100, 192_000)


def run(data: bytes, coding: str) -> str:
    """Push the messages of one input through an intake; what comes out must be sound with times."""
    if len(data) < CIRCUMSTANCES.size:
        return "too short"
    kind, channels, size, gap, stamped, rate = CIRCUMSTANCES.unpack_from(data)
    intake = AudioIntake(
        rate=RATES[rate % len(RATES)],
        channels=1 + channels % 8,
        sample_format=SAMPLE_FORMATS[kind % len(SAMPLE_FORMATS)],
        coding=coding,
    )
    sound, size, now = data[CIRCUMSTANCES.size :], max(1, size), 100.0
    taken = refused = 0
    for begin in range(0, min(len(sound), 64 * size), size):
        now += gap / 1000
        try:
            chunks = intake.push(sound[begin : begin + size], stamp=now if stamped % 2 else None, arrival=abs(now))
        except ValueError as error:
            if type(error).__name__ != "InputError":
                raise
            refused += 1
            continue
        for chunk in chunks:
            assert chunk.samples.dtype == np.float32
            assert chunk.samples.ndim == 1
            assert 0 < len(chunk.samples) <= 1 << 22
            assert np.isfinite(chunk.samples).all()
            assert np.abs(chunk.samples).max() <= 1.0
            assert math.isfinite(chunk.time)
            taken += 1
    counters = intake.counters
    return (
        f"{coding}: {'no' if not taken else 'some'} sound, {'none' if not refused else 'some'} refused"
        f"{', gaps' if counters.gaps else ''}{', repeats' if counters.repeats else ''}"
        f"{', broken' if counters.broken else ''}{', undecoded' if counters.undecoded else ''}"
        f"{', nonfinite' if counters.nonfinite else ''}"
    )


def _tone(rate: int = 16_000) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * 220 * np.arange(rate // 20) / rate)).astype("<i2")


def _riff(channels: int, width: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(16_000)
        writer.writeframes(_tone().tobytes()[: 480 * channels * width // 4])
    return file.getvalue()


def _wave_seeds() -> list[bytes]:
    at_once, pieces = CIRCUMSTANCES.pack(2, 0, 4096, 16, 1, 1), CIRCUMSTANCES.pack(2, 0, 37, 1, 0, 1)
    riff = _riff(1, 2)
    note = b"LIST" + struct.pack("<I", 5) + b"INFO!\0"
    endless = riff[:40] + struct.pack("<I", 0xFFFFFFFF) + riff[44:]
    floats = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 68, b"WAVE", b"fmt ", 16, 3, 1, 16000, 64000, 4, 32, b"data", 32
    )
    return [
        at_once + _tone().tobytes()[:500],
        at_once + riff,
        pieces + riff,
        at_once + riff[:36] + note + riff[36:] + note + riff,
        at_once + endless,
        at_once + _riff(2, 3),
        at_once + floats + np.linspace(-1, 1, 8, dtype="<f4").tobytes(),
        CIRCUMSTANCES.pack(7, 1, 200, 300, 1, 2) + np.linspace(-2, 2, 99, dtype="<f4").tobytes(),
    ]


def _mp3_seeds() -> list[bytes]:
    import av

    seeds = []
    for rate, size in ((16_000, 576), (44_100, 1152)):
        encoder = av.CodecContext.create("libmp3lame", "w")
        encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = rate, "mono", "s16p", 32_000
        frame = av.AudioFrame.from_ndarray(np.resize(_tone(), 4 * size).astype(np.int16)[None], "s16p", "mono")
        frame.sample_rate = rate
        fifo = av.AudioFifo()
        fifo.write(frame)
        packets = []
        while (piece := fifo.read(size, partial=True)) is not None:
            packets += encoder.encode(piece)
        stream = b"".join(bytes(p) for p in [*packets, *encoder.encode(None)])
        seeds += [CIRCUMSTANCES.pack(2, 0, n, 16, s, 1) + stream for n, s in ((4096, 1), (100, 0))]
        seeds.append(CIRCUMSTANCES.pack(2, 0, 4096, 16, 1, 1) + b"ID3\x03\0\0\0\0\0\x05abcde" + stream)
    return seeds


WAVE = Target(
    "wave",
    "audio payloads, raw PCM and RIFF/WAVE",
    _wave_seeds,
    lambda data: run(data, "wave"),
    ("th_audio_io", "th_common"),
    (b"RIFF", b"WAVE", b"fmt ", b"data", b"LIST", b"id3 ", b"bext", b"cue ", b"\xff\xff\xff\xff", b"\xfe\xff"),
)
MP3 = Target(
    "mp3",
    "audio payloads, MPEG layer III",
    _mp3_seeds,
    lambda data: run(data, "mp3"),
    ("th_audio_io", "th_common"),
    (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xe3", b"TAG"),
)
