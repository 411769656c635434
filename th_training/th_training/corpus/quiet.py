"""Sound in which nobody speaks: silence, rooms, machines, taps, tones and music. The lips stay closed."""

from __future__ import annotations

import numpy as np

from th_common.errors import InputError

from . import augment

RATE = 24_000
KINDS = ("silence", "noise", "steps", "taps", "tones", "music")


def quiet(kind: str, seconds: float, *, seed: int) -> np.ndarray:
    """(N,) float32 in [-1, 1] at RATE Hz of sound without speech, its level drawn by the seed.

    Raises:
        InputError: no such kind.
    """
    if kind not in KINDS:
        raise InputError(f"there is no quiet sound {kind!r} (there are {', '.join(KINDS)})")
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    if kind == "silence":
        level = float(rng.choice([0.0, 1e-5, 1e-4]))
        return (level * rng.normal(size=count)).astype(np.float32)
    if kind == "noise":
        sound = augment.noise(str(rng.choice(augment.NOISES)), count, RATE, rng)
    elif kind in ("steps", "taps"):
        sound = _knocks(count, rng, regular=kind == "steps")
    elif kind == "tones":
        sound = _tones(count, rng)
    else:
        sound = _music(count, rng)
    peak = float(np.abs(sound).max(initial=0.0))
    level = 10 ** (float(rng.uniform(-45, -6)) / 20)
    floor = 10 ** (float(rng.uniform(-80, -50)) / 20) * rng.normal(size=count)
    return np.clip(sound / max(peak, 1e-9) * level + floor, -1, 1).astype(np.float32)


def _knocks(count: int, rng: np.random.Generator, *, regular: bool) -> np.ndarray:
    sound = np.zeros(count)
    at, step = rng.uniform(0.0, 0.5), rng.uniform(0.35, 0.7)
    while at * RATE < count:
        start = int(at * RATE)
        length = min(count - start, int(0.15 * RATE))
        time = np.arange(length) / RATE
        pitch, decay = rng.uniform(80, 2500), rng.uniform(30, 150)
        knock = (np.sin(2 * np.pi * pitch * time) + rng.normal(size=length)) * np.exp(-decay * time)
        sound[start : start + length] += rng.uniform(0.4, 1.0) * knock
        at += step * rng.normal(1, 0.04) if regular else rng.exponential(0.5) + 0.05
    return sound


def _tones(count: int, rng: np.random.Generator) -> np.ndarray:
    """Beeps, sirens and whistles."""
    time = np.arange(count) / RATE
    pitch = rng.uniform(200, 2500) * 2 ** (rng.uniform(0, 0.8) * np.sin(2 * np.pi * rng.uniform(0.1, 3) * time))
    gate = (np.sin(2 * np.pi * rng.uniform(0.4, 3) * time) > rng.uniform(-1, 0.5)).astype(float)
    gate = np.convolve(gate, np.hanning(241) / 120, "same")
    return np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * gate


def _music(count: int, rng: np.random.Generator) -> np.ndarray:
    """Plucked and held notes in chords of one key over a beat."""
    sound = np.zeros(count)
    beat, root = rng.uniform(0.2, 0.6), rng.uniform(80, 220)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21, 23, 24])
    brightness, held = rng.uniform(0.5, 2.0), rng.random() < 0.5
    for start in np.arange(0, count, int(beat * RATE)):
        for degree in rng.choice(scale, int(rng.integers(1, 4)), replace=False):
            length = min(count - start, int(RATE * beat * rng.choice([1, 2, 4])))
            time = np.arange(length) / RATE
            pitch = root * 2 ** (degree / 12)
            overtones = [k for k in range(1, 9) if k * pitch < RATE / 2.2]
            note = sum(
                (np.sin(2 * np.pi * k * pitch * time + rng.uniform(0, 6)) / k**brightness for k in overtones),
                start=np.zeros(length),
            )
            shape = (
                np.minimum(1, time / 0.03) * np.minimum(1, (length / RATE - time) / 0.03) if held else np.exp(-4 * time)
            )
            sound[start : start + length] += rng.uniform(0.3, 1) * note * shape
        if rng.random() < 0.5:  # a drum
            length = min(count - start, int(0.1 * RATE))
            sound[start : start + length] += 2 * rng.normal(size=length) * np.exp(-np.arange(length) / RATE * 60)
    return sound
