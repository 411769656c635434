"""Holes in the sound, filled from both sides."""

from __future__ import annotations

import numpy as np
import pytest

from th_audio_io.conceal import FADE, HISTORY, bridge

RATE = 16_000


def voice(seconds: float, pitch: float = 120.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return sum(0.3 / k * np.sin(2 * np.pi * k * pitch * t + k) for k in range(1, 8)).astype(np.float32)


@pytest.mark.parametrize("hole", [256, 320, 512])
def test_a_vowel_goes_on_through_a_short_hole(hole: int) -> None:
    sound = voice(0.5)
    at = 4000
    before, lost, after = sound[at - round(HISTORY * RATE) : at], sound[at : at + hole], sound[at + hole :][:256]
    made = bridge(before, after, hole, RATE)
    assert made.dtype == np.float32
    assert len(made) == hole
    assert np.sqrt(np.mean((made - lost) ** 2)) < 0.55 * np.sqrt(np.mean(lost**2)), "silence would be 1.0"
    seams = np.abs([made[0] - before[-1], after[0] - made[-1]])
    assert seams.max() < 3 * np.abs(np.diff(sound)).max()


def test_a_long_hole_is_silent_in_the_middle() -> None:
    sound = voice(0.5)
    made = bridge(sound[:4000], sound[4000:], round(3 * FADE * RATE), RATE)
    third = len(made) // 3
    assert np.abs(made[:third]).max() > 0.1
    assert not made[third:-third].any()


@pytest.mark.parametrize("before", [0, 1, 30, 100])
@pytest.mark.parametrize("after", [1, 10, 100])
def test_little_sound_around_is_borne(before: int, after: int) -> None:
    sound = voice(0.2)
    made = bridge(sound[:before], sound[:after], 300, RATE)
    assert made.shape == (300,)
    assert np.isfinite(made).all()
    assert np.abs(made).max() <= np.abs(sound).max()


def test_silence_stays_silence() -> None:
    assert not bridge(np.zeros(640, np.float32), np.zeros(256, np.float32), 400, RATE).any()
