"""One video to codes on the frame clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.aam.clock import FPS, bridge, frame_clock, quality_to_clock, to_clock
from th_training.aam.follow_face import FaceFollower
from th_training.aam.tracker import Finder
from th_training.video import timed_pictures

LEAST_SEEN = 0.5
"""Share of a clip's pictures in which the face must be seen."""


@dataclass(frozen=True)
class Encoded:
    """One video on the frame clock.

    codes (T, S + A) float32 sd, expression only; quality (T,) 0..1, 0: no face was seen, the code is bridged;
    landmarks (T, 68, 2) px of the video; pose (T, 2, 3): canvas px to px of the video; fps of the rows, row i at
    (i + 1) / fps s; video_fps: of the pictures, on average; seen: share of the pictures with a face.
    """

    codes: np.ndarray
    quality: np.ndarray
    landmarks: np.ndarray
    pose: np.ndarray
    fps: float
    video_fps: float
    seen: float


class VideoEncoder:
    """Codes of videos of the person whose face `model` is.

    finder: rough landmarks of the faces of a picture; by default dlib's or OpenCV's detector (`FaceFinder`).
    """

    def __init__(self, model: FaceModel, *, diagonal: float = 150.0, finder: Finder | None = None) -> None:
        self._faces = FaceFollower(model, diagonal=diagonal, finder=finder)

    def encode(self, path: str | os.PathLike[str], *, fps: float = FPS) -> Encoded:
        """Codes of a video.

        Raises InputError, naming the file, where it cannot be read, holds no picture, is damaged (DamagedVideoError), or shows
        the face in less than half of its pictures.
        """
        times: list[float] = []
        end = duration = 0.0

        def pictures() -> Iterator[np.ndarray]:
            nonlocal end, duration
            for time, duration, picture in timed_pictures(path):
                times.append(time + duration / 2)
                end = time + duration
                yield picture

        seen, codes = [], []
        for looked in self._faces.follow(pictures()):
            seen.append(looked.seen)
            codes.append(looked.code)
        if not times:
            raise InputError(f"{path}: no picture could be decoded")
        share = float(np.mean([s.fit is not None for s in seen]))
        if share < LEAST_SEEN:
            raise InputError(f"{path}: the face was seen in only {share:.0%} of {len(times)} pictures")
        at, quality = np.array(times), np.array([s.quality for s in seen])
        wanted = frame_clock(end, fps=fps)

        def rows(values: list[np.ndarray | None]) -> np.ndarray:
            blank = np.zeros_like(next(value for value in values if value is not None))
            known = np.array([blank if value is None else value for value in values])
            return to_clock(at, bridge(at, known, quality > 0), wanted).astype(np.float32)

        return Encoded(
            codes=rows(codes),
            quality=quality_to_clock(at, quality, wanted, duration=duration).astype(np.float32),
            landmarks=rows([None if s.fit is None else s.fit.landmarks for s in seen]),
            pose=rows([None if s.fit is None else s.fit.pose for s in seen]),
            fps=fps,
            video_fps=len(times) / end,
            seen=share,
        )
