"""Landmarks of a whole video: detect, steady the box, search; what was measured is remembered."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy.ndimage import median_filter

from th_common.errors import InputError
from th_training.errors import DamagedVideoError
from th_training.landmarks.dlib68 import Box, Landmarker, shared
from th_training.landmarks.track import MAX_GAP, SMOOTHING, Measured, Track, complete, runs
from th_training.tiles import make_folder
from th_training.video import read_video
from th_training.whole import replacing, sweep

MIN_FOUND = 0.8  # of all frames
TRUSTED = 0.5  # confidence from which landmarks count where the detector itself saw no face
_BOX_SMOOTHING = 0.36  # s: the head is slower than the detector's jitter
_VERSION = 5  # of what a cached file holds


def measure_video(path: str | os.PathLike[str], *, landmarker: Landmarker | None = None) -> Measured:
    """Landmarks as they are found in every frame of a video.

    Where the detector sees no face for a short while, its box is drawn in line from the frames around, and landmarks in it
    count if they are sure; frames of a longer gap have none.

    Raises InputError as `read_video`: DamagedVideoError where it is damaged.
    """
    stream, fps = read_video(path)
    frames = list(stream)
    if not frames:
        raise InputError(f"{path}: no frame could be decoded")
    finder = landmarker or shared(Landmarker)
    points = np.full((len(frames), 68, 2), np.nan, np.float32)
    confidence = np.zeros(len(frames), np.float32)
    for k, box in enumerate(_boxes(finder, frames, fps)):
        if box is None:
            continue
        found, trust = finder.landmarks(frames[k], box)
        if box.score > 0 or trust >= TRUSTED:
            points[k], confidence[k] = found, trust if box.score > 0 else 0
    return Measured(points, confidence, fps, (frames[0].shape[0], frames[0].shape[1]))


def track_video(
    path: str | os.PathLike[str],
    *,
    landmarker: Landmarker | None = None,
    strict: bool = True,
    smoothing: int = SMOOTHING,
    by_hand: Mapping[int, np.ndarray] | None = None,
) -> Track:
    """Landmarks of every frame of a video, gaps filled and smoothed (see `complete`).

    Raises InputError, naming the file, as `measure_video`, and with `strict` also where it shows no face in more than 20 %
    of its frames or for longer than 0.25 s; without, such frames are marked as lost.
    """
    return _finish(path, measure_video(path, landmarker=landmarker), strict, smoothing, by_hand)


def landmark_video(path: str | os.PathLike[str], *, landmarker: Landmarker | None = None) -> tuple[np.ndarray, float]:
    """(T, 68, 2) float32 px and frames per second of a video; raises as `track_video`."""
    track = track_video(path, landmarker=landmarker)
    return track.landmarks, track.fps


def cached_track(
    path: Path,
    cache: Path,
    *,
    landmarker: Landmarker | None = None,
    strict: bool = True,
    smoothing: int = SMOOTHING,
    by_hand: Mapping[int, np.ndarray] | None = None,
) -> Track:
    """`track_video` with what it measures remembered under `cache` by the video's content; damage is remembered too."""
    return _finish(path, _cached(path, cache, landmarker), strict, smoothing, by_hand)


def _finish(
    path: object, measured: Measured, strict: bool, smoothing: int, by_hand: Mapping[int, np.ndarray] | None
) -> Track:
    try:
        track = complete(measured, smoothing=smoothing, by_hand=by_hand)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    unseen = measured.confidence == 0
    unseen[sorted(track.by_hand)] = False
    if strict:
        seen = len(unseen) - int(unseen.sum())
        if seen < MIN_FOUND * len(unseen):
            raise InputError(f"{path}: a face was found in only {seen} of {len(unseen)} frames")
        longest = max((end - start for start, end in runs(unseen)), default=0)
        if longest > MAX_GAP * measured.fps:
            raise InputError(f"{path}: {longest} frames in a row show no face")
    return track


def _cached(path: Path, cache: Path, landmarker: Landmarker | None) -> Measured:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise InputError(f"{path}: not a readable video ({error.strerror})") from error
    stored = cache / f"{path.stem}-{digest}-v{_VERSION}.npz"
    held = _held(stored)
    if isinstance(held, str):
        raise DamagedVideoError(f"{path}: {held}")
    if held is not None:
        return held
    make_folder(cache)
    sweep(cache)
    try:
        measured = measure_video(path, landmarker=landmarker)
    except DamagedVideoError as error:
        _store(stored, error=np.array(str(error).removeprefix(f"{path}: ")))
        raise
    _store(
        stored,
        points=measured.points,
        confidence=measured.confidence,
        fps=np.array(measured.fps),
        size=np.array(measured.size),
    )
    return measured


def _held(stored: Path) -> Measured | str | None:
    """What a cached file says: a measurement, why there is none, or nothing (missing or damaged: measured anew)."""
    try:
        with np.load(stored, allow_pickle=False) as held:
            if "error" in held:
                return str(held["error"])
            height, width = held["size"].tolist()
            return Measured(held["points"], held["confidence"], float(held["fps"]), (height, width))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _store(path: Path, **arrays: np.ndarray) -> None:
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _boxes(finder: Landmarker, frames: list[np.ndarray], fps: float) -> list[Box | None]:
    """One box per frame: detections, short gaps filled in line (score 0), median over 0.36 s; None in longer gaps."""
    enlarge = 1.0 if min(frames[0].shape[:2]) >= 240 else 2.0
    found = [finder.detect(frame, enlarge=enlarge) for frame in frames]
    missed = np.array([box is None for box in found])
    seen = np.flatnonzero(~missed)
    if not len(seen):
        return [None] * len(frames)
    known = np.array([(box.x, box.y, box.width) for box in found if box is not None])
    index = np.arange(len(frames))
    filled = np.stack([np.interp(index, seen, column) for column in known.T], 1)
    steady = median_filter(filled, size=(max(1, int(_BOX_SMOOTHING * fps)) | 1, 1), mode="nearest")
    boxes: list[Box | None] = [
        Box(x, y, width, box.score if box is not None else 0.0)
        for (x, y, width), box in zip(steady.tolist(), found, strict=True)
    ]
    for start, end in runs(missed):
        if end - start > MAX_GAP * fps:
            boxes[start:end] = [None] * (end - start)
    return boxes
