"""Distortions: seeded, length-preserving, and each does what it says."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus import augment, quiet
from th_training.corpus.augment import Distortion

RATE = 16_000


@pytest.fixture(scope="module")
def voice():
    """A buzz of 120 Hz in syllables, with pauses."""
    time = np.arange(2 * RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 40))
    return (0.1 * buzz * (np.sin(2 * np.pi * 2 * time) > 0)).astype(np.float32)


def level(sound, low, high):
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    return 10 * np.log10(spectrum[(frequency >= low) & (frequency < high)].sum() + 1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_any_chain_keeps_length_range_and_seed(voice, seed):
    chain = Distortion.draw(np.random.default_rng(seed))
    out = chain.apply(voice, RATE)
    assert out.shape == voice.shape
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 1.0
    np.testing.assert_array_equal(out, chain.apply(voice, RATE))
    assert augment.GAIN_DB[0] <= chain.gain <= augment.GAIN_DB[1]
    assert chain.snr is not None
    assert augment.SNR_DB[0] <= chain.snr <= augment.SNR_DB[1]


def test_nothing_asked_nothing_done(voice):
    np.testing.assert_allclose(Distortion().apply(voice, RATE), voice, atol=1e-6)


def test_gain(voice):
    out = Distortion(gain=-20.0).apply(voice, RATE)
    np.testing.assert_allclose(out, 0.1 * voice, atol=1e-6)


@pytest.mark.parametrize("kind", augment.NOISES)
def test_noise_has_the_level_asked_for(voice, kind):
    out = Distortion(snr=20.0, noise=kind).apply(voice, RATE)
    added = out - voice
    ratio = 20 * np.log10(augment.loudness(voice) / np.sqrt(np.mean(added**2)))
    assert ratio == pytest.approx(20.0, abs=0.5)


def test_silence_gets_noise_too():
    out = Distortion(snr=30.0).apply(np.zeros(RATE, np.float32), RATE)
    assert 1e-4 < np.sqrt(np.mean(out**2)) < 1e-2


def test_telephone_keeps_its_band_only(voice):
    out = Distortion(band="telephone").apply(voice, RATE)
    assert level(voice, 50, 180) - level(out, 50, 180) > 20
    assert level(voice, 5000, 8000) - level(out, 5000, 8000) > 20
    balance = [level(sound, 600, 1500) - level(sound, 1500, 3000) for sound in (voice, out)]
    assert balance[0] == pytest.approx(balance[1], abs=0.5)


def test_a_room_rings_on_and_does_not_come_early(voice):
    time = np.arange(RATE) / RATE
    click = np.where((time > 0.2) & (time < 0.22), 0.5, 0.0).astype(np.float32)
    out = Distortion(t60=0.5, direct=0.0).apply(click, RATE)
    assert np.abs(out[time < 0.199]).max() < 1e-6
    assert np.abs(out[(time > 0.3) & (time < 0.4)]).max() > 1e-3 * np.abs(out).max()


def test_squeezing_evens_out(voice):
    ramp = voice * np.linspace(0.1, 1.0, len(voice), dtype=np.float32)
    out = Distortion(squeeze=0.7).apply(ramp, RATE)

    def contrast(x):
        return np.sqrt(np.mean(x[-RATE // 2 :] ** 2) / np.mean(x[: RATE // 2] ** 2))

    assert contrast(out) < 0.6 * contrast(ramp)


def test_what_is_no_sound_is_refused():
    with pytest.raises(InputError, match="mono"):
        Distortion().apply(np.zeros((4, 2)), RATE)
    with pytest.raises(InputError, match="finite"):
        Distortion().apply(np.full(4, np.nan), RATE)
    with pytest.raises(InputError, match="band"):
        Distortion(band="pink").apply(np.zeros(4), RATE)
    assert len(Distortion.draw(np.random.default_rng(0)).apply(np.zeros(0), RATE)) == 0


@pytest.mark.parametrize("kind", quiet.KINDS)
def test_quiet_sounds(kind):
    sounds = [quiet.quiet(kind, 1.5, seed=seed) for seed in (1, 1, 2)]
    assert all(len(sound) == 1.5 * quiet.RATE and np.abs(sound).max() <= 1.0 for sound in sounds)
    np.testing.assert_array_equal(sounds[0], sounds[1])
    if kind != "silence":
        assert not np.array_equal(sounds[0], sounds[2])


def test_unknown_quiet_sound():
    with pytest.raises(InputError, match="shouting"):
        quiet.quiet("shouting", 1.0, seed=0)
