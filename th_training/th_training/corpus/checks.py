"""Whether a recording can become a clip at all: looked at before anything is built of it."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import av
import numpy as np

from th_common.errors import InputError
from th_training.aam.detect import CascadeDetector, Detector, DlibDetector, detect
from th_training.corpus.recordings import Recording
from th_training.corpus.sound import LEAST, check_sound, recorded_sound
from th_training.errors import NoTrackerError
from th_training.landmarks.dlib68 import weights
from th_training.landmarks.sources import frames_of, spread
from th_training.landmarks.video import MIN_FOUND, cached_track
from th_training.video import frame_rate, read_video

_SLOWEST = 20.0  # pictures per second
_MOST_BYTES = 4 << 30  # of a video's pictures, which are tracked together
_LOOKED_AT = 5  # pictures of each video in which faces are counted
_OTHER = 0.6  # of the largest face's size: as large as one who is filmed, not one in the background
_APART = 0.7  # sizes: nearer ones are one face seen twice


def check_recording(recording: Recording, cache: Path) -> None:
    """Raises InputError, naming the file, for a recording that cannot be a clip.

    Damaged, without sound or silent, too short, without a face in a fifth of its pictures, or with two people in most.
    Landmarks that are measured on the way are remembered in `cache`.
    """
    video = recording.video
    rate = _rate_and_size(video)
    count = _pictures_with_a_face(video, cache)
    if count < 2 or count / rate < LEAST:
        raise InputError(f"{video}: {count} picture{'s' * (count != 1)} are too short a video, it takes {LEAST:g} s")
    check_sound(recorded_sound(video, recording.sound), recording.sound or video)
    crowded = _crowded(video, count)
    if crowded:
        raise InputError(f"{video}: two faces, in {crowded} of {_LOOKED_AT} pictures that were looked at")


def _rate_and_size(video: Path) -> float:
    rate = frame_rate(video)
    if rate < _SLOWEST:
        raise InputError(f"{video}: {rate:.3g} pictures per second are too few to see lips move, it takes {_SLOWEST:g}")
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        seconds = (container.duration or 0) / av.time_base
        size = seconds * rate * stream.width * stream.height * 3
    if size > _MOST_BYTES:
        part = int(seconds * _MOST_BYTES / size)
        raise InputError(f"{video}: {seconds:.0f} s are too long to be held in memory: cut it into parts of {part} s")
    return rate


def has_tracker() -> bool:
    """Whether landmarks can be measured here: dlib and its weights are installed."""
    try:
        weights()
    except NoTrackerError:
        return False
    return importlib.util.find_spec("dlib") is not None


def _pictures_with_a_face(video: Path, cache: Path) -> int:
    if not has_tracker():
        return sum(1 for _ in read_video(video)[0])
    track = cached_track(video, cache, strict=False)
    lost = track.lost
    if lost.mean() > 1 - MIN_FOUND:
        seen = len(lost) - int(lost.sum())
        raise InputError(f"{video}: a face was found in only {seen} of {len(lost)} pictures")
    return len(lost)


def _crowded(video: Path, count: int) -> int:
    """In how many of a few pictures two faces of about one size are seen; 0 where it is not most."""
    finder = _detector()
    found = [_faces(finder, picture) > 1 for _, picture in frames_of(video, spread(count, _LOOKED_AT))]
    return sum(found) if sum(found) > len(found) / 2 else 0


def _faces(finder: Detector, picture: np.ndarray) -> int:
    boxes = detect(finder, picture)
    if not boxes:
        return 0
    largest = max(box.side for box in boxes)
    apart: list[tuple[float, float]] = []
    for box in boxes:
        near = any(np.hypot(box.x - x, box.y - y) < _APART * largest for x, y in apart)
        if box.side >= _OTHER * largest and not near:
            apart.append((box.x, box.y))
    return len(apart)


@functools.cache  # to make one takes longer than to look at all pictures of a clip
def _detector() -> Detector:
    try:
        return DlibDetector(threshold=0.0)
    except ImportError:
        return CascadeDetector()
