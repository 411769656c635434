"""One face through the pictures of a video: each from the last, looked for again where it was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from th_training.aam.fit_level import State
from th_training.aam.fitter import GOOD, LIMIT, Fit, Fitter
from th_training.video import is_grey

LOST = 0.6
"""Share of the variance inside the face below which a fit is none: what has a face's place but not its picture."""
_WORSE, _NOISE = 2.0, 0.02  # times what usually is unexplained, and more: asks for a second look at the same place
_LEAP = 2.0  # sd between two pictures: no mouth is so quick often, and a face that slipped is
_FALL = 0.3  # below the usual share: no fit any more
_AGAIN = 25  # pictures after which one that is not well explained is looked at a second time in any case
_USUAL = 0.05  # how fast what is usual follows what is seen
_JUMP = 0.35  # of the face's diagonal, and of its size: no head moves so far between two pictures
_PATIENCE = 10  # after so many pictures without a face only every fifth is searched
_SEARCH_EVERY = 5

Finder = Callable[[np.ndarray], Iterable[np.ndarray]]
"""Rough landmarks (68, 2) of the faces of a picture, the surest first."""


@dataclass(frozen=True)
class Seen:
    """What was seen in one picture: its fit, or None; `searched` where it does not come from the picture before.

    grey: the picture shows nothing at all, as a damaged stream leaves it; doubtful: the fit leaps, or explains much less
    than usual, and a second look did not help.
    """

    fit: Fit | None
    searched: bool = False
    grey: bool = False
    doubtful: bool = False

    @property
    def quality(self) -> float:
        """0 where the face was not seen, else the share 0..1 of the variance that the model explains; half where doubtful."""
        share = 0.0 if self.fit is None else float(np.clip(self.fit.explained, 0.0, 1.0))
        return share * (0.5 if self.doubtful else 1.0)


class Tracker:
    """Follows one face; pictures are given in the order of time."""

    def __init__(self, fitter: Fitter, finder: Finder) -> None:
        self._fitter, self._finder = fitter, finder
        self._state: State | None = None
        self._before: State | None = None
        self._usual: float | None = None
        self._missed = 0
        self._since = 0

    def look(self, image: np.ndarray) -> Seen:
        """The face in the next picture. Raises InputError for something that is no 8-bit colour picture."""
        if is_grey(image):
            return self._miss(grey=True)
        if self._state is not None:
            fit = self._fitter.follow(image, self._state, before=self._before)
            doubtful = self._is_doubtful(fit, self._state)
            if doubtful or self._is_due(fit):
                again = self._fitter.restart(image, fit.state)
                fit = max(fit, again, key=lambda f: f.explained)
                doubtful = doubtful and self._is_doubtful(fit, self._state)
            if self._is_face(image, fit) and self._is_near(fit, self._state):
                return self._take(fit, doubtful=doubtful)
        if self._missed < _PATIENCE or self._missed % _SEARCH_EVERY == 0:
            for place in self._finder(image):
                fit = self._fitter.start(image, place)
                if self._is_face(image, fit):
                    return self._take(fit, searched=True)
        return self._miss()

    def look_at_all(self, images: Iterable[np.ndarray]) -> list[Seen]:
        """`look` at every picture."""
        return [self.look(image) for image in images]

    def _take(self, fit: Fit, *, searched: bool = False, doubtful: bool = False) -> Seen:
        self._before = self._state
        self._state, self._missed = fit.state, 0
        usual = fit.explained if self._usual is None else self._usual
        self._usual = usual + _USUAL * (fit.explained - usual)
        return Seen(fit, searched, doubtful=doubtful)

    def _miss(self, *, grey: bool = False) -> Seen:
        self._state = self._before = None
        self._missed += 1
        return Seen(None, grey=grey)

    def _is_doubtful(self, fit: Fit, last: State) -> bool:
        fallen = self._usual is not None and not 1 - fit.explained < _WORSE * (1 - self._usual) + _NOISE
        return fallen or float(np.abs(fit.shape - last.shape).max()) > _LEAP

    def _is_due(self, fit: Fit) -> bool:
        self._since += 1
        if fit.explained > GOOD or self._since < _AGAIN:
            return False
        self._since = 0
        return True

    def _is_face(self, image: np.ndarray, fit: Fit) -> bool:
        height, width = image.shape[:2]
        inside = ((fit.landmarks >= 0) & (fit.landmarks < [width, height])).all(1).mean()
        least = LOST if self._usual is None else max(LOST, self._usual - _FALL)
        return bool(fit.explained > least and inside > 0.9 and (np.abs(fit.shape) < LIMIT).sum() >= len(fit.shape) - 1)

    def _is_near(self, fit: Fit, before: State) -> bool:
        diagonal = float(np.linalg.norm(np.ptp(fit.landmarks, axis=0)))
        size = fit.state.size / before.size
        moved = float(np.linalg.norm(fit.state.shift - before.shift))
        return moved < _JUMP * diagonal and 1 / (1 + _JUMP) < size < 1 + _JUMP
