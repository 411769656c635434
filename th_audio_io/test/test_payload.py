"""Payloads of every format, cut anywhere, with headers, and damaged."""

from __future__ import annotations

import io
import itertools
import struct
import wave

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from th_audio_io.formats import SAMPLE_FORMATS, AudioFormat, sample_bytes, to_float, to_s16
from th_audio_io.mp3 import CODEC_DELAY, Mp3Decoder, frame_bytes
from th_audio_io.payload import MAX_PAYLOAD
from th_audio_io.riff import WaveDecoder
from th_common.errors import InputError

_ENCODERS = {
    "S8": lambda x: np.rint(x * 127).astype("i1").tobytes(),
    "U8": lambda x: (np.rint(x * 127) + 128).astype("u1").tobytes(),
    "S16LE": lambda x: np.rint(x * 32767).astype("<i2").tobytes(),
    "S16BE": lambda x: np.rint(x * 32767).astype(">i2").tobytes(),
    "S24LE": lambda x: np.rint(x * (2**23 - 1)).astype("<i4").reshape(-1, 1).view("u1").reshape(-1, 4)[:, :3].tobytes(),
    "S32LE": lambda x: np.rint(x * (2**31 - 1)).astype("<i4").tobytes(),
    "S32BE": lambda x: np.rint(x * (2**31 - 1)).astype(">i4").tobytes(),
    "F32LE": lambda x: x.astype("<f4").tobytes(),
    "F32BE": lambda x: x.astype(">f4").tobytes(),
    "F64LE": lambda x: x.astype("<f8").tobytes(),
}


def decode(decoder: WaveDecoder | Mp3Decoder, data: bytes, cuts: list[int] | None = None) -> np.ndarray:
    edges = [0, *sorted(c for c in cuts or [] if c < len(data)), len(data)]
    blocks = [b.samples for a, z in itertools.pairwise(edges) for b in decoder.push(data[a:z])]
    return np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)


def wave_file(sound: np.ndarray, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(sound.shape[1])
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(sound.astype("<i2").tobytes())
    return file.getvalue()


def mp3_bytes(sound: np.ndarray, rate: int) -> bytes:
    """float mono sound as MPEG layer III frames, no tags (as in a stream)."""
    encoder = av.CodecContext.create("libmp3lame", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = rate, "mono", "s16p", 64_000
    frame = av.AudioFrame.from_ndarray(np.rint(sound * 32767).astype(np.int16)[None], "s16p", "mono")
    frame.sample_rate = rate
    fifo = av.AudioFifo()
    fifo.write(frame)
    packets = []
    size = 1152 if rate >= 32000 else 576
    while (piece := fifo.read(size, partial=True)) is not None:
        packets += encoder.encode(piece)
    return b"".join(bytes(p) for p in [*packets, *encoder.encode(None)])


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_sample_format(name: str, channels: int) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (60, channels))
    raw = _ENCODERS[name](sound.ravel())
    assert len(raw) == 60 * channels * sample_bytes(name)
    decoder = WaveDecoder(AudioFormat.of(rate=8000, channels=channels, sample_format=name, coding="wave"))
    decoded = decode(decoder, raw, [1, 7, 100])
    np.testing.assert_allclose(decoded, sound, atol=0.013 if name.endswith("8") else 1e-4)


def test_s16_is_exact_both_ways() -> None:
    every = np.arange(-32768, 32768).astype("<i2").tobytes()
    assert to_s16(to_float(every, "S16LE", 1)[0]) == every


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 700), max_size=20), ends=st.booleans(), twice=st.booleans())
def test_riff_header_cut_anywhere(cuts: list[int], ends: bool, twice: bool) -> None:
    sound = np.random.default_rng(2).integers(-30000, 30000, (150, 2))
    file = wave_file(sound, 22050)
    if not ends:  # a streaming writer that does not know its length
        file = file[:40] + struct.pack("<I", 0xFFFFFFFF) + file[44:]
    decoder = WaveDecoder(AudioFormat())
    decoded = decode(decoder, file, cuts)
    if twice:
        decoded = np.concatenate((decoded, decode(decoder, file)))
        sound = np.concatenate((sound, sound))
    np.testing.assert_array_equal(np.rint(decoded * 32768), sound)


def test_chunks_around_the_data_are_not_sound() -> None:
    sound = np.arange(-50, 50)[:, None]
    file = wave_file(sound, 16000)
    note = b"LIST" + struct.pack("<I", 5) + b"INFO!\0"
    file = file[:36] + note + file[36:] + note
    for cuts in ([], list(range(1, len(file)))):
        decoder = WaveDecoder(AudioFormat())
        decoded = np.concatenate((decode(decoder, file, cuts), decode(decoder, file)))
        np.testing.assert_array_equal(np.rint(decoded * 32768), np.concatenate((sound, sound)))


