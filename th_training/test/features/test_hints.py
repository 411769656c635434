"""Every fault of a recording is named, and a good recording has none."""

import numpy as np
import pytest
import soxr

from th_training.features.analyse import analyse
from th_training.features.hints import hints, percent


@pytest.fixture
def said(wav):
    def say(samples, rate=16_000, profile="robot"):
        return hints(analyse(wav(samples, rate), profile))

    return say


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
def test_good_sound_has_none(voice, said, rate):
    assert said(soxr.resample(voice[1], voice[0], rate), rate) == []


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=count)


def test_each_fault_is_named(voice, said):
    rate, good = voice
    spoilt = {
        "digital silence": np.zeros(rate),
        "almost silent": 0.002 * good,
        "quiet: its loud frames": 0.02 * good,
        "clipped: ": np.clip(5 * good, -1, 1),
        "flat tops at 50 %": 0.5 * np.clip(5 * good, -1, 1),
        "DC offset: +8.0 %": 0.3 * good + 0.08,
        "dB between loud and quiet frames": good + 0.1 * noise(len(good)),
        "no voice": 0.1 * noise(2 * rate),
        "a hum, a tone or music": 0.3 * np.sin(np.arange(2 * rate) * 0.06),
        "the channels cancel each other": np.stack([good, -0.98 * good], axis=1),
        "1 of 2 channels silent": np.stack([good, 0 * good], axis=1),
        "a telephone's band": soxr.resample(soxr.resample(good, rate, 8000), 8000, rate),
        "samples are beyond 16 times": 32768 * good,
    }
    for words, samples in spoilt.items():
        found = said(samples)
        assert any(words in hint for hint in found), (words, found)


def test_what_is_not_a_number_is_counted(voice, said):
    bad = voice[1].copy()
    bad[[7, 8, 9]] = np.nan, np.inf, -np.inf
    assert said(bad) == ["3 samples were NaN or infinite, and count as silence"]


def test_the_band_is_judged_by_what_the_profile_hears(voice, said):
    rate, good = voice
    assert said(good, rate, "live") == []
    assert "paper listens up to 22.1 kHz" in said(good, rate, "paper")[0]
    assert "paper listens up to 22.1 kHz" in said(soxr.resample(good, rate, 44_100), 44_100, "paper")[0]
    assert "robot listens up to 7.6 kHz" in said(soxr.resample(good, rate, 11_025), 11_025, "robot")[0]
    bright = soxr.resample(good, rate, 44_100)
    bright += 0.02 * np.abs(bright).max() * noise(len(bright)) * (np.abs(bright) > 0.1)
    assert said(bright, 44_100, "paper") == []


def test_short_sound_is_not_judged_as_speech(voice, said):
    assert not any("voice" in hint or "between" in hint for hint in said(voice[1][:4000]))


def test_percent():
    assert [percent(x) for x in (0.0005, 0.031, 0.5, 1.0)] == ["0.05 %", "3.1 %", "50 %", "100 %"]
