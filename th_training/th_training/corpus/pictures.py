"""What a recording's pictures say, on the frame clock: codes of a face, and landmarks as they were measured.

Kept beside the clips (`encoded/ID.npz`), so that other features, another transcript or a lag do not ask for the pictures again.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import LANDMARKS
from th_training.aam.clock import bridge, to_clock
from th_training.aam.encode_corpus import face_and_id
from th_training.aam.encode_video import VideoEncoder
from th_training.corpus.checks import has_tracker
from th_training.corpus.clip_files import FPS
from th_training.corpus.recordings import Recording
from th_training.landmarks.pose import move, similarity
from th_training.landmarks.video import cached_track
from th_training.video import timed_pictures
from th_training.whole import replacing

VERSION = 1
"""Of what is made of a video's pictures: files of another version are made anew."""
FOLDER = "encoded"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Rows (T) at (i + 1) / 60 s of the pictures' clock.

    codes (T, 16) float32 sd; quality (T,) 0..1; landmarks (T, 68, 2) px of the face's canvas, or (0, 68, 2) where there is no
    tracker; video_fps: pictures per second, on average; seen: share of them with a face.
    """

    codes: np.ndarray
    quality: np.ndarray
    landmarks: np.ndarray
    video_fps: float
    seen: float


def pictures_path(folder: Path, name: str) -> Path:
    """Where the pictures of a recording are kept."""
    return folder / FOLDER / f"{name}.npz"


def pictures_key(video: Path, face_id: str) -> str:
    """Digest of all that decides them. Raises InputError where the video cannot be read."""
    return hashlib.sha256(f"{VERSION} {face_id} {has_tracker()} {file_digest(video)}".encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """SHA-256 of a file. Raises InputError where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    return digest.hexdigest()


class Coder(Protocol):
    """A way from a recording's pictures to codes; picklable, for it goes to other processes."""

    def key(self, recording: Recording) -> str:
        """Digest of all that decides what `see` gives. Raises InputError where the video cannot be read."""
        ...

    def see(self, recording: Recording) -> Pictures:
        """Raises InputError, naming the video, where it cannot be coded."""
        ...


@dataclass(frozen=True)
class Fitter:
    """Codes of the person's own face, by fitting it."""

    face: Path
    face_id: str
    cache: Path

    def key(self, recording: Recording) -> str:
        """See `Coder`."""
        return pictures_key(recording.video, self.face_id)

    def see(self, recording: Recording) -> Pictures:
        """See `Coder`."""
        return see(recording.video, self.face, self.cache)


def see(video: Path, face: Path, cache: Path) -> Pictures:
    """Codes and landmarks of a video. Raises InputError, naming the file, where it cannot be coded."""
    encoder, mean = _encoder(_Face(face_and_id(face)[1], face))
    encoded = encoder.encode(video, fps=float(FPS))
    landmarks = np.zeros((0, LANDMARKS, 2), np.float32)
    if has_tracker():
        landmarks = _measured(video, cache, mean, len(encoded.codes))
    return Pictures(encoded.codes, encoded.quality, landmarks, encoded.video_fps, encoded.seen)


def write_pictures(path: Path, pictures: Pictures, key: str) -> None:
    """Raises InputError where it cannot be written."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, **asdict(pictures), key=key)


def read_pictures(path: Path, key: str | None = None) -> Pictures | None:
    """What `write_pictures` wrote, None where there is nothing, something damaged, or something of another key."""
    try:
        with np.load(path, allow_pickle=False) as held:
            if key is not None and str(held["key"]) != key:
                return None
            rows = (held["codes"], held["quality"], held["landmarks"])
            return Pictures(*rows, float(held["video_fps"]), float(held["seen"]))
    except Exception:  # whatever is wrong with it, it is made anew
        return None


@dataclass(frozen=True)
class _Face:
    """A face's file, the same wherever it lies."""

    id: str
    place: Path = field(compare=False)


@lru_cache(maxsize=1)
def _encoder(face: _Face) -> tuple[VideoEncoder, np.ndarray]:
    cv2.setNumThreads(1)
    model, _ = face_and_id(face.place)
    return VideoEncoder(model), model.shape_mean[:LANDMARKS].astype(np.float64)


def _measured(video: Path, cache: Path, mean: np.ndarray, count: int) -> np.ndarray:
    """(count, 68, 2) px of the canvas: the tracker's landmarks, each picture's moved onto the face's mean shape."""
    track = cached_track(video, cache, strict=False)
    times = picture_times(video)
    if len(times) != len(track.landmarks):  # pictures that are not later than the one before
        times = (np.arange(len(track.landmarks)) + 0.5) / track.fps
    seen = ~track.lost
    points = bridge(times, np.where(seen[:, None, None], track.landmarks, 0.0).astype(np.float64), seen)
    rows = to_clock(times, points, (np.arange(count) + 1) / FPS)
    return np.stack([move(row, similarity(row, mean)) for row in rows]).astype(np.float32)


def picture_times(video: Path) -> np.ndarray:
    """(N,) s: the middle of each picture's time on show, on the clock of `timed_pictures`."""
    return np.array([time + duration / 2 for time, duration, _ in timed_pictures(video)])
