"""What the study of other voices listens to: voices no face is trained on, with the actor's true lips, and a real person's, through microphones.

Voices are cut in two halves by name: constants (known_voices.REACH, voice.FAINTEST, adaptation.MEMORY) were chosen on the first alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.io.wavfile

from th_audio_features import extract
from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.aam.shape import encode_shape
from th_training.actor import Actor
from th_training.corpus import actor as corpora
from th_training.corpus.actor import Take
from th_training.corpus.augment import Distortion
from th_training.corpus.format import Corpus
from th_training.evaluate.real import VIDEOS, read_sound, resample
from th_training.landmarks import cached_track
from th_training.landmarks.measures import lip_opening
from th_training.speech import sentences, voices
from th_training.speech.voices import Voice

CHANNELS = {
    "as recorded": Distortion(),
    "telephone, 30 dB SNR": Distortion(band="telephone", snr=30, noise="pink"),
    "+6 dB/octave": Distortion(tilt=6.0),
    "-6 dB/octave": Distortion(tilt=-6.0),
    "+12 dB/octave": Distortion(tilt=12.0),
    "-12 dB/octave": Distortion(tilt=-12.0),
    "comb of +-8 dB": Distortion(bumps=(8.0, -8.0) * 4),
    "gain +12 dB, clipped": Distortion(gain=12.0),
    "gain -12 dB": Distortion(gain=-12.0),
    "gain -30 dB": Distortion(gain=-30.0),
    "room, 0.5 s, direct 0 dB": Distortion(t60=0.5, direct=0.0),
    "hall, 1 s, direct -6 dB": Distortion(t60=1.0, direct=-6.0),
}
LEARNT, JUDGED = 9, 14  # clips a voice is calibrated on (neutral, some 30 s), and others (two with each emotion)
TRUTH = "truth.npz"
EVERY = 13  # of the real person's clips, each such one is for calibration: 27 s
SEED = 20


@dataclass(frozen=True)
class Speaker:
    """One voice through one channel: features of what it is calibrated on, and features with the truth of what is judged.

    Truth: (T, 1) the opening of the lips, or (T, 9) that and the shape code.
    """

    name: str
    learnt: list[np.ndarray]
    judged: list[tuple[np.ndarray, np.ndarray]]


def speakers() -> list[Voice]:
    """English voices held out of training, and timbres that no corpus has."""

    def timbre(variant: str, accent: str, sex: str, pitch: int, rate: float = 1.0) -> Voice:
        settings = {"voice": f"{accent}+{variant}", "rate": rate, "pitch": pitch, "spread": 50}
        return Voice(f"new-{variant}", "espeak", sex, settings=settings)

    found = [v for v in voices.VOICES if v.id in voices.HELD_OUT and v.language == "en"]
    found += [
        timbre("belinda", "en-us", "female", 60),
        timbre("croak", "en", "male", 40),
        timbre("Denis", "en-gb-scotland", "male", 35),
        timbre("grandma", "en-us", "female", 70),
        timbre("klatt5", "en-gb-x-rp", "male", 55),
        timbre("linda", "en", "female", 55),
        timbre("Michael", "en-us", "male", 30),
        timbre("steph", "en-gb-x-rp", "female", 75, 1.1),
        timbre("Tweaky", "en-us", "male", 60),
        timbre("whisper", "en-us", "male", 50),
        Voice("new-heart-child", "hibari", "female", settings={"pitch": 1.35, "tract": 1.2}),
        Voice("new-joe-giant", "piper", "male", settings={"shift": 0.80, "breadth": 1.2}),
    ]
    return [voice for voice in found if voices.installed(voice)]


def takes() -> list[Take]:
    """What they say: neutral sentences first, then all emotions."""
    rng = np.random.default_rng(SEED)
    texts = [text for _, text in sentences.english()]
    moods = ["neutral"] * LEARNT + list(sentences.EMOTIONS) * (JUDGED // len(sentences.EMOTIONS))
    said = []
    for voice in speakers():
        order = rng.permutation(len(texts))
        for i, mood in enumerate(moods):
            text, seed = texts[order[i % len(texts)]], int(rng.integers(1 << 31))
            said.append(Take(id=f"{voice.id}.{i:03d}", voice=voice, text=text, emotion=mood, seed=seed, clean=True))
    return said


def record(work: Path, face: FaceModel) -> dict[str, tuple[np.ndarray, int]]:
    """Sounds (samples, rate) by clip; the truth goes beside them. What is there is kept."""
    recorded = corpora.record(takes(), work / "recorded", jobs=1, sound=True)
    if not (work / TRUTH).is_file():
        np.savez(work / TRUTH, **_truths(recorded, face))
    sounds = {}
    for clip in recorded.clips:
        rate, samples = scipy.io.wavfile.read(work / "recorded" / clip.extra["sound"])
        sounds[clip.id] = (samples.astype(np.float32) / 32768, rate)
    return sounds


def _truths(recorded: Corpus, face: FaceModel) -> dict[str, np.ndarray]:
    actor = Actor(face.canvas[0])
    mean, modes = (part.astype(np.float64) for part in (face.shape_mean[:68], face.shape_modes[:, :68]))
    found = {}
    for clip in recorded.clips:
        points = np.stack([actor.landmarks(pose) for pose in corpora.motion(recorded, clip)])
        found[clip.id] = np.column_stack([lip_opening(points), encode_shape(points, mean, modes)]).astype(np.float32)
    return found


def real_sounds(corpus: Path) -> dict[str, tuple[np.ndarray, int]]:
    """Sounds of a real person's videos by name."""
    sounds = {}
    for path in sorted(p for p in corpus.rglob("*") if p.suffix.lower() in VIDEOS):
        samples, rate = read_sound(path)
        sounds[path.stem] = (samples.mean(1) if samples.ndim == 2 else samples, rate)
    return sounds


