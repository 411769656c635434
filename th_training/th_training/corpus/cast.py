"""A corpus of the virtual actor laid out like the paper's: sentences said with seven emotions, of one voice or of several.

Section 4.1 of Sakurai et al. 2018: 120 sentences, 15 with each emotion and 30 neutral. Here the sentences are this software's
own, each voice says each at most once (as long as there are enough), and emotions are dealt to sentences at random: what is
said does not tell how.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from th_common.errors import InputError, ModelError
from th_face_renderer.face_model import FaceModel
from th_training.aam.encode import FaceEncoder
from th_training.aam.encode_corpus import face_and_id
from th_training.aam.inspect import round_trips
from th_training.aam.pose_map import PoseMap, fit_pose_map
from th_training.aam.poses import babble, choose_poses
from th_training.corpus import actor as corpora
from th_training.corpus.actor import Take
from th_training.corpus.clip_files import Clip
from th_training.corpus.format import Corpus, open_again
from th_training.corpus.own_face import FACE_FILE, copy_face
from th_training.corpus.splits import paper_splits
from th_training.speech import sentences, voices
from th_training.speech.voices import Voice

PAPER_CLIPS = 120
RECORDED = "recorded"
POSES = 400
"""Pictures that the way from the actor's pose to a face's code is learnt from."""
VERSION = 2
_MOST_TRACKS = 6000  # poses of each kind that pictures are chosen from
_NEUTRAL_SHARES = 2  # of eight: 30 of 120, the other emotions one each
_LEAST_PSNR = 28.0  # dB inside the face: below, it is not the actor's (35 for its own)


def usual_voice() -> Voice:
    """The first natural English voice that is installed, else any. Raises InputError where there is none."""
    here = [voice for voice in voices.VOICES if voice.language == "en" and voices.installed(voice)]
    if not here:
        raise InputError(
            "no voice is installed: apt install espeak-ng, and see requirements/actor.txt for natural ones"
        )
    return next((voice for voice in here if voice.id == "joe"), here[0])


def find_voices(names: Sequence[str]) -> tuple[Voice, ...]:
    """English voices by name, none: the usual one. Raises InputError for one that is unknown or not installed."""
    if not names:
        return (usual_voice(),)
    known = {voice.id: voice for voice in voices.VOICES if voice.language == "en"}
    for name in names:
        if name not in known:
            raise InputError(f"there is no English voice {name!r}; `th corpus voices` names them all")
        if not voices.installed(known[name]):
            raise InputError(f"the voice {name!r} is not installed here; `th corpus voices` says which are")
    return tuple(known[name] for name in dict.fromkeys(names))


def cast(
    speakers: Iterable[Voice], *, clips: int = PAPER_CLIPS, seed: int = 0, profile: str = "paper"
) -> tuple[Take, ...]:
    """What each voice says, and how: `clips` sentences a voice, a quarter neutral and an eighth with each other emotion."""
    rng = np.random.default_rng(seed)
    texts = [text for _, text in sentences.english()]
    others = [emotion for emotion in sentences.EMOTIONS if emotion != "neutral"]
    deck = ["neutral"] * _NEUTRAL_SHARES + others
    takes = []
    for voice in speakers:
        rounds = -(-clips // len(texts))
        said = [texts[k] for _ in range(rounds) for k in rng.permutation(len(texts))][:clips]
        dealt = (deck * (-(-clips // len(deck))))[:clips]
        emotions = [dealt[k] for k in rng.permutation(clips)]
        takes += [
            Take(id=f"{voice.id}.{i:03d}", voice=voice, text=text, emotion=emotion, seed=int(rng.integers(1 << 31)),
                 profile=profile, clean=True)
            for i, (text, emotion) in enumerate(zip(said, emotions, strict=True))
        ]  # fmt: skip
    return tuple(takes)


def make_actor_corpus(
    out: Path,
    takes: Sequence[Take],
    *,
    face: Path,
    character: str = "human",
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[str], Callable[[Iterable[Any], int], Iterable[Any]]],
) -> Corpus:
    """Record the takes, draw what a face's codes are learnt from, and code the motion.

    Raises:
        DeviceError: a voice's engine is missing, or there is no OpenGL for the actor.
        ModelError: the face is not the character's. InputError: there is no such character; a file cannot be written.
    """
    from th_training.face.characters import HUMAN, find_character

    who = find_character(character)
    open_again(out)
    recorded = corpora.record(takes, out / RECORDED, jobs=jobs, progress=progress("recording"), phones=True, sound=True)
    place = copy_face(face, out)
    model, face_id = face_and_id(place)
    if model.canvas[0] != model.canvas[1]:
        raise ModelError(f"{face}: its canvas {model.canvas} is not square, the actor's portrait is")
    sitter = who.sitter(model.canvas[0])
    tracks = corpora.tracks(recorded, blinks=who.blinks)
    memory = joblib.Memory(out / "cache", verbose=0)
    made_of = [VERSION, face_id, sorted(take.key for take in takes)]
    if who is not HUMAN:
        made_of += [who.name, who.sources()]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    pose_map = memory.cache(_draw, ignore=["sitter", "model", "tracks", "progress", "name"])(
        key, seed, sitter=sitter, model=model, tracks=tracks, progress=progress("drawing"), name=str(face)
    )

    def to_codes(poses: np.ndarray) -> np.ndarray:
        return pose_map.codes(poses, sitter.landmarks)

    def split(clips: Sequence[Clip]) -> list[Clip]:
        splits = paper_splits(clips, seed=seed)
        return [
            replace(clip, split=splits[clip.id], extra={**clip.extra, "sound": f"{RECORDED}/{clip.extra['sound']}"})
            for clip in clips
        ]

    return corpora.encode(
        recorded,
        out,
        to_codes,
        face=face_id,
        face_file=FACE_FILE,
        made_with=key,
        seed=seed,
        progress=progress("encoding"),
        landmarks=sitter.landmarks,
        split=split,
        about={
            "kind": "actor",
            "character": who.name,
            "seed": seed,
            "voices": sorted({take.voice.id for take in takes if take.voice}),
            **pose_map.figures,
        },
    )


def _draw(
    key: str, seed: int, *, sitter: Any, model: FaceModel, tracks: np.ndarray, progress: Any, name: str
) -> PoseMap:
    """The map from the actor's poses to a face's codes; `key` is the digest of what it depends on."""
    # Speech of any emotion beside the corpus' own, so that few clips are enough
    thinned = np.concatenate([tracks[:: max(1, len(tracks) // _MOST_TRACKS)], babble(_MOST_TRACKS, seed=seed)])
    shapes = np.stack([sitter.landmarks(pose).ravel() for pose in thinned])
    poses = choose_poses(thinned, POSES, seed=seed, shapes=shapes)
    encoder = FaceEncoder(model)
    codes, landmarks, some = [], [], []
    for k, pose in enumerate(progress(poses, len(poses))):
        picture, points = sitter.render(pose), sitter.landmarks(pose)
        codes.append(encoder.encode(picture, points))
        landmarks.append(points)
        if k % (POSES // 10) == 0:
            some.append((picture, points, codes[-1]))
    pictures, marks, own = (list(column) for column in zip(*some, strict=True))
    psnr = round_trips(model, pictures, np.stack(marks), np.stack(own))["psnr_face_db"]
    if psnr < _LEAST_PSNR:
        raise ModelError(f"{name}: not a face of the virtual actor (drawn again at {psnr:.1f} dB, its own at 35)")
    appearance = np.stack(codes)[:, model.dimensions[0] :]
    return fit_pose_map(model, poses, np.stack(landmarks), appearance, seed=seed)
