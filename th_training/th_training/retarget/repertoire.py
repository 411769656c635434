"""What a face was made to show: codes of it in all its moods, and in plain speech. Without them nobody knows how its look follows
its shape, nor how far it may go.

Of a corpus of that face they are its own codes; the virtual actor is drawn; of any other model they are what its predictor answers
to the recordings' own sound, which knows plain speech alone (`approximate`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from th_audio_features import extract
from th_common.default_model import find_model
from th_common.errors import DeviceError, InputError, ModelError
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_renderer.face_model import LANDMARKS, FaceModel
from th_training.aam.files import read_face
from th_training.aam.pose_map import PoseMap, fit_pose_map
from th_training.aam.shape import encode_shape
from th_training.corpus.format import MANIFEST, Corpus, read_corpus
from th_training.corpus.recordings import Recording
from th_training.corpus.sound import recorded_sound
from th_training.whole import replacing

VERSION = 1
FILE = "repertoire.npz"
PICTURES = 400  # of the actor that are drawn
_MOST = 800  # codes that the look is learnt from
_TRACK = 12_000  # poses of the actor, 200 s, of which one in seven is neutral
_SOUNDS = 60  # that a predictor is asked about
_SAME = 4.0  # px (rms) that the landmarks of the actor at rest may be from those of a face of it
_LEAST = 28.0  # dB between a picture of the actor and its face's

Progress = Callable[[str], Callable[[Iterable[Any], int], Iterable[Any]]]


@dataclass(frozen=True, eq=False)
class Repertoire:
    """codes (N, S + A) of a face in all its moods; speech (M, S): shape codes of plain speech; source: drawn, corpus or predictor."""

    codes: np.ndarray
    speech: np.ndarray
    source: str

    @property
    def approximate(self) -> bool:
        """Whether it is only what a predictor answers: moods and the ends of movements are missing."""
        return self.source == "predictor"

    def look(self, model: FaceModel) -> PoseMap:
        """From shape to appearance, learnt of these codes (kernel ridge; figures: R2 of codes held out)."""
        chosen = self.codes[np.random.default_rng(0).permutation(len(self.codes))[:_MOST]].astype(np.float64)
        shape, appearance = np.split(chosen, [len(model.shape_modes)], axis=1)
        return fit_pose_map(model, np.zeros((len(shape), 0)), landmarks(model, shape), appearance, least=None)


def landmarks(model: FaceModel, shape: np.ndarray) -> np.ndarray:
    """(T, 68, 2) px of shape codes (T, S): linear, lips may cross."""
    modes = model.shape_modes[:, :LANDMARKS].astype(np.float64)
    return model.shape_mean[:LANDMARKS] + np.tensordot(shape, modes, 1)


def find_face(name: str) -> Path:
    """The place that `--retarget` means: a model folder, a corpus, a face file, or the name of a model that comes along.

    Raises ModelError where there is none.
    """
    place = Path(name)
    return place if place.is_file() or (place / MANIFEST).is_file() else find_model(name)


def find_repertoire(
    place: Path, out: Path, recordings: Sequence[Recording], *, progress: Progress | None = None
) -> Repertoire:
    """The repertoire of the face that lies at `place` (`find_face`); what is drawn is kept in `out`.

    Raises:
        InputError: a face file alone that is not the virtual actor's, or sounds that cannot be read.
        ModelError: the face cannot be used.
    """
    if (place / MANIFEST).is_file():
        return _of_corpus(read_corpus(place))
    model = read_face(place)
    if is_actor(model):
        try:
            return _kept(model, out / FILE, progress)
        except DeviceError:  # no OpenGL here
            if not place.is_dir():
                raise
    if not place.is_dir():
        raise InputError(
            f"{place}: a face alone does not say how its look follows its shape: name a model folder, or the corpus it was made of"
        )
    return _of_predictor(place, recordings)


def is_actor(model: FaceModel) -> bool:
    """Whether a face is the virtual actor's, by its landmarks at rest; nothing is drawn."""
    from th_training.actor.camera import Camera
    from th_training.actor.head import Head

    height, width = model.canvas
    if height != width:
        return False
    head = Head()
    apart = Camera(height).project(head.points({}, head.landmark_ids)) - model.landmarks(model.rest)
    return float(np.sqrt((apart**2).sum(1).mean())) < _SAME * height / 512


