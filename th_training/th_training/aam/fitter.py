"""Fitting a face to pictures: from the picture before, or from a rough place at two scales."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.aam.fit_arrays import FitArrays, face_arrays
from th_training.aam.fit_level import Level, State, View
from th_training.aam.shape import similarity

STEPS = 8
"""Most steps from one picture to the next; three or four do."""
CLOSE = 0.1
"""px of the model: a step that moves the landmarks by less is the last. 0.02 takes half as long again for 0.003 px."""
GOOD = 0.9
"""Share of the variance explained above which a fit can hardly be a wrong one."""
LIMIT = 5.0
"""Shape parameters stay within +- this."""

_EVERY = 2  # texel, at full size: all of them take half as long again for 0.004 px
_PRIOR = 25.0  # levels^2: the variance of a texel that the model leaves
_LIGHT_NOISE = 2500.0  # levels^2: _PRIOR of a hundred texels that err alike
_DARKEST = 0.25  # of the light of the pictures that the face was built from
_RIGID = 1e9  # a prior that keeps the mean shape
_RELAXED = (
    (1e5, 20),
    (1e3, 8),
    (_PRIOR, 8),
)  # priors and steps at full size: brows slip into the hair if all is free at once
_SIZES = (0.87, 1.0, 1.15)
_OFFSETS = ((0.0, 0.0), (0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1))  # of the landmarks' diagonal
_CAUTION = (
    1e6,
    1e6,
    1e5,
)  # of the first steps, which hold the shape if they go far: 1 in 100 faces 2 px off is lost, 1 in 12 without
_WILD = 0.5  # a step that turns or scales the face by this much has lost it
_QUICK = 2.0  # px of the model between two pictures: less, and the head may as well be looked for where it was
_HEAD_STEPS = 6  # of the head alone, before each picture
_MISPLACED = 0.12  # of the variance around the head unexplained, and it is not where it was looked for
_AROUND = tuple(0.14 * np.array(o) for o in itertools.product((-1, 0, 1), repeat=2) if any(o))  # of the diagonal
_HEAD_CLOSE = 0.5  # px of the model: a step of the head by less is the last
_KEPT = 3  # places that go on from quarter to half size


@dataclass(frozen=True)
class Fit:
    """A face in a picture.

    landmarks (68, 2) px of the picture; shape (S,) and look (A,): parameters, look as far as the fit sees it;
    pose (2, 3): maps the model's own px (a face's canvas) to the picture; residual: rms of what is not explained, levels;
    explained: share of the variance inside the face that the model accounts for (1 at best, negative far off).
    """

    landmarks: np.ndarray
    pose: np.ndarray
    state: State
    residual: float
    explained: float

    @property
    def shape(self) -> np.ndarray:
        """(S,) shape parameters."""
        return self.state.shape

    @property
    def look(self) -> np.ndarray:
        """(A,) appearance parameters of the texels that the fit compares."""
        return self.state.look


class Fitter:
    """Fits one model to BGR pictures (uint8). Pictures may be of any size."""

    def __init__(self, arrays: FitArrays) -> None:
        half = arrays.halved()
        self._arrays = arrays
        self._quarter, self._half = Level(half.halved(), zoom=0.25), Level(half, zoom=0.5)
        self._fine = Level(arrays, every=_EVERY)
        self._modes = arrays.modes.reshape(len(arrays.modes), -1)

    @classmethod
    def of_face(cls, model: FaceModel, *, diagonal: float = 150.0) -> Fitter:
        """For a face, with this diagonal of the landmarks' bounding box. Raises InputError for less than 40 px."""
        return cls(face_arrays(model, diagonal=diagonal))

    def follow(
        self,
        image: np.ndarray,
        state: State,
        *,
        before: State | None = None,
        steps: int = STEPS,
        close: float = CLOSE,
    ) -> Fit:
        """The face of a picture in which it is near `state` (that of the picture before; `before`: of the one before that).

        First the head as it was is put in its place at a quarter of the size, from where it was or where it was going to:
        what moves a head by a few pixels and more would otherwise be taken for an expression.

        Raises InputError for something that is not an 8-bit colour picture.
        """
        guesses = [state]
        if before is not None and float(np.linalg.norm(state.shift - before.shift)) > _QUICK * state.size:
            guesses.append(state.onward(before))
        placed = self._placed(_checked(image), guesses)
        return self._run(self._fine, image, placed, steps, close=close)

    def start(self, image: np.ndarray, landmarks: np.ndarray) -> Fit:
        """The face of a picture from rough landmarks (68, 2): a tenth of the face off, 15 % too large or too small.

        The mean shape is placed at a quarter of the size from 15 places around, the best ones at half the size; at full
        size the shape is set free by and by. Raises InputError as `follow` and `state` do.
        """
        _checked(image)
        rough = self.state(landmarks)
        rough.shape[:] = 0
        points = self.landmarks(rough)
        centre, diagonal = points.mean(0), float(np.linalg.norm(np.ptp(points, axis=0)))
        found: list[Fit] = []
        for size, offset in itertools.product(_SIZES, _OFFSETS):
            shift = centre + (rough.shift - centre) * size + np.array(offset) * diagonal
            state = State(rough.turn * size, shift, rough.shape, rough.look)
            found.append(self._run(self._quarter, image, state, 8, prior=_RIGID, close=0.1))
        found.sort(key=lambda fit: -fit.explained)
        places: list[Fit] = []
        for fit in found:
            if all(np.abs(fit.landmarks - other.landmarks).mean() > 0.01 * diagonal for other in places[:_KEPT]):
                places.append(fit)
        placed = [self._run(self._half, image, p.state, 8, prior=_RIGID, close=0.1) for p in places[:_KEPT]]
        best: Fit | None = None
        for place in sorted(placed, key=lambda fit: -fit.explained):
            fit = self.restart(image, place.state)
            best = fit if best is None or fit.explained > best.explained else best
            if best.explained > GOOD:
                break
        assert best is not None
        return best

    def restart(self, image: np.ndarray, state: State) -> Fit:
        """The face of a picture whose place is known and whose shape is not, which is set free by and by."""
        fit = self._run(self._half, image, replace(state, shape=np.zeros_like(state.shape)), 8, prior=_RIGID, close=0.1)
        for prior, steps in _RELAXED:
            fit = self._run(self._fine, image, fit.state, steps, prior=prior)
        return fit

    def state(self, landmarks: np.ndarray) -> State:
        """The state whose landmarks are nearest to (68, 2) px of a picture. Raises InputError for other arrays."""
        points = np.asarray(landmarks, np.float64)
        if points.shape != self._arrays.points.shape or not np.isfinite(points).all():
            raise InputError(f"landmarks must be {self._arrays.points.shape} finite numbers, not {points.shape}")
        mean, modes = self._arrays.points, self._arrays.modes
        shape = np.zeros(len(modes))
        flat = modes.reshape(len(modes), -1)
        for _ in range(4):
            move = similarity(mean + np.tensordot(shape, modes, 1), points)
            level = (points - move[:, 2]) @ np.linalg.inv(move[:, :2]).T
            shape = np.linalg.lstsq(flat.T, (level - mean).ravel(), rcond=None)[0]
        move = similarity(mean + np.tensordot(shape, modes, 1), points)
        return State(move[:, :2], move[:, 2], shape, np.zeros(len(self._arrays.looks)))

    def landmarks(self, state: State) -> np.ndarray:
        """(68, 2) px of the picture."""
        points = self._arrays.points + (state.shape @ self._modes).reshape(-1, 2)
        return points @ state.turn.T + state.shift

    def pose(self, state: State) -> np.ndarray:
        """(2, 3): from the model's own px to the picture."""
        turn = state.turn * self._arrays.scale
        return np.c_[turn, state.shift - turn @ self._arrays.centre]

    def light(self, states: Iterable[State]) -> np.ndarray:
        """(6,): gains above 1 and offsets of a clip's channels, from states of its pictures; as near to none as explains them.

        What light could do and the face's look too is shared out by how far each of them usually goes.
        """
        found = np.array([np.r_[state.look, state.light] for state in states])
        mixing = self._fine.mixing
        known = mixing.T @ mixing / _LIGHT_NOISE
        usual = np.r_[np.full(len(self._arrays.looks), 1.0), np.full(3, 0.3), np.full(3, 30.0)][: len(mixing)]
        return np.linalg.solve(known + np.diag(usual**-2.0), known @ found.mean(0))[len(self._arrays.looks) :]

    def _placed(self, image: np.ndarray, guesses: list[State]) -> State:
        """The best of some states after a few steps of the head alone, at a quarter of the size.

        Where that explains little, the head is looked for around the first of them as well.
        """
        places = np.concatenate([self.landmarks(guess) for guess in guesses])
        view = View.around(image, places, self._quarter.zoom / guesses[0].size)
        first = guesses[0]
        if len(guesses) > 1:
            first = min((self._head(view, guess, 1) for guess in guesses), key=lambda one: one[0])[1]
        error, best = self._head(view, first, _HEAD_STEPS)
        if error > _MISPLACED * float((cv2.meanStdDev(view.image)[1] ** 2).mean()):
            size = float(np.linalg.norm(np.ptp(self.landmarks(guesses[0]), axis=0)))
            view = View.around(image, self.landmarks(guesses[0]), self._quarter.zoom / guesses[0].size, margin=0.4)
            rated = [(error, best)]
            for offset in _AROUND:
                guess = replace(guesses[0], shift=guesses[0].shift + offset * size)
                rated.append(self._head(view, guess, _HEAD_STEPS))
            error, best = min(rated, key=lambda one: one[0])
        return best if np.isfinite(error) else guesses[0]

    def _head(self, view: View, guess: State, steps: int) -> tuple[float, State]:
        """The mean square that is left before the last of some steps of the head alone, and the state after it."""
        state, error = replace(guess), np.inf
        for _ in range(steps):
            move, error = self._quarter.step(self._quarter.sample(view, state), state, 0.0, rigid=True)
            if not np.isfinite(move).all() or np.abs(move[:2]).max() > _WILD:
                return np.inf, guess
            state.step_back(move, limit=LIMIT)
            if self._quarter.moved(move) < _HEAD_CLOSE:
                break
        return error, state

    def _run(
        self,
        level: Level,
        image: np.ndarray,
        start: State,
        steps: int,
        *,
        prior: float = _PRIOR,
        close: float = CLOSE,
    ) -> Fit:
        state = replace(start)
        view = View.around(image, self.landmarks(state), level.zoom / state.size)
        for k in range(max(1, steps)):
            seen = level.sample(view, state)
            move, error = level.step(seen, state, prior, _CAUTION[k] if k < len(_CAUTION) else 0.0)
            if not np.isfinite(move).all() or np.abs(move[:2]).max() > _WILD:
                error = np.inf
                break
            state.step_back(move, limit=LIMIT)
            if level.moved(move) < close:
                break
        if len(state.light) and not _DARKEST < 1 + state.light[:3].mean() < 1 / _DARKEST:
            error = np.inf  # a wall would be a face almost without light
        explained = 1 - error / max(float(seen @ seen / len(seen) - seen.mean() ** 2), 1.0)
        return Fit(self.landmarks(state), self.pose(state), state, float(np.sqrt(error)), explained)


def _checked(image: np.ndarray) -> np.ndarray:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < 16:
        raise InputError(
            f"a picture must be uint8 (height, width, 3) of 16 px or more, not {image.dtype} {image.shape}"
        )
    return image
