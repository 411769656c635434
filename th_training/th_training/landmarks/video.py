"""Landmarks of a whole video: detect, smooth the box, search, fill short gaps, smooth in time."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter

from th_common.errors import InputError
from th_training.landmarks.dlib68 import Box, Landmarker

MAX_GAP = 0.25  # s without a face that may be filled
MIN_FOUND = 0.8  # of all frames
_BOX_SMOOTHING = 0.36  # s: the head is slower than the detector's jitter
_FLAT = 6.0  # grey levels: sd of a frame that a damaged stream left grey
_VERSION = 3  # of what a cached file holds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Track:
    """Landmarks of one video: landmarks (T, 68, 2) float32 px, confidence (T,) 0..1 (0: filled), fps."""

    landmarks: np.ndarray
    confidence: np.ndarray
    fps: float


def read_video(path: str | os.PathLike[str]) -> tuple[Iterator[np.ndarray], float]:
    """Frames (H, W, 3) uint8 BGR of a video in order, and frames per second.

    Raises InputError where the file is missing or holds no video; the iterator raises it on a broken stream.
    """
    try:
        container = av.open(os.fspath(path))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable video ({error})") from error
    if not container.streams.video:
        container.close()
        raise InputError(f"{path}: holds no video stream")
    stream = container.streams.video[0]
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    if not 1 <= rate <= 240:
        container.close()
        raise InputError(f"{path}: frame rate {rate:g} is outside 1..240")

    def frames() -> Iterator[np.ndarray]:
        with container:
            try:
                for frame in container.decode(stream):
                    yield frame.to_ndarray(format="bgr24")
            except (OSError, ValueError) as error:
                raise InputError(f"{path}: broken video stream ({error})") from error

    return frames(), rate


def track_video(path: str | os.PathLike[str], *, landmarker: Landmarker | None = None) -> Track:
    """Landmarks of every frame of a video.

    Raises InputError, naming the file, where the video is damaged (grey frames), or shows no face in more than 20 %
    of its frames or for longer than 0.25 s.
    """
    finder = landmarker or Landmarker()
    stream, fps = read_video(path)
    frames = list(stream)
    if not frames:
        raise InputError(f"{path}: no frame could be decoded")
    flat = sum(float(frame[::4, ::4].std()) < _FLAT for frame in frames)
    if flat > 0.02 * len(frames):
        raise InputError(f"{path}: damaged video, {flat} of {len(frames)} frames are grey")
    boxes = _boxes(finder, frames, fps, path)
    points, trust = zip(*(finder.landmarks(f, b) for f, b in zip(frames, boxes, strict=True)), strict=True)
    landmarks, confidence = np.array(points), np.array(trust)
    confidence[[box.score <= 0 for box in boxes]] = 0
    return Track(smooth(landmarks).astype(np.float32), confidence.astype(np.float32), fps)


def landmark_video(path: str | os.PathLike[str], *, landmarker: Landmarker | None = None) -> tuple[np.ndarray, float]:
    """(T, 68, 2) float32 px and frames per second of a video; raises as `track_video`."""
    track = track_video(path, landmarker=landmarker)
    return track.landmarks, track.fps


def smooth(landmarks: np.ndarray) -> np.ndarray:
    """(T, 68, 2) with less jitter: a parabola over 5 frames, which keeps the short closure of a p or b."""
    if len(landmarks) < 5:
        return landmarks
    return savgol_filter(landmarks, 5, 2, axis=0)


def cached_track(path: Path, cache: Path, *, landmarker: Landmarker | None = None) -> Track:
    """`track_video` remembered under `cache` by the video's content; damage is remembered too."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    stored = cache / f"{path.stem}-{digest}-v{_VERSION}.npz"
    if stored.is_file():
        with np.load(stored, allow_pickle=False) as held:
            if "error" in held:
                raise InputError(str(held["error"]))
            return Track(held["landmarks"], held["confidence"], float(held["fps"]))
    cache.mkdir(parents=True, exist_ok=True)
    try:
        track = track_video(path, landmarker=landmarker)
    except InputError as error:
        _store(stored, error=np.array(str(error)))
        raise
    _store(stored, landmarks=track.landmarks, confidence=track.confidence, fps=np.array(track.fps))
    return track


def _store(path: Path, **arrays: np.ndarray) -> None:
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    os.replace(partial, path)


def _boxes(finder: Landmarker, frames: list[np.ndarray], fps: float, path: object) -> list[Box]:
    """One box per frame: detections, gaps filled in line, median over 0.36 s, score 0 where filled."""
    enlarge = 1.0 if min(frames[0].shape[:2]) >= 240 else 2.0
    found = [finder.detect(frame, enlarge=enlarge) for frame in frames]
    seen = np.flatnonzero([box is not None for box in found])
    if len(seen) < MIN_FOUND * len(frames):
        raise InputError(f"{path}: a face was found in only {len(seen)} of {len(frames)} frames")
    gap = int(np.diff(np.r_[-1, seen, len(frames)]).max()) - 1
    if gap > MAX_GAP * fps:
        raise InputError(f"{path}: {gap} frames in a row show no face")
    known = np.array([(box.x, box.y, box.width) for box in found if box is not None])
    index = np.arange(len(frames))
    filled = np.stack([np.interp(index, seen, column) for column in known.T], 1)
    steady = median_filter(filled, size=(max(1, int(_BOX_SMOOTHING * fps)) | 1, 1), mode="nearest")
    scores = [box.score if box is not None else 0.0 for box in found]
    return [Box(x, y, width, score) for (x, y, width), score in zip(steady.tolist(), scores, strict=True)]
