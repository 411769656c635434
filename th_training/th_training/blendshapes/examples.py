"""Examples to learn blendshapes from: poses of the actor as it speaks, and the codes that a face model has for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from th_face_renderer.face_model import CODE_LIMIT, FaceModel
from th_training.aam.encode import FaceEncoder
from th_training.aam.make import Progress, Sitter
from th_training.aam.pose_map import PoseMap, fit_pose_map
from th_training.aam.poses import choose_poses
from th_training.blendshapes.fit import Examples
from th_training.corpus.actor import motion
from th_training.corpus.format import Clip, Corpus
from th_training.corpus.splits import assign_splits
from th_training.speech import voices

EVERY = 25  # frames of a clip between two examples
DRAWN = 4.0  # a code measured on a picture counts so often as one that was only told from the pose


@dataclass(frozen=True)
class Tracks:
    """Poses (F, U) of recorded clips by split; voices that are held out of training are in `test`, here too."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def tracks(recorded: Corpus, *, seed: int = 0, every: int = EVERY, blinks: bool = True) -> Tracks:
    """Every n-th pose of all that was spoken, each clip's from another frame on. blinks: whether the actor does."""
    clips = [clip for clip in recorded.clips if clip.kind == "speech"]
    split = {clip.id: clip.split for clip in assign_splits(clips, seed=seed, held_out=voices.HELD_OUT)}

    def poses(names: Iterable[str]) -> np.ndarray:
        kept: list[tuple[int, Clip]] = [(i, clip) for i, clip in enumerate(clips) if split[clip.id] in names]
        parts = [motion(recorded, clip, blink_seed=i if blinks else None)[i % every :: every] for i, clip in kept]
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    return Tracks(poses(("train",)), poses(("validation",)), poses(("test",)))


def draw(model: FaceModel, sitter: Sitter, poses: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Codes (N, D) of pictures of poses (N, U)."""
    encoder = FaceEncoder(model)
    source: Iterable[np.ndarray] = progress(poses, len(poses)) if progress else poses
    codes = [encoder.encode(sitter.render(pose), sitter.landmarks(pose)) for pose in source]
    return np.clip(np.stack(codes), -CODE_LIMIT, CODE_LIMIT)


def drawn_examples(
    model: FaceModel, sitter: Sitter, known: Tracks, *, pictures: int, seed: int = 0, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray, PoseMap]:
    """Poses (N, U), the codes of their pictures, and the map from poses to codes that they tell."""
    poses = choose_poses(known.train, pictures, seed=seed)
    codes = draw(model, sitter, poses, progress)
    landmarks = np.stack([sitter.landmarks(pose) for pose in poses])
    return poses, codes, fit_pose_map(model, poses, landmarks, codes[:, model.dimensions[0] :], seed=seed)


def all_examples(
    known: Tracks,
    poses: np.ndarray,
    codes: np.ndarray,
    to_codes: PoseMap,
    landmarks: Callable[[np.ndarray], np.ndarray],
) -> tuple[Examples, Examples]:
    """What to learn from: drawn poses and the speech to train on; and what to choose by: the speech to validate on."""
    spoken = [Examples.of(track, to_codes.codes(track, landmarks)) for track in (known.train, known.validation)]
    return Examples.of(poses, codes, DRAWN) + spoken[0], spoken[1]
