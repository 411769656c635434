"""One video to codes on the frame clock."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.aam.clock import FPS, bridge, frame_clock, quality_to_clock, to_clock
from th_training.aam.detect import FaceFinder
from th_training.aam.fitter import Fit, Fitter
from th_training.aam.look import LookReader
from th_training.aam.tracker import Finder, Tracker
from th_training.video import timed_pictures

_LIGHT_PICTURES = 25  # that a clip's light is taken from

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
        self._fitter = Fitter.of_face(model, diagonal=diagonal)
        self._look = LookReader(model, diagonal=diagonal)
        self._finder = finder or FaceFinder(model)

    def encode(self, path: str | os.PathLike[str], *, fps: float = FPS) -> Encoded:
        """Codes of a video.

        Raises InputError, naming the file, where it cannot be read, holds no picture, is damaged (DamagedVideoError), or shows
        the face in less than half of its pictures.
        """
        tracker = Tracker(self._fitter, self._finder)
        times, seen, looks, end = [], [], [], 0.0
        waiting: list[tuple[Fit, np.ndarray]] = []  # until enough is seen to know the light
        light: np.ndarray | None = None
        for time, duration, image in timed_pictures(path):
            found = tracker.look(image)
            times.append(time + duration / 2)
            seen.append(found)
            end = time + duration
            if found.fit is None:
                continue
            waiting.append((found.fit, image))
            if light is None and len(waiting) == _LIGHT_PICTURES:
                light = self._fitter.light(fit.state for fit, _ in waiting)
            if light is not None:
                looks += self._read(waiting, light)
                waiting = []
        if waiting:
            looks += self._read(waiting, self._fitter.light(fit.state for fit, _ in waiting))
        if not times:
            raise InputError(f"{path}: no picture could be decoded")
        share = float(np.mean([s.fit is not None for s in seen]))
        if share < LEAST_SEEN:
            raise InputError(f"{path}: the face was seen in only {share:.0%} of {len(times)} pictures")
        found_looks = iter(looks)
        rows = [
            None
            if s.fit is None
            else np.r_[s.fit.shape, next(found_looks), s.fit.pose.ravel(), s.fit.landmarks.ravel()]
            for s in seen
        ]
        blank = np.full_like(next(row for row in rows if row is not None), np.nan)
        at, quality = np.array(times), np.array([s.quality for s in seen])
        values = bridge(at, np.array([blank if row is None else row for row in rows]), quality > 0)
        wanted = frame_clock(end, fps=fps)
        codes, pose, landmarks = np.split(
            to_clock(at, values, wanted), [values.shape[1] - 142, values.shape[1] - 136], 1
        )
        return Encoded(
            codes=codes.astype(np.float32),
            quality=quality_to_clock(at, quality, wanted).astype(np.float32),
            landmarks=landmarks.reshape(-1, 68, 2).astype(np.float32),
            pose=pose.reshape(-1, 2, 3).astype(np.float32),
            fps=fps,
            video_fps=len(times) / end,
            seen=share,
        )

    def _read(self, fits: list[tuple[Fit, np.ndarray]], light: np.ndarray) -> list[np.ndarray]:
        return [self._look.read(image, fit.shape, fit.pose, light) for fit, image in fits]
