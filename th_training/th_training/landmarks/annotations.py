"""Hand annotation: a folder of .pts or .ljson files, each named after the picture that it belongs to.

CLIP_000012.pts belongs to frame 12 (the first is 0) of the video whose name is CLIP, and so does CLIP/000012.pts;
NAME.pts belongs to the picture NAME.png.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_training.landmarks.files import SUFFIXES, read_landmarks, write_landmarks
from th_training.tiles import make_folder

_FRAME = re.compile(r"(?P<clip>.+)_(?P<frame>\d{1,9})")
_ALONE = re.compile(r"\d{1,9}")


@dataclass(frozen=True)
class Annotations:
    """frames: clip -> frame -> (68, 2) px; pictures: name -> (68, 2) px."""

    frames: dict[str, dict[int, np.ndarray]]
    pictures: dict[str, np.ndarray]

    def of(self, clip: str) -> dict[int, np.ndarray]:
        """Annotated frames of a clip, by its name without suffix."""
        return self.frames.get(clip, {})


NOTHING = Annotations({}, {})


def read_annotations(folder: Path, *, first: int = 1) -> Annotations:
    """All landmark files of a folder and the folders in it; `first` as `read_landmarks` has it.

    Raises InputError where the folder is missing or holds none, for a damaged file, and where two speak of one frame.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of annotations")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"{folder}: holds no landmark file ({' or '.join(SUFFIXES)})")
    frames: dict[str, dict[int, np.ndarray]] = {}
    pictures: dict[str, np.ndarray] = {}
    origin: dict[tuple[str, int], Path] = {}
    for path in files:
        points = read_landmarks(path, first=first)
        place = frame_of(path)
        if not _ALONE.fullmatch(path.stem):
            pictures[path.stem] = points
        if place is not None:
            if place in origin:
                raise InputError(f"{path} and {origin[place]} both annotate frame {place[1]} of {place[0]!r}")
            origin[place] = path
            frames.setdefault(place[0], {})[place[1]] = points
    return Annotations(frames, pictures)


def frame_of(path: Path) -> tuple[str, int] | None:
    """(clip, frame) that a file's name speaks of, None where it names a picture alone."""
    if _ALONE.fullmatch(path.stem):
        return path.parent.name, int(path.stem)
    match = _FRAME.fullmatch(path.stem)
    return (match["clip"], int(match["frame"])) if match else None


def frame_name(clip: str, frame: int) -> str:
    """The name (without suffix) of the file of a frame."""
    return f"{clip}_{frame:06d}"


def write_frames(
    folder: Path, clip: str, landmarks: np.ndarray, frames: Sequence[int], *, suffix: str = ".pts", first: int = 1
) -> Iterator[Path]:
    """Write landmarks (T, 68, 2) of some frames, one file each, leaving out those that hold NaN; yields the paths."""
    make_folder(folder)
    for frame in frames:
        if np.isfinite(landmarks[frame]).all():
            path = folder / (frame_name(clip, frame) + suffix)
            write_landmarks(path, landmarks[frame], first=first)
            yield path
