"""The virtual actor's corpus: voices speak, the actor moves, and both become clips.

In two steps, because the first takes minutes and knows nothing of the face: `record` makes clips of features and of what moves
the actor (timed visemes, loudness, pitch, emotion), `encode` lets it move and turns the poses into the codes of one face model.

Feature frame i and pose i belong to the sound centred at (i + 1) / 60 s (th_audio_features.profiles).
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import joblib
import numpy as np
import scipy.io.wavfile

from th_audio_features import extract
from th_training.actor.animate import animate
from th_training.actor.units import UNITS
from th_training.speech import sentences, voices
from th_training.speech.phones import frames
from th_training.speech.utterance import Utterance, with_silence
from th_training.speech.voices import Voice

from . import quiet
from .augment import Distortion
from .clip_files import write_whole
from .format import (
    Clip,
    Corpus,
    assign_splits,
    finished_clip,
    open_again,
    read_arrays,
    write_clip,
    write_manifest,
)

VERSION = "5"
"""Changes whenever the same plan would give other clips, so that none of an older making is kept."""

FPS = 60
OWN, NEUTRAL = 0.25, 0.25  # how often a sentence is said with its own emotion, and with none; else with any
INTENSITY = 0.9  # of full expression: half of it cannot be heard, what is left is how people talk off stage
LAUGHING = 1.0  # of the same, in laughter
LAUGHS = 3  # that each English voice laughs
LEAD = (
    0.0  # s by which the mouth is ahead of the sound; with 0.03 the lips of 116 real clips came 0.033 s later (median)
)
MILD = 0.4  # how often the sound comes from a good microphone nearby
QUIET_SECONDS = 4.0
QUIET_TAKES = 480
BANDS = 6  # that the music is played by: each counts in training as a voice does
STUDIO_SNR = 50.0  # dB, of clean takes
SOUND = "sound"

_Item = TypeVar("_Item")
Progress = Callable[[Iterable[_Item], int], Iterable[_Item]]
"""Wraps an iterable of known length, say in a progress bar."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """One thing to record: a voice saying a text, or (voice None) a quiet sound of kind `text`.

    clean: as in a quiet studio, at one gain, instead of through rooms, lines and microphones drawn by chance.
    """

    id: str
    voice: Voice | None
    text: str
    emotion: str
    seed: int
    profile: str = "robot"
    clean: bool = False

    @property
    def key(self) -> str:
        """Digest of all that decides what the clips hold."""
        known = asdict(self)
        if not self.clean:
            del known["clean"]  # so that clips which were recorded before there were clean ones are kept
        version = VERSION if self.voice else f"{VERSION} quiet {quiet.VERSION}"
        return hashlib.sha256(json.dumps([version, known], sort_keys=True).encode()).hexdigest()[:16]


def plan(
    *,
    seed: int,
    scale: float = 1.0,
    speakers: Sequence[Voice] | None = None,
    profile: str = "robot",
) -> tuple[Take, ...]:
    """What to record: natural voices say most, every voice something, each emotion and sentence comes up.

    Most sentences are said with another emotion than their words have, or the words would give it away: what is to be learnt
    is how a voice sounds. English voices laugh, too.

    `scale` 1 gives about two hours with all voices; speakers: by default all that are installed.
    """
    speakers = [v for v in voices.VOICES if voices.installed(v)] if speakers is None else list(speakers)
    rng = np.random.default_rng(seed)
    takes: list[Take] = []

    def add(name: str, voice: Voice | None, text: str, emotion: str) -> None:
        take_seed = int(rng.integers(1 << 31))
        takes.append(Take(id=name, voice=voice, text=text, emotion=emotion, seed=take_seed, profile=profile))

    for voice in speakers:
        if voice.language == "en":
            texts, wanted = list(sentences.english()), (110 if voice.natural else 18)
        else:
            texts, wanted = [("neutral", text) for text in sentences.FOREIGN[voice.language]], 6
        wanted = max(1, round(scale * min(wanted, 20 if voice.id in voices.HELD_OUT else wanted)))
        for i in range(wanted):
            if i % len(texts) == 0:
                order = rng.permutation(len(texts))
            own, text = texts[order[i % len(texts)]]
            chance = rng.random()
            any_emotion = str(rng.choice(sentences.EMOTIONS))
            emotion = own if chance < OWN else "neutral" if chance < OWN + NEUTRAL else any_emotion
            add(f"{voice.id}.{i:03d}", voice, text, emotion)
        for i in range(round(scale * LAUGHS) if voice.language == "en" else 0):
            add(f"{voice.id}.laugh{i}", voice, str(rng.choice(sentences.LAUGHTER)), "happiness")
    for i in range(max(len(quiet.SHARES), round(scale * QUIET_TAKES))):
        kind = quiet.SHARES[i % len(quiet.SHARES)]
        add(f"quiet-{kind}.{i:03d}", None, kind, "neutral")
    return tuple(takes)


def record(
    takes: Sequence[Take],
    folder: str | Path,
    *,
    jobs: int = 2,
    progress: Progress | None = None,
    phones: bool = False,
    sound: bool = False,
    also: Sequence[str] = (),
) -> Corpus:
    """Make the clips of all takes; what is there is kept.

    Returns the corpus without splits. Its clips hold features (T, 40) and the energy (T,) of the sound before it was distorted,
    and in `extra` the segments: what `motion` needs, in place of codes; also the phones that the voices say they speak.

    phones: make clips anew that an older version recorded without their phones.
    sound: also write what is heard, `sound/ID.wav`, and its place below `folder` into `extra`.
    also: other profiles whose features of the same sound are kept beside (`features_PROFILE`): no voice says a thing twice alike.

    Raises:
        DeviceError: a voice's engine is missing.
        InputError: a voice cannot say its text, or a file cannot be written.
    """
    folder = Path(folder)
    work = joblib.Parallel(n_jobs=jobs, return_as="generator", batch_size=4)(
        joblib.delayed(_record_one)(take, folder, phones=phones, sound=sound, also=tuple(also)) for take in takes
    )
    results = progress(work, len(takes)) if progress else work
    open_again(folder)
    clips = list(results)
    profile = takes[0].profile if takes else "robot"
    return write_manifest(folder, clips, profile=profile, about={"takes": len(takes)})


def motion(recorded: Corpus, clip: Clip, *, blink_seed: int | None = None) -> np.ndarray:
    """Poses (T, U) float32 of a recorded clip, one per feature frame; at rest where nobody speaks.

    No blinks by default: no sound foretells them, and a network that is shown them learns a lid half closed.
    """
    if clip.kind != "speech":
        return np.zeros((clip.frames, len(UNITS)), np.float32)
    arrays = read_arrays(recorded.folder, clip.id)
    # animate puts frame i at i / 60 s, the features have it at (i + 1) / 60 s
    segments = [(start - 1 / FPS, end - 1 / FPS, name) for start, end, name in clip.extra["segments"]]
    return animate(
        segments,
        arrays["energy"],
        arrays["features"][:, -1],
        clip.emotion,
        intensity=LAUGHING if clip.text in sentences.LAUGHTER else INTENSITY,
        fps=FPS,
        lead=LEAD,
        blink_seed=blink_seed,
    ).weights


def tracks(recorded: Corpus, *, every: int = 5, blinks: bool = True) -> np.ndarray:
    """Every n-th pose of the recorded speech, (F, U) float32: what a face model is built from.

    blinks: here the actor blinks, for a face must know its lids, unless they are the renderer's alone.
    """
    parts = [
        motion(recorded, clip, blink_seed=i if blinks else None)[::every]
        for i, clip in enumerate(recorded.clips)
        if clip.kind == "speech"
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(UNITS)), np.float32)


def encode(
    recorded: Corpus,
    folder: str | Path,
    to_codes: Callable[[np.ndarray], np.ndarray],
    *,
    face: str,
    seed: int,
    profile: str = "",
    progress: Progress | None = None,
    landmarks: Callable[[np.ndarray], np.ndarray] | None = None,
    face_file: str = "",
    made_with: str = "",
    split: Callable[[Sequence[Clip]], Iterable[Clip]] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Corpus:
    """The corpus of one face model: the actor moves, and `to_codes` makes codes (T, D) of its poses (T, U).

    Clips that were recorded with their phones have them as an array, as `th_training.speech.phones.frames` gives them.

    `face` names the model, `made_with` all else that the codes depend on: clips of other names are made anew.

    profile: whose features are taken, one of those that were recorded (default: the corpus's own): the face moves alike, whatever hears it;
    landmarks: of one pose, (68, 2) px of the face's canvas, to be kept as well; face_file: the face's place in the folder;
    split: gives the clips their splits (default: `assign_splits`, voices held out are test only).
    """
    open_again(folder)
    clips: list[Clip] = []
    source = progress(recorded.clips, len(recorded.clips)) if progress else recorded.clips
    for clip in source:
        spoken = _phones(clip)
        made_of = f"{clip.key} {face} {INTENSITY} {LAUGHING} {LEAD}" + " phones" * len(spoken)
        if made_with or landmarks:
            made_of += f" {made_with} {landmarks is not None}"
        if profile:
            made_of += f" {profile}"
        key = hashlib.sha256(made_of.encode()).hexdigest()[:16]
        done = finished_clip(folder, clip.id, key)
        if done is None:
            features = read_arrays(recorded.folder, clip.id)[_features(profile, recorded.profile)]
            poses = motion(recorded, clip)
            codes = np.asarray(to_codes(poses), np.float32)
            arrays = {"features": features, "codes": codes, **spoken}
            if landmarks is not None:
                arrays["landmarks"] = np.stack([landmarks(pose) for pose in poses]).astype(np.float32)
            extra = {name: value for name, value in clip.extra.items() if name not in ("segments", "phones", "also")}
            done = write_clip(folder, replace(clip, key=key, extra=extra), **arrays)
        clips.append(done)
    divided = split(clips) if split else assign_splits(clips, seed=seed, held_out=voices.HELD_OUT)
    engines = sorted({clip.extra["engine"] for clip in clips if clip.kind == "speech"})
    held_out = sorted(voices.HELD_OUT & {c.speaker for c in clips}) if split is None else []
    known = {"held_out": held_out, "engines": engines, **(about or {})}
    return write_manifest(
        folder, divided, profile=profile or recorded.profile, face=face, face_file=face_file, about=known
    )


def _phones(clip: Clip) -> dict[str, np.ndarray]:
    """The array `phones` of a recorded clip, none where they were not recorded."""
    if clip.kind != "speech":
        return {"phones": frames([], clip.frames)}
    if "phones" not in clip.extra:
        return {}
    return {"phones": frames([(start, end, name) for start, end, name in clip.extra["phones"]], clip.frames)}


def _features(profile: str, own: str) -> str:
    """The array that holds the features of a profile in a clip whose own profile is `own`."""
    return "features" if profile in ("", own) else f"features_{profile}"


def _record_one(take: Take, folder: Path, *, phones: bool, sound: bool, also: tuple[str, ...] = ()) -> Clip:
    place = folder / SOUND / f"{take.id}.wav"
    known = finished_clip(folder, take.id, take.key)
    lacks_sound = sound and not (known and SOUND in known.extra and place.is_file())
    if known and not set(also) <= set(known.extra.get("also", ())):
        known = None
    if known and (known.kind != "speech" or (not lacks_sound and ("phones" in known.extra or not phones))):
        return known
    rng = np.random.default_rng(take.seed)
    if take.voice is None:
        samples, rate = quiet.quiet(take.text, QUIET_SECONDS, seed=take.seed), quiet.RATE
        features = _heard(samples, rate, take.profile, also)
        band = f"-{take.seed % BANDS}" if take.text == "music" else ""
        clip = Clip(id=take.id, speaker=f"quiet-{take.text}{band}", frames=len(features["features"]), source=take.id, kind="quiet",
                    language="", text=take.text, key=take.key, extra={"also": list(also)} if also else {})  # fmt: skip
        return write_clip(folder, clip, **features)
    utterance = voices.speak(take.voice, take.text, take.emotion, seed=take.seed)
    before, after = rng.uniform(0.15, 0.7, 2)
    utterance = with_silence(utterance, before=float(before), after=float(after))
    if take.clean:
        distortion = Distortion(snr=STUDIO_SNR, seed=int(rng.integers(1 << 31)))
    else:
        distortion = Distortion.draw(rng, mild=rng.random() < MILD)
    heard = distortion.apply(utterance.samples, utterance.sample_rate)
    features = _heard(heard, utterance.sample_rate, take.profile, also)
    count = len(features["features"])
    about: dict[str, Any] = {
        "engine": take.voice.engine,
        "sex": take.voice.sex,
        "rate": utterance.sample_rate,
        "segments": [[round(start, 4), round(end, 4), name] for start, end, name in utterance.segments],
        "phones": [[round(start, 4), round(end, 4), name] for start, end, name in utterance.phones],
    }
    if also:
        about["also"] = list(also)
    if sound:
        write_sound(place, heard, utterance.sample_rate)
        about[SOUND] = f"{SOUND}/{place.name}"
    clip = Clip(
        id=take.id,
        speaker=take.voice.id,
        frames=count,
        source=f"{take.voice.language} {take.text}",
        emotion=take.emotion,
        language=take.voice.language,
        text=take.text,
        key=take.key,
        extra=about,
    )
    energy = frame_energy(utterance, count).astype(np.float32)
    return write_clip(folder, clip, **features, energy=energy)


def _heard(samples: np.ndarray, rate: int, profile: str, also: Sequence[str]) -> dict[str, np.ndarray]:
    """Features (T, 40) of one sound by every profile, as a clip's arrays."""
    return {_features(name, profile): extract(samples, rate, profile=name) for name in (profile, *also)}


def write_sound(path: Path, samples: np.ndarray, rate: int) -> None:
    """Samples (N,) in [-1, 1] as 16-bit wav; it appears whole or not at all. Raises InputError where it cannot be written."""
    data = io.BytesIO()
    scipy.io.wavfile.write(data, rate, np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16))
    write_whole(path, data.getvalue())


def frame_energy(utterance: Utterance, frames: int) -> np.ndarray:
    """(frames,) RMS of 1/30 s around each frame's centre, (i + 1) / 60 s."""
    squares = np.concatenate([[0.0], np.cumsum(np.square(utterance.samples, dtype=np.float64))])
    edges = np.arange(frames) / FPS * utterance.sample_rate
    start = np.clip(np.rint(edges), 0, len(utterance.samples)).astype(int)
    end = np.clip(np.rint(edges + utterance.sample_rate / 30), 0, len(utterance.samples)).astype(int)
    return np.sqrt((squares[end] - squares[start]) / np.maximum(end - start, 1))
