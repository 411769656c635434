"""What a robot hears does not depend on its microphone's rate, or on MP3.

Differences are means in standard deviations against the recording's own rate (see versions.py; benchmarks/feature_rates.py prints
the whole table).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from th_audio_features import extract

from .golden import golden, recording
from .versions import at_rate, difference, through_mp3

SOUNDS: dict[str, Callable[[], tuple[int, np.ndarray]]] = {
    "espeak, 44.1 kHz": lambda: (44_100, golden("espeak_44100_wav")),
    "a man, 16 kHz": recording,
}
BOUND = 0.05  # sd
VERSIONS = [16_000, 22_050, 24_000, 44_100, 48_000, 96_000, "mp3"]


@cache
def own(sound: str, profile: str) -> np.ndarray:
    rate, samples = SOUNDS[sound]()
    return extract(samples, rate, profile)


@cache
def version(sound: str, kind: int | str) -> tuple[int, np.ndarray]:
    rate, samples = SOUNDS[sound]()
    return (kind, at_rate(samples, rate, kind)) if isinstance(kind, int) else (rate, through_mp3(samples, rate, 128))


@pytest.mark.parametrize("profile", ["robot", "live"])
@pytest.mark.parametrize("kind", VERSIONS)
@pytest.mark.parametrize("sound", SOUNDS)
def test_every_rate_and_mp3_are_heard_alike(sound: str, kind: int | str, profile: str) -> None:
    rate, samples = version(sound, kind)
    found = difference(own(sound, profile), extract(samples, rate, profile))
    assert found["all"] < BOUND
    assert found["mfcc"] < BOUND
    assert found["e"] < BOUND
    assert found["deltas"] < BOUND
    assert found["voicing"] > 0.97
    assert found["f0_hz"] < 0.5


@pytest.mark.parametrize("profile", ["robot", "live"])
def test_two_other_rates_are_alike_too(profile: str) -> None:
    sound = "espeak, 44.1 kHz"
    low, high = ((extract(version(sound, r)[1], r, profile)) for r in (16_000, 48_000))
    assert difference(low, high)["all"] < BOUND


def test_what_a_telephone_leaves_out_is_missed() -> None:
    """The measure can tell: a band that is not there makes another timbre."""
    rate, samples = version("espeak, 44.1 kHz", 8_000)
    assert difference(own("espeak, 44.1 kHz", "robot"), extract(samples, rate, "robot"))["mfcc"] > 0.5


def test_mp3_is_aligned() -> None:
    rate, samples = SOUNDS["espeak, 44.1 kHz"]()
    heard = through_mp3(samples, rate, 128)
    assert len(heard) == len(samples)
    part, lags = samples[20_000:30_000].astype(float), range(-30, 31)
    match = [float(part @ heard[20_000 + lag : 30_000 + lag]) for lag in lags]
    assert lags[int(np.argmax(match))] == 0
