"""The intake: one clean stream of whatever payloads and stamps come."""

from __future__ import annotations

import itertools
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from th_audio_io.formats import to_s16
from th_audio_io.intake import AudioIntake, Chunk
from th_common.errors import InputError

RATE = 16_000


def tone(seconds: float, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def feed(
    intake: AudioIntake, sound: bytes, *, size: int = 512, at: float = 100.0, lost: tuple[int, ...] = ()
) -> list[Chunk]:
    """Mono S16LE at 16 kHz in messages of `size` bytes with exact stamps."""
    chunks = []
    for number, start in enumerate(range(0, len(sound), size)):
        if number not in lost:
            stamp = at + start / 2 / RATE
            chunks += intake.push(sound[start : start + size], stamp=stamp, arrival=stamp + 0.02)
    return chunks


def joined(chunks: list[Chunk]) -> np.ndarray:
    return np.concatenate([c.samples for c in chunks])


def test_exact_stamps_come_through_untouched() -> None:
    sound = to_s16(tone(1.0))
    chunks = feed(AudioIntake(), sound)
    assert to_s16(joined(chunks)) == sound
    assert [c.start for c in chunks] == [True] + [False] * (len(chunks) - 1)
    assert chunks[0].time == 100.0
    for before, after in itertools.pairwise(chunks):
        assert after.time == pytest.approx(before.end, abs=1e-6)


def test_short_gap_is_concealed_in_place() -> None:
    sound = to_s16(tone(1.0))
    intake = AudioIntake()
    chunks = feed(intake, sound, lost=(10, 11))
    assert [c.concealed for c in chunks if c.concealed] == [512]
    assert sum(c.start for c in chunks) == 1
    expected = np.frombuffer(sound, "<i2").copy()
    made = np.frombuffer(to_s16(joined(chunks)), "<i2")
    hole = slice(10 * 256, 12 * 256)
    assert 0 < np.abs(made[hole].astype(int)).max() <= np.abs(expected.astype(int)).max()
    expected[hole] = made[hole]
    assert np.array_equal(made, expected)
    assert (intake.counters.gaps, intake.counters.concealed) == (1, 512)
    gap = next(c for c in chunks if c.concealed)
    assert gap.time == pytest.approx(100.0 + 10 * 256 / RATE, abs=1e-6)


def test_long_gap_and_backward_time_begin_new_streams() -> None:
    sound = to_s16(tone(0.5))
    intake = AudioIntake()
    chunks = feed(intake, sound) + feed(intake, sound, at=101.0) + feed(intake, sound, at=50.0)
    assert [c.time for c in chunks if c.start] == [100.0, 101.0, 50.0]
    assert intake.counters.streams == 3
    assert intake.counters.concealed == 0


def test_repeated_message_is_left_out() -> None:
    sound = to_s16(tone(0.1))
    intake = AudioIntake()
    feed(intake, sound)
    last = 100.0 + (len(sound) // 512 - 1) * 256 / RATE
    assert intake.push(sound[-512:], stamp=last, arrival=101.0) == []
    assert intake.counters.repeats == 1


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 4000), max_size=30), channels=st.integers(1, 3))
def test_any_cut_gives_the_same_sound(cuts: list[int], channels: int) -> None:
    rng = np.random.default_rng(channels)
    sound = rng.integers(-30000, 30000, (2000 // channels, channels)).astype("<i2")
    raw = sound.tobytes()
    edges = sorted({0, len(raw), *(c for c in cuts if c < len(raw))})
    intake = AudioIntake(channels=channels)
    chunks = []
    for a, b in itertools.pairwise(edges):
        stamp = 5.0 + a / (2 * channels * RATE)
        chunks += intake.push(raw[a:b], stamp=stamp, arrival=stamp)
    expected = (sound.astype(np.float32) / 32768).mean(axis=1)
    np.testing.assert_allclose(joined(chunks), expected, atol=1e-6)
    assert sum(c.start for c in chunks) == 1


def test_one_byte_messages() -> None:
    sound = to_s16(tone(0.02))
    chunks = feed(AudioIntake(), sound, size=1)
    assert to_s16(joined(chunks)) == sound
    assert sum(c.start for c in chunks) == 1


@pytest.mark.parametrize("before", [60, 10])
def test_a_message_that_lost_a_byte_does_not_turn_the_rest_to_noise(before: int) -> None:
    sound = to_s16(tone(3.0))
    intake = AudioIntake()
    pieces = [sound[at : at + 512] for at in range(0, len(sound), 512)]
    pieces[before] = pieces[before][:-1]
    chunks = [c for n, p in enumerate(pieces) for c in intake.push(p, stamp=9.0 + n * 256 / RATE, arrival=9.1)]
    heard = joined(chunks)
    rest = heard[-RATE:]
    assert np.abs(np.diff(rest)).max() < 0.06  # the tone's steepest step is 0.043; noise at full scale jumps by 1
    assert intake.counters.broken == 1
    assert sum(c.start for c in chunks) == 1


def test_a_new_stream_begins_with_a_whole_sample() -> None:
    sound = to_s16(tone(0.1))
    intake = AudioIntake()
    feed(intake, sound[:-1])
    chunks = feed(intake, sound, at=200.0)
    assert to_s16(joined(chunks)) == sound
    assert intake.counters.broken == 1


def test_channels_that_cancel_each_other_are_counted() -> None:
    left = np.frombuffer(to_s16(tone(0.1)), "<i2")
    both = np.stack([left, -left], axis=1).tobytes()
    intake = AudioIntake(channels=2)
    intake.push(both, stamp=5.0, arrival=5.0)
    assert intake.counters.cancelled == len(left)
    intake.push(np.stack([left, left], axis=1).tobytes(), stamp=5.1, arrival=5.1)
    intake.push(np.zeros((1600, 2), "<i2").tobytes(), stamp=5.2, arrival=5.2)
    assert intake.counters.cancelled == len(left)


def test_rate_change_begins_a_new_stream() -> None:
    intake = AudioIntake()
    first = intake.push(bytes(640), stamp=1.0, arrival=1.02)
    assert intake.set_format(rate=48_000, channels=2, sample_format="F32LE", coding="WAVE")
    second = intake.push(bytes(8 * 480), stamp=1.02, arrival=1.04)
    assert (first[0].rate, second[0].rate) == (RATE, 48_000)
    assert second[0].start
    assert len(second[0].samples) == 480
    assert not intake.set_format(rate=48_000, channels=2, sample_format="f32le", coding="wave")


def test_unknown_format_is_refused_in_words_until_a_good_one_comes() -> None:
    intake = AudioIntake()
    with pytest.raises(InputError, match=r"'opus'.*supported: wave, mp3"):
        intake.set_format(coding="opus")
    with pytest.raises(InputError, match="opus"):
        intake.push(bytes(64), stamp=1.0, arrival=1.0)
    with pytest.raises(InputError, match=r"'A-LAW'.*S16LE"):
        intake.set_format(coding="wave", sample_format="A-LAW")
    assert intake.counters.refused == 1
    intake.set_format(coding="wave", sample_format="S16LE")
    assert len(intake.push(bytes(64), stamp=1.0, arrival=1.0)[0].samples) == 32


@pytest.mark.parametrize("rate", [0, 7999, 192_001, 2**32 - 1])
def test_rates_out_of_range(rate: int) -> None:
    with pytest.raises(InputError, match="8000"):
        AudioIntake(rate=rate)


def test_float_rubbish_becomes_silence_and_is_counted() -> None:
    intake = AudioIntake(sample_format="F32LE")
    sound = np.array([0.5, np.nan, np.inf, -np.inf, 1e30], np.float32)
    (chunk,) = intake.push(sound.tobytes(), stamp=1.0, arrival=1.0)
    assert chunk.samples.tolist() == [0.5, 0, 0, 0, 1.0]
    assert intake.counters.nonfinite == 3


def test_unstamped_messages_are_placed_before_their_arrival() -> None:
    intake = AudioIntake()
    chunks = [c for i in range(50) for c in intake.push(bytes(640), stamp=None, arrival=10.0 + 0.02 * (i + 1))]
    assert chunks[0].time == pytest.approx(10.0)
    assert chunks[-1].end == pytest.approx(11.0, abs=1e-3)
    assert intake.counters.streams == 1


def test_messages_without_stamp_among_stamped_ones_ride_on_the_count() -> None:
    intake = AudioIntake()
    chunks = [
        c for i in range(40) for c in intake.push(bytes(640), stamp=5.0 + 0.02 * i if i % 3 else 0.0, arrival=99.0)
    ]
    assert intake.counters.streams == 2  # the first message had no stamp: its stream ended with the first stamp
    assert chunks[-1].time == pytest.approx(5.0 + 39 * 0.02, abs=1e-6)


def test_stamps_that_stand_still_are_not_believed() -> None:
    intake = AudioIntake()
    chunks = [c for i in range(200) for c in intake.push(bytes(640), stamp=7.0, arrival=50.0 + 0.02 * i)]
    assert len(chunks) > 190
    assert chunks[-1].time == pytest.approx(50.0 + 198 * 0.02, abs=0.01)


@pytest.mark.parametrize("size", [192, 100, 500])
def test_stamped_mp3_is_one_stream_in_time(size: int) -> None:
    rate = 24_000
    clicks = np.zeros(rate, np.float32)
    clicks[rate // 2 : rate // 2 + 240] = 0.8
    encoder: Any = av.CodecContext.create("libmp3lame", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = rate, "mono", "fltp", 64_000
    packets = []
    for at in range(0, rate - 576, 576):
        frame = av.AudioFrame.from_ndarray(clicks[None, at : at + 576], "fltp", "mono")
        frame.sample_rate = rate
        packets += encoder.encode(frame)
    stream = b"".join(bytes(p) for p in packets)
    intake = AudioIntake(coding="mp3")
    chunks = []
    for at in range(0, len(stream), size):
        stamp = 30.0 + at * 8 / 64_000
        chunks += intake.push(stream[at : at + size], stamp=stamp, arrival=stamp + 0.05)
    assert (intake.counters.streams, intake.counters.gaps) == (1, 0)
    times = np.concatenate([c.time + np.arange(len(c.samples)) / c.rate for c in chunks])
    heard = times[np.abs(joined(chunks)) > 0.4]
    assert heard[0] == pytest.approx(30.5, abs=0.002)


@settings(max_examples=60, deadline=None)
@given(
    payloads=st.lists(st.binary(max_size=300), max_size=12),
    coding=st.sampled_from(["wave", "mp3"]),
    sample_format=st.sampled_from(["U8", "S16LE", "S24LE", "S32LE", "F32LE"]),
    stamp=st.floats(0, 4e9) | st.none(),
)
def test_garbage_never_crashes(payloads: list[bytes], coding: str, sample_format: str, stamp: float | None) -> None:
    intake = AudioIntake(coding=coding, sample_format=sample_format, channels=2)
    for payload in payloads:
        try:
            chunks = intake.push(payload, stamp=stamp, arrival=3.0)
        except InputError:
            continue
        for chunk in chunks:
            assert np.isfinite(chunk.samples).all()
            assert np.abs(chunk.samples).max() <= 1.0
