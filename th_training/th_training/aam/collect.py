"""Which frames of a person's videos a face is built from: many as they come, some because they are rare, all that were annotated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from th_common.errors import InputError
from th_training.aam.farthest import farthest
from th_training.errors import NoTrackerError
from th_training.landmarks.measures import inter_ocular
from th_training.landmarks.pose import align_all
from th_training.landmarks.sources import Sources, frames_of
from th_training.landmarks.track import Track
from th_training.tiles import Image

LEAST_CONFIDENCE = 0.3
_RARE = 1 / 3  # of the frames are chosen because they are unlike the others
_OTHER_LIGHT = 25.0  # grey levels between a clip's mean face colour and the median clip's


@dataclass(frozen=True)
class Collection:
    """Chosen frames: clips' files and tracks, and for each the indices; left_out: why others were not used."""

    files: tuple[Path, ...]
    tracks: tuple[Track, ...]
    chosen: tuple[tuple[int, ...], ...]
    left_out: tuple[str, ...]

    @property
    def landmarks(self) -> np.ndarray:
        """(N, 68, 2) px of the chosen frames, in the order of `pictures`."""
        pairs = zip(self.tracks, self.chosen, strict=True)
        return np.concatenate([track.landmarks[list(frames)] for track, frames in pairs]).astype(np.float64)

    def pictures(self) -> Iterator[Image]:
        """The chosen frames, read one at a time. Raises InputError where a file lacks some."""
        for path, frames in zip(self.files, self.chosen, strict=True):
            count = 0
            for _, picture in frames_of(path, frames):
                count += 1
                yield picture
            if count != len(frames):
                raise InputError(f"{path}: has fewer frames than landmarks")

    def name(self, index: int) -> str:
        """Clip and frame of the index-th chosen picture."""
        for path, frames in zip(self.files, self.chosen, strict=True):
            if index < len(frames):
                return f"{path.stem} frame {frames[index]}"
            index -= len(frames)
        raise IndexError(index)


def collect(
    files: Sequence[Path],
    sources: Sources,
    count: int,
    *,
    least: int = 2,
    any_light: bool = False,
    seed: int = 0,
    progress=None,
) -> Collection:
    """Choose `count` frames of videos or pictures of one person, and all that a person annotated.

    Clips in another light are left out unless `any_light`: the appearance modes would be spent on the lamp. Two thirds are
    drawn at random, one third by farthest-point sampling in shape, so that rare faces (a wide open mouth) are known too.

    Raises InputError where no file can be used, or fewer than `least` frames.
    """
    used: list[tuple[Path, Track]] = []
    left_out = []
    for path in progress(files, len(files)) if progress else files:
        try:
            used.append((path, sources.track(path)))
        except NoTrackerError:
            raise
        except InputError as error:
            left_out.append(str(error))
    if not any_light and len(used) > 2:
        used, dark = _alike(used)
        left_out += dark
    if not used:
        raise InputError(f"none of the {len(files)} files can be used" + _why(left_out))
    chosen = _choose([track for _, track in used], count, seed)
    kept = [(path, track, frames) for (path, track), frames in zip(used, chosen, strict=True) if frames]
    if not kept:
        raise InputError("no frame has landmarks that are sure enough" + _why(left_out))
    amount = sum(len(frames) for *_, frames in kept)
    if amount < least:
        raise InputError(
            f"a face needs at least {least} frames with sure landmarks, there are {amount}" + _why(left_out)
        )
    paths, tracks, frames = zip(*kept, strict=True)
    return Collection(paths, tracks, frames, tuple(left_out))


def _why(left_out: Sequence[str]) -> str:
    return f"; first: {left_out[0]}" if left_out else ""


def _choose(tracks: Sequence[Track], count: int, seed: int) -> list[tuple[int, ...]]:
    places, shapes = [], []
    for k, track in enumerate(tracks):
        good = (track.confidence >= LEAST_CONFIDENCE) & ~track.lost
        places += [(k, int(frame)) for frame in np.flatnonzero(good)]
        shapes.append(track.landmarks[good])
    if not places:
        return [() for _ in tracks]
    picked = {place for place in places if place[1] in tracks[place[0]].by_hand}
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(places))
    random = order[: round(count * (1 - _RARE))]
    picked |= {places[k] for k in random}
    if len(picked) < min(count, len(places)):
        aligned = align_all(np.concatenate(shapes).astype(np.float64))
        flat = aligned.reshape(len(aligned), -1) / float(np.median(inter_ocular(aligned)))
        picked |= {places[k] for k in farthest(flat, random.tolist(), min(count, len(places)) - len(picked))}
    return [tuple(sorted(frame for number, frame in picked if number == k)) for k in range(len(tracks))]


def _alike(used: list[tuple[Path, Track]]) -> tuple[list[tuple[Path, Track]], list[str]]:
    colours = np.array([_colour(path, track) for path, track in used])
    away = np.linalg.norm(colours - np.median(colours, 0), axis=1)
    kept = [one for one, distance in zip(used, away, strict=True) if distance <= _OTHER_LIGHT]
    said = [
        f"{path}: in another light (its face is {distance:.0f} levels from the others' colour)"
        for (path, _), distance in zip(used, away, strict=True)
        if distance > _OTHER_LIGHT
    ]
    return kept, said


def _colour(path: Path, track: Track) -> np.ndarray:
    """(3,) mean colour of the face in the first frame that has landmarks."""
    known = np.flatnonzero(~track.lost)
    if not len(known):
        return np.zeros(3)
    for index, picture in frames_of(path, [int(known[0])]):
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(track.landmarks[index, :27]).astype(np.int32)), (255,))
        return np.array(cv2.mean(picture, mask)[:3])
    raise InputError(f"{path}: has fewer frames than landmarks")
