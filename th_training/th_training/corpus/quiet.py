"""Sound in which nobody speaks: silence, rooms, machines, taps, tones and music. The lips stay closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError

from . import augment

RATE = 24_000
KINDS = ("silence", "noise", "steps", "taps", "tones", "music")
SHARES = (*KINDS, "music", "music", "music", "music")
"""One of each in turn, but five of music: no two pieces are alike, and a held note is what a vowel is."""
VERSION = "3"
"""Changes whenever the same seed would give another sound."""


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
    level = 10 ** (float(rng.uniform(-60, -3)) / 20)
    floor = 10 ** (float(rng.uniform(-90, -50)) / 20) * rng.normal(size=count)
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
    """Chords, a melody and drums of one key over a beat, each played by an instrument drawn by chance, some in a room."""
    sound = np.zeros(count)
    beat, root = rng.uniform(0.2, 0.7), rng.uniform(65, 260)
    scale = root * 2.0 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21, 23, 24]) / 12)
    chords, melody = Instrument.draw(rng), Instrument.draw(rng)
    voices, sings, drums = int(rng.integers(0, 4)), rng.random() < 0.7, rng.random() < 0.5
    if not voices and not sings:
        voices = 2
    for number, start in enumerate(range(0, count, int(beat * RATE))):
        if voices and number % 2 == 0:
            for pitch in rng.choice(scale, voices, replace=False):
                _add(sound, start, rng.uniform(0.3, 0.8) * chords.note(pitch, beat * rng.choice([1, 2, 4]), rng))
        if sings and rng.random() < 0.8:
            octave = rng.choice([1.0, 2.0, 4.0])
            _add(
                sound,
                start,
                rng.uniform(0.4, 1.0) * melody.note(octave * rng.choice(scale), beat * rng.choice([0.5, 1, 2]), rng),
            )
        if drums and rng.random() < 0.7:
            time = np.arange(int(0.15 * RATE)) / RATE
            skin = np.sin(2 * np.pi * rng.uniform(50, 250) * time) * rng.uniform(0, 2)
            _add(sound, start, (skin + rng.normal(size=len(time))) * np.exp(-rng.uniform(20, 80) * time))
    if rng.random() < 0.5:
        room = augment.Distortion(
            t60=float(rng.uniform(0.2, 0.6)), direct=float(rng.uniform(-2, 8)), seed=int(rng.integers(1 << 31))
        )
        peak = max(float(np.abs(sound).max(initial=0.0)), 1e-9)
        sound = room.apply((0.5 * sound / peak).astype(np.float32), RATE).astype(np.float64)
    return sound


def _add(sound: np.ndarray, start: int, note: np.ndarray) -> None:
    part = sound[start : start + len(note)]
    part += note[: len(part)]


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """What makes a note sound as of a string, a pipe or a bell.

    Attributes:
        rolloff: overtone k has the level k ** -rolloff; even: level of the even overtones beside the odd ones.
        stretch: inharmonicity B of a stiff string, overtone k at k sqrt(1 + B k^2) (Fletcher 1964).
        attack: s until it is loud. decay: 1/s at which it dies away, 0: held; damping: how much faster the overtones do.
        vibrato: depth in semitones at 5.5 Hz; breath: level of noise beside the tone.
    """

    rolloff: float
    even: float
    stretch: float
    attack: float
    decay: float
    damping: float
    vibrato: float
    breath: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Instrument:
        """One by chance, half of them held and half struck or plucked; of these a third are ideal strings."""
        held, ideal = rng.random() < 0.5, rng.random() < 1 / 3
        return cls(
            rolloff=float(rng.uniform(0.4, 2.2)),
            even=1.0 if ideal else float(rng.choice([1.0, rng.uniform(0.05, 1.0)])),
            stretch=0.0 if held or ideal else float(10 ** rng.uniform(-4.5, -2.0)),
            attack=float(rng.uniform(0.01, 0.12) if held else rng.uniform(0.001, 0.01)),
            decay=0.0 if held else float(rng.uniform(1.0, 10.0)),
            damping=0.0 if ideal else float(rng.uniform(0.0, 0.6)),
            vibrato=float(rng.uniform(0.0, 0.4) if held and rng.random() < 0.5 else 0.0),
            breath=float(rng.uniform(0.0, 0.1) if held else 0.0),
        )

    def note(self, pitch: float, seconds: float, rng: np.random.Generator) -> np.ndarray:
        """(N,) of peak about 1: a note of `pitch` Hz, N = seconds at RATE."""
        time = np.arange(int(seconds * RATE)) / RATE
        bend = self.vibrato * np.log(2) / 12 * np.sin(2 * np.pi * 5.5 * time + rng.uniform(0, 6))
        phase = 2 * np.pi * pitch * np.cumsum(np.exp(bend)) / RATE
        tone = self.breath * rng.normal(size=len(time))
        for k in range(1, 17):
            partial = k * np.sqrt(1 + self.stretch * k * k)
            if partial * pitch > RATE / 2.2:
                break
            level = k**-self.rolloff * (self.even if k % 2 == 0 else 1.0)
            tone = tone + level * np.exp(-self.decay * self.damping * (k - 1) * time) * np.sin(
                partial * phase + rng.uniform(0, 6)
            )
        ends = np.minimum(1, np.minimum(time / self.attack, np.maximum(seconds - time, 0) / 0.03))
        return tone * ends * np.exp(-self.decay * time)
