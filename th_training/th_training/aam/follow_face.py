"""One face through pictures, coded: where it is and how it looks, in the light that it is in at the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from th_face_renderer.face_model import FaceModel
from th_training.aam.detect import FaceFinder
from th_training.aam.fitter import Fitter
from th_training.aam.look import LookReader
from th_training.aam.tracker import Finder, Seen, Tracker
from th_training.tiles import Image

_LIGHT = 5
"""Pictures before and after one that its light is taken from as well: cameras adjust theirs within a second, and a single
picture takes some of the face's look for light (0.1 sd on a filmed speaker)."""


@dataclass(frozen=True)
class Looked:
    """One picture and what was seen in it; code (S + A,) sd, None where no face was seen."""

    picture: Image
    seen: Seen
    code: np.ndarray | None


class FaceFollower:
    """Codes of the person whose face `model` is.

    finder: rough landmarks of the faces of a picture; by default dlib's or OpenCV's detector (`FaceFinder`).
    """

    def __init__(self, model: FaceModel, *, diagonal: float = 150.0, finder: Finder | None = None) -> None:
        self._fitter = Fitter.of_face(model, diagonal=diagonal)
        self._look = LookReader(model, diagonal=diagonal)
        self._finder = finder or FaceFinder(model)

    def follow(self, pictures: Iterable[Image]) -> Iterator[Looked]:
        """Every picture of a video, in order. Raises InputError for something that is no 8-bit colour picture."""
        tracker = Tracker(self._fitter, self._finder)
        near: deque[tuple[Image, Seen, int]] = deque(maxlen=2 * _LIGHT + 1)
        stretch = 0  # a face that is found again may be in another light
        waiting = 0
        for picture in pictures:
            seen = tracker.look(picture)
            stretch += seen.fit is None or seen.searched
            near.append((picture, seen, stretch))
            waiting += 1
            if waiting > _LIGHT:
                waiting -= 1
                yield self._code(near, len(near) - 1 - waiting)
        for k in range(len(near) - waiting, len(near)):
            yield self._code(list(near)[max(0, k - _LIGHT) :], min(k, _LIGHT))

    def _code(self, near: Iterable[tuple[Image, Seen, int]], which: int) -> Looked:
        pictures = list(near)
        picture, seen, stretch = pictures[which]
        if seen.fit is None:
            return Looked(picture, seen, None)
        light = self._fitter.light(s.fit.state for _, s, other in pictures if s.fit and other == stretch)
        look = self._look.read(picture, seen.fit.shape, seen.fit.pose, light)
        return Looked(picture, seen, np.r_[seen.fit.shape, look])