def real_truths(corpus: Path, frames: dict[str, int], cache: Path) -> dict[str, np.ndarray]:
    """Openings of the person's lips at the features' frames; clips without a usable face are left out."""
    found = {}
    for path in sorted(p for p in corpus.rglob("*") if p.suffix.lower() in VIDEOS):
        try:
            track = cached_track(path, cache)
        except InputError:
            continue
        found[path.stem] = resample(lip_opening(track.landmarks), track.fps, frames[path.stem])[:, None]
    return found


def heard(sounds: dict[str, tuple[np.ndarray, int]], channel: str, profile: str, kept: Path) -> dict[str, np.ndarray]:
    """Features by clip through a channel; kept in a file."""
    if not kept.is_file():
        found = {}
        for name, (samples, rate) in sounds.items():
            how = replace(CHANNELS[channel], seed=zlib.crc32(name.encode()))
            sound = samples if channel == "as recorded" else how.apply(samples, rate)
            found[name] = extract(sound.astype(np.float32), rate, profile=profile)
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **found)
    with np.load(kept) as stored:
        return {name: stored[name] for name in stored.files}


def synthetic(features: dict[str, np.ndarray], truths: dict[str, np.ndarray]) -> Iterator[Speaker]:
    """The synthetic voices, in the order of their names."""
    for name in sorted({clip.rpartition(".")[0] for clip in features}):
        clips = sorted(clip for clip in features if clip.rpartition(".")[0] == name)
        judged = [(features[clip], truths[clip]) for clip in clips[LEARNT:]]
        yield Speaker(name, [features[clip] for clip in clips[:LEARNT]], judged)


def real(features: dict[str, np.ndarray], truths: dict[str, np.ndarray]) -> Speaker:
    """The real person."""
    clips = sorted(truths)
    learnt = clips[::EVERY]
    judged = [(features[clip], truths[clip]) for clip in clips if clip not in learnt]
    return Speaker("GRID s1", [features[clip] for clip in learnt], judged)
