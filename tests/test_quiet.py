"""How far the shipped model opens the lips on what is no voice, and that it stays sensible on what is too much of one.

Opening: the mean gap between the inner lips over the width of the mouth at rest. Speech of the example recording opens them
to 0.07 (median) and 0.25 (most).
"""

from __future__ import annotations

import functools

import numpy as np
import pysptk.util
import pytest
import soundfile
import soxr

from th_audio_features import extract
from th_common.default_model import shipped_model
from th_face_predictor import Predictor, load_predictor
from th_face_renderer import load_face
from th_face_renderer.decoder import FaceDecoder
from th_training.corpus import quiet

RATE = 16_000
CLOSED = 0.04
"""Largest opening that still looks closed: 3.5 px of a mouth that is 87 px wide."""
AJAR = 0.1
"""Opening of lips that part a little, less than half of a vowel's."""
WIDE = 0.35
"""Nothing opens the mouth further than this; the widest vowel of the example recording is 0.25."""
TIME = np.arange(6 * RATE) / RATE


def at_level(sound: np.ndarray, dbfs: float) -> np.ndarray:
    """The sound with its mean power at `dbfs`."""
    return (sound * 10 ** (dbfs / 20) / np.sqrt(np.mean(sound**2))).astype(np.float32)


def white(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(len(TIME))


def pink() -> np.ndarray:
    spectrum = np.fft.rfft(white(1))
    frequencies = np.fft.rfftfreq(len(TIME), 1 / RATE)
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, 20.0)), len(TIME))


def hum() -> np.ndarray:
    return np.asarray(sum(np.sin(2 * np.pi * 50 * k * TIME) / k for k in (1, 2, 3, 5, 7)) + 0.05 * white(2))


def music() -> np.ndarray:
    """Four chords of plucked strings, two a second."""
    chords = ((220, 277, 330), (196, 247, 294), (175, 220, 262), (165, 208, 247))
    out = np.zeros_like(TIME)
    for beat in range(12):
        since = TIME - 0.5 * beat
        decay = np.where(since >= 0, np.exp(-3.0 * np.maximum(since, 0.0)), 0.0)
        for pitch in chords[beat // 2 % 4]:
            for harmonic in range(1, 6):
                out += decay * np.sin(2 * np.pi * pitch * harmonic * TIME) / harmonic
    return out


@functools.cache
def piece(seed: int) -> np.ndarray:
    """6 s of music made by chance, that no model has heard."""
    return soxr.resample(quiet.quiet("music", 6.0, seed=1_000_000_000_000 + seed), quiet.RATE, RATE)


def laughter() -> np.ndarray:
    """Five "ha" a second for 1.6 s of every 2 s, with falling pitch and much breath."""
    phase = np.cumsum(2 * np.pi * (320 - 60 * (TIME % 2.0) / 1.6) / RATE)
    envelope = np.clip(np.sin(2 * np.pi * 5 * TIME), 0, 1) ** 0.7 * (TIME % 2.0 < 1.6)
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    return np.asarray(envelope * (voice + 0.5 * white(3)))


def speech() -> np.ndarray:
    sound, rate = soundfile.read(pysptk.util.example_audio_file())
    assert rate == RATE
    return np.asarray(sound)


class Face:
    def __init__(self, predictor: Predictor, decoder: FaceDecoder) -> None:
        self._predictor, self._decoder = predictor, decoder
        points = decoder.landmarks(decoder.rest_code)
        self._width = float(np.linalg.norm(points[54] - points[48]))

    def opening(self, sound: np.ndarray) -> np.ndarray:
        """Opening of the lips in every frame (T,)."""
        features = extract(sound.astype(np.float32), RATE, self._predictor.profile)
        points = np.array([self._decoder.landmarks(code) for code in self._predictor.predict(features)])
        gaps = points[:, [67, 66, 65], 1] - points[:, [61, 62, 63], 1]
        return np.asarray(gaps.mean(axis=1) / self._width)


@pytest.fixture(scope="module", params=["default", "live"])
def face(request: pytest.FixtureRequest) -> Face:
    folder = shipped_model(request.param)
    return Face(load_predictor(folder), load_face(folder))


@pytest.mark.parametrize(
    ("sound", "dbfs"),
    [
        (np.zeros_like(TIME), None),
        (white(), -70),
        (white(), -60),
        (white(), -50),
        (pink(), -60),
        (pink(), -50),
        (hum(), -60),
        (hum(), -50),
    ],
    ids=["silence", "white -70", "white -60", "white -50", "pink -60", "pink -50", "hum -60", "hum -50"],
)
def test_lips_stay_closed_on_silence_and_room_noise(face: Face, sound: np.ndarray, dbfs: float | None) -> None:
    assert face.opening(sound if dbfs is None else at_level(sound, dbfs)).max() < CLOSED


@pytest.mark.parametrize("dbfs", [-60, -50, -40])
def test_lips_hardly_part_on_low_music(face: Face, dbfs: float) -> None:
    """Chords of ideal strings are the hardest music that was found; pieces made by chance leave the lips closed as a rule."""
    assert face.opening(at_level(music(), dbfs)).max() < AJAR
    widest = [face.opening(at_level(piece(seed), dbfs)).max() for seed in range(16)]
    assert np.median(widest) < CLOSED
    assert np.quantile(widest, 0.9) < AJAR


@pytest.mark.parametrize("name", ["laughter", "shouting", "clipped", "noise", "music"])
def test_what_is_too_loud_moves_the_lips_within_bounds(face: Face, name: str) -> None:
    voice = speech()
    sound = {
        "laughter": at_level(laughter(), -16),
        "shouting": np.clip(4.0 * voice / np.abs(voice).max(), -1.0, 1.0),
        "clipped": np.clip(50.0 * voice, -1.0, 1.0),
        "noise": np.clip(white(), -1.0, 1.0),
        "music": at_level(music(), -14),
    }[name]
    opening = face.opening(sound)
    assert np.isfinite(opening).all()
    assert opening.min() > -0.02
    assert opening.max() < WIDE
    if name in ("laughter", "shouting", "clipped"):
        assert opening.std() > 0.35 * face.opening(voice).std(), "the mouth moves"
        assert np.quantile(opening, 0.1) < CLOSED, "and closes in between"
