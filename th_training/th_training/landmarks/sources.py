"""Videos and pictures of a person with their landmarks, wherever those come from: tracker, hand, or both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_training.landmarks.annotations import NOTHING, Annotations, read_annotations
from th_training.landmarks.dlib68 import Landmarker, shared
from th_training.landmarks.files import SUFFIXES, read_landmarks
from th_training.landmarks.track import SMOOTHING, Measured, Track, check_smoothing, complete
from th_training.landmarks.video import cached_track
from th_training.tiles import Image, read_picture
from th_training.video import read_video

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm")


@dataclass(frozen=True)
class Sources:
    """How landmarks are found.

    cache: where measured ones are remembered; annotations: made by hand, they override; by_hand_only: nothing else counts,
    and dlib is not asked for; smoothing: frames (InputError where `smooth` does not take
    them); strict: refuse videos with long gaps instead of marking them.
    """

    cache: Path
    annotations: Annotations = NOTHING
    by_hand_only: bool = False
    smoothing: int = SMOOTHING
    strict: bool = True

    def __post_init__(self) -> None:
        check_smoothing(self.smoothing)

    def track(self, path: Path) -> Track:
        """Landmarks of a video, or of a picture as a video of one frame. Raises InputError, naming the file."""
        if is_picture(path):
            return self._picture(path)
        hand = self.annotations.of(path.stem)
        if self.by_hand_only:
            return _only(path, hand)
        return cached_track(path, self.cache, strict=self.strict, smoothing=self.smoothing, by_hand=hand)

    def _picture(self, path: Path) -> Track:
        picture = read_picture(path)
        size = (picture.shape[0], picture.shape[1])
        hand = self.annotations.pictures.get(path.stem)
        beside = [place for suffix in SUFFIXES if (place := path.with_suffix(suffix)).is_file()]
        if hand is None and beside:
            hand = read_landmarks(beside[0])
        nothing = Measured(np.full((1, 68, 2), np.nan, np.float32), np.zeros(1, np.float32), 1.0, size)
        if hand is not None:
            return complete(nothing, by_hand={0: hand})
        if self.by_hand_only:
            raise InputError(f"{path}: not annotated")
        finder = shared(Landmarker)
        box = finder.detect(picture, enlarge=1.0 if min(size) >= 240 else 2.0)
        if box is None:
            raise InputError(f"{path}: shows no face")
        points, trust = finder.landmarks(picture, box)
        found = replace(nothing, points=points[None].astype(np.float32), confidence=np.array([trust], np.float32))
        return complete(found, smoothing=0)


def make_sources(cache: Path, annotations: Path | None, *, by_hand_only: bool = False, first: int = 1) -> Sources:
    """Sources with the annotations of a folder, if one is named. Raises InputError as `read_annotations`."""
    if by_hand_only and annotations is None:
        raise InputError("annotated frames alone are wanted, but no folder of annotations is named")
    hand = NOTHING if annotations is None else read_annotations(annotations, first=first)
    return Sources(cache, hand, by_hand_only=by_hand_only)


def is_picture(path: Path) -> bool:
    """Whether a file's name is that of a picture, not of a video."""
    return path.suffix.lower() in PICTURES


def frames_of(path: Path, wanted: Iterable[int]) -> Iterator[tuple[int, Image]]:
    """(index, picture) of some frames of a video, or of the one frame 0 of a picture, in order.

    Raises InputError, naming the file, where it cannot be read.
    """
    left = set(wanted)
    pictures: Iterable[Image] = (read_picture(path),) if is_picture(path) else read_video(path)[0]
    for index, picture in enumerate(pictures):
        if index in left:
            left.discard(index)
            yield index, picture
        if not left:
            return


def spread(count: int, amount: int) -> list[int]:
    """`amount` indices out of 0..count - 1, evenly, each once."""
    return sorted(set(np.linspace(0, count - 1, max(1, min(amount, count))).round().astype(int).tolist()))


def names_once(paths: Sequence[Path]) -> None:
    """Raises InputError where two files have one name (annotation and output go by it)."""
    seen: dict[str, Path] = {}
    for path in paths:
        if path.stem in seen:
            raise InputError(f"{path} and {seen[path.stem]} have the same name: annotation and output go by it")
        seen[path.stem] = path


def _only(path: Path, hand: dict[int, np.ndarray]) -> Track:
    if not hand:
        raise InputError(f"{path}: no frame is annotated")
    pictures, fps = read_video(path)
    sizes = [picture.shape[:2] for picture in pictures]
    if not sizes:
        raise InputError(f"{path}: no frame could be decoded")
    nothing = Measured(
        np.full((len(sizes), 68, 2), np.nan, np.float32),
        np.zeros(len(sizes), np.float32),
        fps,
        (sizes[0][0], sizes[0][1]),
    )
    try:
        return complete(nothing, max_gap=0.0, smoothing=0, by_hand=hand)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
