"""The analysis tells of the file's own frames, of any part of it, in bounded memory."""

import math

import numpy as np
import pytest

from th_audio_features import extract
from th_common.errors import InputError
from th_training.features.analyse import ENERGY, analyse, frame_level
from th_training.features.sound import SoundMeter


def test_the_features_are_those_of_the_file(voice, wav):
    rate, samples = voice
    whole = extract(samples, rate, "robot")
    found = analyse(wav(samples), "robot", keep=True)
    assert np.array_equal(found.features, whole)
    np.testing.assert_allclose(found.times, (np.arange(len(whole)) + 1) / 60)
    assert found.frames == len(whole)
    assert found.voiced == pytest.approx((whole[:, 39] > 0).mean())
    assert np.array_equal(found.excerpt.features, whole)
    assert np.array_equal(found.excerpt.samples, samples)


def test_a_part_has_the_numbers_of_the_whole(voice, wav):
    rate, samples = voice
    path = wav(samples)
    whole = analyse(path, "live", keep=True)
    part = analyse(path, "live", start=0.513, end=1.2, excerpt=0.4, keep=True)
    inside = (whole.times >= 0.513) & (whole.times <= 1.2)
    np.testing.assert_allclose(part.times, whole.times[inside])
    assert np.array_equal(part.features, whole.features[inside])
    assert (part.start, part.end) == (pytest.approx(0.513), pytest.approx(1.2))
    assert part.facts.samples == round(0.687 * rate)
    drawn = part.excerpt
    assert np.array_equal(drawn.samples, samples[round(0.513 * rate) : round(0.913 * rate)])
    assert len(drawn.times) == len(drawn.features) == ((whole.times >= 0.513) & (whole.times <= 0.913)).sum()


def test_far_into_a_long_file_the_beginning_is_skipped(voice, wav):
    rate, samples = voice
    long = np.tile(samples, 20)
    expected = extract(long, rate, "robot")
    found = analyse(wav(long), "robot", start=37.0, end=38.0, keep=True)
    first = round(found.times[0] * 60) - 1
    assert found.times[0] == pytest.approx(37.0)
    expected = expected[first : first + len(found.features)]
    np.testing.assert_allclose(found.features[:, :39], expected[:, :39], atol=1e-3)
    np.testing.assert_allclose(found.features[:, 39], expected[:, 39], atol=0.5)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_meter_is_the_same_for_any_chunks(voice, channels):
    rate, samples = voice
    sound = np.stack([samples] * channels, axis=1)
    whole, pieces = SoundMeter(rate, channels), SoundMeter(rate, channels)
    whole.push(sound)
    for piece in np.array_split(sound, 37):
        pieces.push(piece)
    one, other = whole.facts(), pieces.facts()
    assert one.level == pytest.approx(10 * math.log10(np.mean(samples.astype(float) ** 2)))
    assert (one.samples, one.clipped, one.edge, one.peak) == (other.samples, other.clipped, other.edge, other.peak)
    assert one.level == pytest.approx(other.level)


def test_the_level_of_frames_is_that_of_the_sound():
    rate = 24_000
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)
    rows = extract(tone, rate, "robot")
    from th_audio_features import PROFILES

    np.testing.assert_allclose(frame_level(rows[:, ENERGY], PROFILES["robot"]), -9.03, atol=0.05)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"start": -1.0}, "must begin at 0 s"),
        ({"start": math.nan}, "must begin at 0 s"),
        ({"end": math.nan}, "must begin at 0 s"),
        ({"start": 1.0, "end": 1.0}, "end after it begins"),
        ({"start": 7.0}, "ends at 2.00 s"),
        ({"start": 0.502, "end": 0.503}, "shorter than one frame"),
        ({"profile": "studio"}, "profile must be one of"),
    ],
)
def test_a_part_that_is_not_there_is_refused(voice, wav, options, reason):
    with pytest.raises(InputError, match=reason):
        analyse(wav(voice[1]), **options)


def test_files_without_sound_are_refused(wav, tmp_path):
    with pytest.raises(InputError, match="holds no sound"):
        analyse(wav(np.zeros(0)))
    with pytest.raises(InputError, match="shorter than one frame"):
        analyse(wav(np.zeros(300)))
    with pytest.raises(InputError, match="no sound file"):
        analyse(tmp_path / "none.wav")
