"""Landmarks in time: what was measured, and what is made of it (gaps filled, jitter calmed, hand annotation put in)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy.signal import savgol_coeffs, savgol_filter

from th_common.errors import InputError
from th_training.landmarks.measures import COUNT, as_landmarks
from th_training.whole import replacing

MAX_GAP = 0.25  # s without a face that may be filled
SMOOTHING = 5  # frames


@dataclass(frozen=True)
class Measured:
    """What was found in a video, as it was found.

    points (T, 68, 2) float32 px, NaN where nothing was; confidence (T,) float32 0..1, 0 where the detector saw no face;
    fps; size (height, width) px.
    """

    points: np.ndarray
    confidence: np.ndarray
    fps: float
    size: tuple[int, int]


@dataclass(frozen=True)
class Track:
    """Landmarks of one video.

    landmarks (T, 68, 2) float32 px, NaN in frames that are `lost`; confidence (T,) 0..1 (0: filled or lost, 1: by hand);
    fps; by_hand: frames that a person annotated; size: (height, width) px, (0, 0) where it is not known.
    """

    landmarks: np.ndarray
    confidence: np.ndarray
    fps: float
    by_hand: frozenset[int] = field(default_factory=frozenset)
    size: tuple[int, int] = (0, 0)

    @property
    def lost(self) -> np.ndarray:
        """(T,) whether a frame lies in a gap too long to be filled."""
        return ~np.isfinite(self.landmarks).all((1, 2))

    @property
    def filled(self) -> np.ndarray:
        """(T,) whether the detector saw no face in a frame, and its landmarks come from the frames around it."""
        return (self.confidence == 0) & ~self.lost


def complete(
    measured: Measured,
    *,
    max_gap: float = MAX_GAP,
    smoothing: int = SMOOTHING,
    by_hand: Mapping[int, np.ndarray] | None = None,
) -> Track:
    """Put hand annotation (frame -> (68, 2)) in, fill gaps of up to `max_gap` s in line, and smooth in time.

    Longer gaps stay NaN. Annotated frames are kept exactly; smoothing sees them, so that their neighbours follow.

    Raises InputError where an annotated frame is not one of the video's.
    """
    points, confidence = measured.points.astype(np.float64), measured.confidence.copy()
    hand = {frame: as_landmarks(marks) for frame, marks in (by_hand or {}).items()}
    for frame, marks in hand.items():
        if not 0 <= frame < len(points):
            raise InputError(f"frame {frame} is annotated, the video has frames 0..{len(points) - 1}")
        points[frame], confidence[frame] = marks, 1
    confidence[~np.isfinite(points).all((1, 2))] = 0
    landmarks = smooth(fill(points, int(max_gap * measured.fps)), smoothing)
    for frame, marks in hand.items():
        landmarks[frame] = marks
    return Track(
        landmarks.astype(np.float32), confidence.astype(np.float32), measured.fps, frozenset(hand), measured.size
    )


def fill(points: np.ndarray, longest: int) -> np.ndarray:
    """(T, 68, 2) with gaps (NaN) of up to `longest` frames interpolated in line; at the ends the nearest frame is held."""
    result = points.copy()
    known = np.isfinite(points).all((1, 2))
    if not known.any():
        return result
    index, seen = np.arange(len(points)), np.flatnonzero(known)
    columns = points[known].reshape(len(seen), -1).T
    drawn = np.stack([np.interp(index, seen, column) for column in columns], 1).reshape(points.shape)
    for start, end in runs(~known):
        if end - start <= longest:
            result[start:end] = drawn[start:end]
    return result


def smooth(landmarks: np.ndarray, frames: int = SMOOTHING) -> np.ndarray:
    """(T, 68, 2) with less jitter: a parabola over 5 frames, which keeps the short closure of a p or b.

    Gaps (NaN) are not smoothed over. `frames`: odd, 5 or more; 0 leaves the landmarks as they are.
    Raises InputError for another length.
    """
    check_smoothing(frames)
    if frames == 0:
        return landmarks.copy()
    result = landmarks.copy()
    for start, end in runs(np.isfinite(landmarks).all((1, 2))):
        if end - start >= frames:
            result[start:end] = savgol_filter(landmarks[start:end], frames, 2, axis=0)
    return result


def check_smoothing(frames: int) -> None:
    """Raises InputError where `smooth` does not take a number of frames."""
    if frames != 0 and not (5 <= frames <= 99 and frames % 2):
        raise InputError(f"smoothing takes an odd number of frames from 5 to 99, or 0 for none, not {frames}")


def smoothing_note(frames: int, fps: float) -> str:
    """The strength of `smooth` in words."""
    if frames == 0:
        return "not smoothed"
    left = float(np.sqrt((savgol_coeffs(frames, 2) ** 2).sum()))
    return f"smoothed by a parabola over {frames} frames ({frames / fps:.2f} s), which leaves {left:.0%} of the jitter"


def save_track(path: Path, track: Track) -> None:
    """Write a track as .npz; it appears whole or not at all. Raises InputError where it cannot be written."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(
            file,
            landmarks=track.landmarks,
            confidence=track.confidence,
            fps=np.array(track.fps),
            by_hand=np.array(sorted(track.by_hand), np.int64),
            size=np.array(track.size, np.int64),
        )


def load_track(path: str | os.PathLike[str]) -> Track:
    """Read what `save_track` wrote. Raises InputError, naming the file, for anything else."""
    try:
        with np.load(path, allow_pickle=False) as held:
            landmarks, confidence = np.asarray(held["landmarks"]), np.asarray(held["confidence"])
            fps, hand, size = float(held["fps"]), held["by_hand"].tolist(), held["size"].tolist()
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(f"{os.fspath(path)}: not a track of landmarks ({error})") from error
    if landmarks.shape != (len(landmarks), COUNT, 2) or confidence.shape != landmarks.shape[:1] or not 1 <= fps <= 240:
        raise InputError(f"{os.fspath(path)}: not a track of landmarks ({landmarks.shape} at {fps:g} frames/s)")
    if not (np.isfinite(confidence).all() and len(size) == 2):
        raise InputError(f"{os.fspath(path)}: not a track of landmarks (confidence or size)")
    return Track(landmarks, confidence, fps, frozenset(hand), (size[0], size[1]))


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """(start, end) of the stretches where a mask (T,) is set."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
