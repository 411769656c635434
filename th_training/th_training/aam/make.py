"""A face model of the virtual actor: poses are drawn, the model built, the map from poses to codes learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from th_face_renderer.face_model import FaceModel
from th_training.aam.build import Built, build_face
from th_training.aam.encode import FaceEncoder
from th_training.aam.inspect import round_trips
from th_training.aam.pose_map import PoseMap, fit_pose_map
from th_training.aam.poses import choose_poses

_HELD_OUT = 40  # pictures of the round trip
_MOST_TRACKS = 12_000  # frames that poses are chosen from

_Item = TypeVar("_Item")
Progress = Callable[[Iterable[_Item], int], Iterable[_Item]]
"""Wraps an iterable of known length, say in a progress bar."""


class Sitter(Protocol):
    """Who can be drawn: th_training.actor.Actor, or a test's stand-in."""

    def render(self, pose: np.ndarray) -> np.ndarray:
        """Portrait uint8 BGR of a weight vector."""
        ...

    def landmarks(self, pose: np.ndarray) -> np.ndarray:
        """(68, 2) px."""
        ...


@dataclass(frozen=True, kw_only=True)
class ActorFace:
    """model; poses (N, U) it was built from (row 0: rest), their codes (N, 16); pose_map; figures (JSON-able)."""

    model: FaceModel
    poses: np.ndarray
    codes: np.ndarray
    pose_map: PoseMap
    figures: dict[str, float | list[float]]


def make_actor_face(
    actor: Sitter,
    tracks: np.ndarray,
    *,
    count: int = 800,
    seed: int = 0,
    texture_size: int | None = None,
    progress: Progress | None = None,
) -> ActorFace:
    """Build the actor's face from animation tracks (F, U).

    Draws `count` pictures (the slow part), builds the model, and fits the map with which hours of animation become
    codes without drawing. Raises InputError for tracks that are not poses, ModelError where the map is not good enough.
    """
    thinned = tracks[:: max(1, len(tracks) // _MOST_TRACKS)]
    shapes = np.stack([actor.landmarks(pose).ravel() for pose in thinned])
    poses = choose_poses(thinned, count, seed=seed, shapes=shapes)
    built = _make(actor, poses, texture_size, progress)
    model = FaceModel.from_tensors(built.model.to_tensors())  # as it will be read back: 8-bit modes
    codes = built.codes
    landmarks = np.stack([actor.landmarks(pose) for pose in poses])
    pose_map = fit_pose_map(model, poses, landmarks, codes[:, model.dimensions[0] :], seed=seed)
    figures = {**built.figures, **pose_map.figures, **_held_out(actor, model, pose_map, thinned, seed)}
    return ActorFace(model=model, poses=poses, codes=codes, pose_map=pose_map, figures=figures)


def make_face_model(
    actor: Sitter,
    poses: np.ndarray,
    *,
    texture_size: int | None = None,
    progress: Progress | None = None,
) -> tuple[FaceModel, np.ndarray]:
    """Model and codes (N, 16) of poses (N, U); the first pose is the face at rest."""
    built = _make(actor, poses, texture_size, progress)
    return built.model, built.codes


def _make(actor: Sitter, poses: np.ndarray, texture_size: int | None, progress: Progress | None) -> Built:
    landmarks = np.stack([actor.landmarks(pose) for pose in poses])

    def pictures() -> Iterator[np.ndarray]:
        for pose in progress(poses, len(poses)) if progress else poses:
            yield actor.render(pose)

    return build_face(pictures(), landmarks, texture_size=texture_size, rest=0)


def _held_out(
    actor: Sitter, model: FaceModel, pose_map: PoseMap, tracks: np.ndarray, seed: int
) -> dict[str, float | list[float]]:
    """Round trips of pictures that the model has not seen: coded from the picture, and from the pose alone."""
    rng = np.random.default_rng(seed + 1)
    poses = tracks[rng.choice(len(tracks), min(_HELD_OUT, len(tracks)), replace=False)]
    landmarks = np.stack([actor.landmarks(pose) for pose in poses])
    images = [actor.render(pose) for pose in poses]
    encoder = FaceEncoder(model)
    codes = np.stack([encoder.encode(image, points) for image, points in zip(images, landmarks, strict=True)])
    seen = round_trips(model, images, landmarks, codes)
    mapped = round_trips(model, images, landmarks, pose_map.codes(poses, landmarks))
    return {**seen, "pose_map_psnr_face_db": mapped["psnr_face_db"], "pose_map_psnr_lips_db": mapped["psnr_lips_db"]}