def _of_corpus(corpus: Corpus) -> Repertoire:
    rows = [(clip.emotion, codes) for clip, _, codes in corpus.pairs("train") if clip.kind == "speech"]
    if not rows or corpus.face_path is None:
        raise InputError(f"{corpus.folder}: holds no speech of its face to train on")
    count = len(read_face(corpus.face_path).shape_modes)
    plain = [codes for emotion, codes in rows if emotion == "neutral"] or [codes for _, codes in rows]
    return Repertoire(np.concatenate([codes for _, codes in rows]), np.concatenate(plain)[:, :count], "corpus")


def _of_predictor(place: Path, recordings: Sequence[Recording]) -> Repertoire:
    predictor, card = load_predictor(place), read_card(place)
    codes = []
    for recording in recordings[:: max(1, len(recordings) // _SOUNDS)]:
        sound = recorded_sound(recording.video, recording.sound)
        codes.append(predictor.predict(extract(sound.samples, sound.rate, profile=predictor.profile)))
    said = np.concatenate(codes)
    shown = np.array(list(card.expressions.values()), np.float32).reshape(-1, said.shape[1])
    return Repertoire(np.concatenate([said, shown]), said[:, : card.shape], "predictor")


def _kept(model: FaceModel, path: Path, progress: Progress | None) -> Repertoire:
    digests = [hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest() for a in model.to_tensors().values()]
    key = hashlib.sha256(json.dumps([VERSION, PICTURES, *digests]).encode()).hexdigest()[:16]
    try:
        with np.load(path, allow_pickle=False) as held:
            if str(held["key"]) == key:
                return Repertoire(held["codes"], held["speech"], "drawn")
    except Exception:  # whatever is wrong with it, it is drawn anew
        pass
    drawn = _draw(model, progress)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, codes=drawn.codes, speech=drawn.speech, key=key)
    return drawn


def _draw(model: FaceModel, progress: Progress | None) -> Repertoire:
    """Raises DeviceError where there is no OpenGL, ModelError where the face is not the actor's."""
    from th_training.aam.encode import FaceEncoder
    from th_training.aam.inspect import round_trips
    from th_training.aam.poses import babble, choose_poses
    from th_training.actor import Actor

    sitter = Actor(model.canvas[0])
    tracks = babble(_TRACK, seed=0)
    points = np.stack([sitter.landmarks(pose) for pose in tracks])
    poses = choose_poses(tracks, PICTURES, seed=0, shapes=points.reshape(len(points), -1))
    encoder, pictures, codes = FaceEncoder(model), [], []
    for k, pose in enumerate(progress("drawing")(poses, len(poses)) if progress else poses):
        picture = sitter.render(pose)
        codes.append(encoder.encode(picture, sitter.landmarks(pose)))
        if k % 40 == 0:
            pictures.append((picture, sitter.landmarks(pose), codes[-1]))
    seen, marks, own = (list(column) for column in zip(*pictures, strict=True))
    near = round_trips(model, seen, np.stack(marks), np.stack(own))["psnr_face_db"]
    if near < _LEAST:
        raise ModelError(f"a face of the virtual actor's shape, but not of its look ({near:.1f} dB apart)")
    plain = np.stack([sitter.landmarks(pose) for pose in babble(_TRACK // 7, seed=1, emotions=("neutral",))])
    mean, modes = model.shape_mean[:LANDMARKS].astype(np.float64), model.shape_modes[:, :LANDMARKS].astype(np.float64)
    return Repertoire(np.stack(codes), encode_shape(plain, mean, modes).astype(np.float32), "drawn")


__all__ = ["Repertoire", "find_face", "find_repertoire", "is_actor", "landmarks"]
