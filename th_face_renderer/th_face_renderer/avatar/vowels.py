"""ARKit's weights as the few expressions that every VRM avatar has: five vowels, a blink, four looks.

A mouth is taken for a blend of five vowels: shares of 0 or more with which the poses below come nearest to jaw, funnel, pucker and
stretch (non-negative least squares). Lips that are together say no vowel: the shares' sum is at most what the jaw is open, of what the
closest of the five has.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from th_face_renderer.avatar.body import PLACE
from th_face_renderer.schedule import Floats

VOWELS: dict[str, tuple[float, float, float, float]] = {
    "A": (0.30, 0.00, 0.00, 0.00),
    "I": (0.15, 0.00, 0.00, 0.25),
    "U": (0.19, 0.00, 1.00, 0.00),
    "E": (0.24, 0.00, 0.00, 0.15),
    "O": (0.19, 0.15, 0.60, 0.00),
}
"""jawOpen, mouthFunnel, mouthPucker, mouthStretch of the default face when it says each of them plainly."""

JAW = 3.0
"""How much more a difference of the jaw counts: its weights are small."""

_UNITS = ("jawOpen", "mouthFunnel", "mouthPucker", "mouthStretchLeft")
_PLACES = np.array([PLACE[name] for name in _UNITS])
_SCALE = np.array([JAW, 1.0, 1.0, 1.0])
_POSES = np.array(list(VOWELS.values())) * _SCALE
_A, _I = 0, 1
_LEAST_JAW = min(pose[0] for pose in VOWELS.values())


def _solvers() -> np.ndarray:
    """(23, 5, 4): the least-squares shares for every choice of vowels; the best choice without a negative share is the solution.

    E lies between A and I, so that these two are never needed together, and without them the solution is one alone.
    """
    found = []
    for count in range(1, len(_POSES)):
        for chosen in combinations(range(len(_POSES)), count):
            if {_A, _I} <= set(chosen):
                continue
            solver = np.zeros((len(_POSES), _POSES.shape[1]))
            solver[list(chosen)] = np.linalg.pinv(_POSES[list(chosen)].T)
            found.append(solver)
    return np.array(found)


_SOLVERS = _solvers()


def vowels(weights: Floats) -> Floats:
    """Weights (52,) -> shares (5,) of VOWELS, 0..1, at most 1 together."""
    mouth = weights[_PLACES] * _SCALE
    shares = _SOLVERS @ mouth
    residuals = np.square(shares @ _POSES - mouth).sum(-1)
    residuals[(shares < -1e-9).any(-1)] = np.inf
    best = int(np.argmin(residuals))  # never infinite: of one vowel alone the share cannot be negative
    found = np.maximum(shares[best], 0.0)
    most = min(1.0, float(weights[_PLACES[0]]) / _LEAST_JAW)
    total = float(found.sum())
    return (found * min(1.0, most / total) if total > 0 else found).astype(np.float32)


def vrm(weights: Floats) -> Floats:
    """Weights (52,) -> (10,): the five vowels, blink of both eyes, looks up, down, left, right (the avatar's own)."""

    def mean(*names: str) -> float:
        return float(np.mean([weights[PLACE[name]] for name in names]))

    blink = mean("eyeBlinkLeft", "eyeBlinkRight")
    up, down = mean("eyeLookUpLeft", "eyeLookUpRight"), mean("eyeLookDownLeft", "eyeLookDownRight")
    left, right = mean("eyeLookOutLeft", "eyeLookInRight"), mean("eyeLookInLeft", "eyeLookOutRight")
    return np.array([*vowels(weights), blink, up, down, left, right], np.float32)


VRM0 = (*VOWELS, "Blink", "LookUp", "LookDown", "LookLeft", "LookRight")
VRM1 = ("aa", "ih", "ou", "ee", "oh", "blink", "lookUp", "lookDown", "lookLeft", "lookRight")