def test_header_overrides_the_announcement() -> None:
    (block,) = WaveDecoder(AudioFormat(rate=8000, sample_format="F32LE")).push(wave_file(np.ones((10, 2)), 44100))
    assert block.rate == 44100
    assert block.samples.shape == (10, 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f[:20] + struct.pack("<H", 85) + f[22:], "format tag 85"),
        (lambda f: f[:24] + struct.pack("<I", 1) + f[28:], "sample rate 1 Hz"),
        (lambda f: f[:22] + struct.pack("<H", 0) + f[24:], "0 channels"),
        (lambda f: f[:12] + b"\1\2\3\4" + f[16:], "chunk named"),
        (lambda f: f[:12] + f[36:], "no 'fmt ' chunk"),
        (lambda f: f[:16] + struct.pack("<I", 1 << 30) + f[20:], "damaged RIFF header"),
    ],
)
def test_damaged_headers_are_named_and_survived(change: object, words: str) -> None:
    file = wave_file(np.ones((10, 1)), 16000)
    decoder = WaveDecoder(AudioFormat())
    with pytest.raises(InputError, match=words):
        decoder.push(change(file))  # type: ignore[operator]
    assert len(decoder.push(file)[0].samples) == 10


def test_too_long_a_message() -> None:
    for decoder in (WaveDecoder(AudioFormat()), Mp3Decoder()):
        with pytest.raises(InputError, match="more than"):
            decoder.push(bytes(MAX_PAYLOAD + 1))


@pytest.fixture(scope="module")
def speechlike() -> np.ndarray:
    time = np.arange(44100) / 44100
    return (0.4 * np.sin(2 * np.pi * 180 * time) * (1 + np.sin(2 * np.pi * 3 * time)) / 2).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 24000, 44100, 48000])
def test_mp3_gives_the_sound_with_the_known_delay(rate: int, speechlike: np.ndarray) -> None:
    decoder = Mp3Decoder()
    (block,) = decoder.push(mp3_bytes(speechlike, rate))
    assert block.rate == rate
    decoded = block.samples[CODEC_DELAY : CODEC_DELAY + 30000, 0]
    assert np.sqrt(np.mean((decoded - speechlike[:30000]) ** 2)) < 0.01


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 9000), max_size=40))
def test_mp3_cut_anywhere_is_the_same_sound(cuts: list[int], speechlike: np.ndarray) -> None:
    data = mp3_bytes(speechlike[:20000], 24000)
    np.testing.assert_array_equal(decode(Mp3Decoder(), data, cuts), decode(Mp3Decoder(), data))


def test_mp3_bytewise_behind_an_id3_tag(speechlike: np.ndarray) -> None:
    data = mp3_bytes(speechlike[:8000], 16000)
    tag = b"ID3\4\0\0" + bytes((0, 0, 1, 0)) + b"\xff\xfb\x90\0" * 32
    decoder = Mp3Decoder()
    np.testing.assert_array_equal(decode(decoder, tag + data, list(range(len(tag + data)))), decode(Mp3Decoder(), data))


def test_mp3_goes_on_after_a_loss(speechlike: np.ndarray) -> None:
    data = mp3_bytes(speechlike, 44100)
    size = frame_bytes(data[:4])
    assert size is not None
    holed = data[: 10 * size + 50] + data[14 * size + 100 :]
    whole, rest = decode(Mp3Decoder(), data), decode(Mp3Decoder(), holed)
    assert 3 * 1152 <= len(whole) - len(rest) <= 7 * 1152
    np.testing.assert_allclose(rest[-9000:], whole[-9000:], atol=1e-3)


def test_what_is_not_mp3_is_named_and_survived(speechlike: np.ndarray) -> None:
    decoder = Mp3Decoder()
    rubbish = np.random.default_rng(3).integers(0, 256, 60_000, dtype=np.uint8).tobytes()
    with pytest.raises(InputError, match="announced as mp3"):
        decoder.push(rubbish)
    assert len(decode(decoder, mp3_bytes(speechlike, 44100))) > 40000
    with pytest.raises(InputError, match="announced as mp3"):
        decoder.push(b"\xff" * 100_000)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=600), head=st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"\xff\xfb\x90\0", b"ID3"]))
def test_garbage_never_crashes(data: bytes, head: bytes) -> None:
    for decoder in (WaveDecoder(AudioFormat(channels=3)), Mp3Decoder()):
        for piece in (head + data, data):
            try:
                blocks = decoder.push(piece)
            except InputError:
                continue
            assert all(np.isfinite(b.samples).all() for b in blocks)
