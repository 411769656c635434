"""The sound on the clock of the pictures: where a file of its own begins, and which row is which."""

import numpy as np
import pytest
import scipy.io.wavfile

from th_audio_features import extract
from th_common.errors import InputError
from th_training.corpus.sound import Sound, check_sound, offset, on_rows, read_sound, recorded_sound

RATE = 16_000


def wav(path, samples, rate=RATE):
    scipy.io.wavfile.write(path, rate, np.round(samples * 32767).astype(np.int16))
    return path


@pytest.mark.parametrize("lag", [0.0, 0.1, 1 / 60, -0.05, 0.333])
def test_rows_belong_to_the_pictures(lag):
    """A click at 0.5 s of the sound is seen at 0.5 s + lag of the pictures."""
    samples = np.random.default_rng(0).normal(0, 1e-4, RATE).astype(np.float32)
    samples[8000:8010] = 0.9
    sound, first = on_rows(Sound(samples, RATE), lag=lag)
    energy = extract(sound.samples, sound.rate, profile="robot")[:, 12]
    row = first + float(np.flatnonzero(energy > energy.max() - 0.5).mean())
    assert (row + 1) / 60 == pytest.approx(0.5 + lag, abs=0.009)
    assert sound.start == first / 60
    assert 0 <= len(samples) - len(sound.samples) - max(0.0, -lag) * RATE < RATE / 60


def test_rows_that_begin_late_are_those_of_the_whole():
    samples = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
    whole = extract(samples, RATE, profile="robot")
    sound, first = on_rows(Sound(samples, RATE), lag=3 / 60)
    assert first == 3
    np.testing.assert_array_equal(extract(sound.samples, sound.rate, profile="robot"), whole)


@pytest.mark.parametrize("shift", [0.0, 0.25, -0.125, 0.0125])
def test_a_file_of_its_own_is_put_in_its_place(shift):
    rng = np.random.default_rng(2)
    whole = rng.normal(0, 0.1, 3 * RATE)
    begin = RATE
    reference = Sound(whole[begin : 2 * RATE + 8000].astype(np.float32), RATE)
    start = begin + round(shift * RATE)
    noisy = whole[start : start + RATE] + rng.normal(0, 0.02, RATE)
    assert offset(Sound(noisy.astype(np.float32), RATE), reference) == pytest.approx(shift, abs=0.0005)


def test_another_sound_has_no_place():
    one, two = (Sound(np.random.default_rng(k).normal(0, 0.1, RATE).astype(np.float32), RATE) for k in (1, 2))
    assert offset(one, two) == 0.0
    assert offset(one, Sound(np.zeros(RATE, np.float32), RATE)) == 0.0


def test_the_file_is_heard_where_the_videos_own_sound_says(talk, said, tmp_path):
    samples, rate, _ = said
    video = talk(tmp_path / "a.mkv", 0.5, 2.0, times=np.arange(5) / 25)
    file = wav(tmp_path / "a.wav", samples[round(0.8 * rate) : round(2.0 * rate)], rate)
    found = recorded_sound(video, file)
    assert found.start == pytest.approx(0.3, abs=0.0005)
    assert found.seconds == pytest.approx(1.2)


def test_beside_a_silent_video_both_begin_at_once(talk, said, tmp_path):
    video = talk(tmp_path / "a.mkv", times=np.arange(5) / 25, with_sound=False)
    file = wav(tmp_path / "a.wav", said[0][:RATE])
    assert recorded_sound(video, file).start == 0.0
    with pytest.raises(InputError, match="holds no sound"):
        recorded_sound(video, None)


def test_channels_are_mixed(tmp_path):
    left = np.sin(np.arange(RATE) / 10) * 0.5
    path = tmp_path / "two.wav"
    scipy.io.wavfile.write(path, RATE, np.round(np.stack([left, 0 * left], 1) * 32767).astype(np.int16))
    found = read_sound(path)
    assert found.samples.shape == (RATE,)
    np.testing.assert_allclose(found.samples, left / 2, atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros(RATE), "silent .*-inf dB"),
        (np.random.default_rng(0).normal(0, 1e-4, RATE), "silent .*-80 dB"),
        (np.ones(RATE // 4) / 2, "0.25 s of sound are too short"),
    ],
)
def test_useless_sound_is_named(samples, said):
    with pytest.raises(InputError, match=f"^a.wav: {said}"):
        check_sound(Sound(samples.astype(np.float32), RATE), "a.wav")


def test_quiet_speech_is_speech(said):
    check_sound(Sound(said[0] * np.float32(0.02), said[1]), "a.wav")
