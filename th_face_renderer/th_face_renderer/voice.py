"""Which part of a code the voice owns: lips and jaw; and how busy they are."""

from __future__ import annotations

import numpy as np

from th_face_renderer.face_model import LANDMARKS, FaceModel, Floats

UPPER, LOWER = [61, 62, 63], [67, 66, 65]
"""Inner lips, in pairs."""

_STILL, _BUSY = 0.010, 0.028  # openings of the lips beyond rest, in distances between the outer corners of the eyes
_HELD = 8.0  # how much more it counts that lips and jaw stay than that the rest of the face moves
_SMOOTH = 1e-2
_CHIN = [6, 7, 8, 9, 10]
_CORNERS = [48, 54]
_MOUTH_MARGIN = 0.25  # of the mouth's width, around it, where the texture is the voice's


class Voice:
    """Of one face: the opening of the lips, and changes of code that leave lips and jaw to the voice.

    The projections are least squares over what can be seen: of all changes of shape (texture), the one that moves the landmarks
    (levels) outside the mouth most nearly as asked while the lips' opening, the mouth's width and the chin (the levels around
    the mouth) stay.
    """

    def __init__(self, model: FaceModel) -> None:
        rest = model.landmarks(model.rest)
        self._shape = model.dimensions[0]
        modes = model.shape_modes[:, :LANDMARKS].astype(np.float64)
        self._opening = (modes[:, LOWER, 1] - modes[:, UPPER, 1]).mean(axis=1).astype(np.float32)
        self._eyes = max(float(np.linalg.norm(rest[45] - rest[36])), 1e-6)
        self._gap = float((model.shape_mean[LOWER, 1] - model.shape_mean[UPPER, 1]).mean())
        self._rest = float(model.rest[: self._shape] @ self._opening)
        owned = np.concatenate(
            [
                (modes[:, LOWER, 1] - modes[:, UPPER, 1]).T,
                (modes[:, 57, 1] - modes[:, 51, 1])[None],
                (modes[:, 54, 0] - modes[:, 48, 0])[None],
                modes[:, _CHIN, 1].T,
            ]
        )
        free = modes[:, [*range(17, 48), *_CORNERS]].copy()
        free[:, -2:, 0] = 0.0  # of the corners only up and down
        self.shape_projection = _projection(free.reshape(self._shape, -1), owned.T)
        self.appearance_projection = _projection(*_levels(model, rest))

    def opening(self, code: Floats) -> float:
        """The gap between the lips, in distances between the outer corners of the eyes, at least 0."""
        return max((self._gap + float(code[: self._shape] @ self._opening)) / self._eyes, 0.0)

    def busy(self, code: Floats) -> float:
        """0 where the lips are together as at rest, 1 where they are plainly open."""
        beyond = (float(code[: self._shape] @ self._opening) - self._rest) / self._eyes
        return min(max((beyond - _STILL) / (_BUSY - _STILL), 0.0), 1.0)

    def spare(self, change: Floats) -> Floats:
        """A change of code (S + A,) as nearly as can be without lips and jaw."""
        return np.concatenate(
            [change[: self._shape] @ self.shape_projection, change[self._shape :] @ self.appearance_projection]
        ).astype(np.float32)


def _projection(free: np.ndarray, owned: np.ndarray) -> Floats:
    """(M, M): a change @ this moves what is free (M, F) as it would, and what is owned (M, O) hardly."""
    gram, held = free @ free.T, owned @ owned.T
    ridge = _SMOOTH * max(float(np.trace(gram)), 1e-12) / len(gram)
    return np.linalg.solve(gram + _HELD * held + ridge * np.eye(len(gram)), gram).T.astype(np.float32)


def _levels(model: FaceModel, rest: Floats) -> tuple[np.ndarray, np.ndarray]:
    """The texture's modes (A, ..) outside and around the mouth, every fourth texel of both directions."""
    y0, x0, _, _ = model.roi
    mouth = model.reference[48:60]
    margin = _MOUTH_MARGIN * float(np.ptp(mouth[:, 0]))
    low, high = mouth.min(axis=0) - margin, mouth.max(axis=0) + margin
    thin = model.texture_modes[:, ::4, ::4].astype(np.float64)
    y, x = np.mgrid[: thin.shape[1], : thin.shape[2]] * 4.0
    inside = (x + x0 >= low[0]) & (x + x0 <= high[0]) & (y + y0 >= low[1]) & (y + y0 <= high[1])
    return thin[:, ~inside].reshape(len(thin), -1), thin[:, inside].reshape(len(thin), -1)
