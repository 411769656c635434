"""Augmentation changes what it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from th_audio_features import extract
from th_common.errors import InputError
from th_training.learn.augment import (
    Augmentation,
    at_pace,
    augment,
    draw_factor,
    frames_at_pace,
    stretched_cepstra,
)


def test_augmentation_changes_what_it_says() -> None:
    x = np.random.default_rng(0).standard_normal((20, 40)).astype(np.float32)
    x[:5, 39] = 0.0
    sd = np.ones(40, np.float32)

    def change(**how: float) -> np.ndarray:
        return augment(x, sd, Augmentation(**how), np.random.default_rng(1)) - x

    assert not change().any()
    gain = change(gain=6.0)
    assert np.ptp(gain[:, 12]) < 1e-6
    assert 0 < abs(gain[0, 12]) <= 6.0 * np.log(10.0) / 10.0
    assert not np.delete(gain, 12, axis=1).any()
    channel = change(channel=0.5)
    assert np.ptp(channel[:, :12], axis=0).max() < 1e-6
    assert not channel[:, 12:].any()
    pitch = change(pitch=4.0)
    assert not pitch[:, :39].any()
    assert not pitch[:5].any()
    noise = change(noise=0.1)
    assert noise[:, :39].std() == pytest.approx(0.1, rel=0.1)
    assert not noise[:, 39].any()


def voice(rate: int, seconds: float) -> np.ndarray:
    """Something like a vowel that glides: a buzz of 120 Hz through three resonances that move."""
    count = int(rate * seconds)
    time = np.arange(count) / rate
    sound = np.zeros(count)
    for k in range(1, 175):
        f = 120.0 * k
        level = sum(1 / (1 + ((f - c * (1 + 0.2 * np.sin(5 * time))) / 120.0) ** 2) for c in (600.0, 1500.0, 2600.0))
        sound += (level + 0.02) * np.sin(2 * np.pi * f * time)
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.mark.parametrize("profile", ["robot", "paper"])
@pytest.mark.parametrize("factor", [0.92, 1.08])
def test_pace_and_tract_are_what_a_faster_tape_gives(profile: str, factor: float) -> None:
    rate = 44_100
    sound = voice(rate, 1.5)
    x = extract(sound, rate, profile=profile)
    # The same samples at another rate are the same tape at another speed.
    faster = extract(sound, round(rate * factor), profile=profile)
    ramp = np.linspace(0.0, 1.0, len(x), dtype=np.float32)[:, None]
    paced, codes = at_pace(x, ramp, factor)
    assert len(paced) == len(codes) == frames_at_pace(len(x), factor)
    assert np.allclose(codes[:, 0], np.linspace(0, 1, len(codes)), atol=1e-5)
    middle = slice(10, min(len(paced), len(faster)) - 10)
    matrix = stretched_cepstra(factor, profile)
    for part, share in ((slice(0, 12), 0.5), (slice(13, 25), 0.8)):  # of the difference that pace alone leaves
        error = np.square(paced[middle, part] @ matrix.T - faster[middle, part]).mean()
        assert error < share * np.square(paced[middle, part] - faster[middle, part]).mean()


def test_pace_keeps_f0_and_steepens_slopes() -> None:
    x = np.zeros((31, 40), np.float32)
    x[:, 0] = np.arange(31)
    x[:, 13], x[:, 26] = 1.0, 1.0
    x[10:, 39] = 100.0
    found, _ = at_pace(x, x[:, :16], 1.5)
    assert len(found) == 21
    assert np.allclose(np.diff(found[:, 0]), 1.5)
    assert np.allclose(found[:, [13, 26]], [1.5, 2.25])
    assert set(found[:, 39].tolist()) == {0.0, 100.0}


def test_tract_changes_the_spectrum_alone() -> None:
    x = np.random.default_rng(0).standard_normal((20, 40)).astype(np.float32)
    change = augment(x, np.ones(40, np.float32), Augmentation(tract=0.1), np.random.default_rng(1)) - x
    for part in (slice(0, 12), slice(13, 25), slice(26, 38)):
        assert change[:, part].any()
    assert not change[:, [12, 25, 38, 39]].any()
    assert np.allclose(stretched_cepstra(1.0, "robot"), np.eye(12), atol=1e-5)
    with pytest.raises(InputError, match="profile"):
        stretched_cepstra(1.1, "studio")


def test_factors_are_drawn_evenly_or_not_at_all() -> None:
    rng = np.random.default_rng(0)
    assert draw_factor(0.0, rng) == 1.0
    assert rng.random() == np.random.default_rng(0).random()
    drawn = [draw_factor(0.1, rng) for _ in range(200)]
    assert 1 / 1.1 <= min(drawn) < 0.95
    assert 1.05 < max(drawn) <= 1.1


def test_pace_leaves_two_frames() -> None:
    x, y = np.ones((2, 40), np.float32), np.ones((2, 16), np.float32)
    assert [len(part) for part in at_pace(x, y, 1.5)] == [2, 2]
    assert at_pace(x, y, 1.0)[0] is x
