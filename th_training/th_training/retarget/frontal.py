"""Landmarks of a turning head as they would be seen from the front: place, size, tilt, yaw and pitch of the head taken out.

A similarity alone leaves yaw and pitch, which narrow the mouth and raise it on the face. Here the head is a person's own
landmarks seen from the front with the depths of the MakeHuman head (CC0), under scaled orthographic projection; its pose is
found from points that no expression moves, and every point is brought back along its depth.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter1d

from th_training.landmarks.measures import inter_ocular
from th_training.landmarks.pose import move, similarity

RIGID = np.array([*range(27, 36), 36, 39, 42, 45])
"""Nose and the eyes' corners. The jaw's contour is another line of the skin with every turn of the head."""
EYE_CORNERS = np.array([36, 39, 42, 45])
STEADY = 0.1
"""s, sd of the smoothing of the head's turning and size: heads are slower than lips, and noise in them would move all points."""
_FARTHEST = 0.7  # rad that yaw and pitch may reach
_USUAL = 0.3  # rad, sd of yaw and pitch before anything is measured,
_NOISE = 0.02  # and inter-ocular distances, that of a landmark
_STEPS, _ROUNDS = 5, 3


@lru_cache(maxsize=1)
def generic() -> np.ndarray:
    """(68, 3) the MakeHuman head's landmarks in inter-ocular distances: x right, y down, z to the viewer, the eyes at 0."""
    from th_training.actor.head import Head

    head = Head()
    points = head.points({}, head.landmark_ids).astype(np.float64) * (1, -1, 1)
    return (points - points[EYE_CORNERS].mean(0)) / np.linalg.norm(points[45] - points[36])


def own_shape(landmarks: np.ndarray) -> np.ndarray:
    """(68, 2) a person from the front, of landmarks (N, 68, 2) px without NaN: eyes' corners about 0, 1 apart, level.

    The person's usual way to hold the head counts as the front.
    """
    rigid = generic()[RIGID, :2]
    aligned = np.stack([move(points, similarity(points[RIGID], rigid)) for points in landmarks])
    shape = _upright(np.median(aligned, 0))
    for _ in range(_ROUNDS):
        shape = _upright(np.median(_brought_back(landmarks, shape, *_turned(landmarks, shape)), 0))
    return shape


def frontal(landmarks: np.ndarray, shape: np.ndarray, fps: float) -> np.ndarray:
    """Landmarks (T, 68, 2) px of successive pictures from the front, in the frame and unit of the person's `shape` (68, 2)."""
    angles, size, tilt = _turned(landmarks, shape)
    steady = (gaussian_filter1d(value, STEADY * fps, axis=0, mode="nearest") for value in (angles, np.log(size), tilt))
    angles, size, tilt = steady
    return _brought_back(landmarks, shape, angles, np.exp(size), tilt)


def project(points: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Points (P, 3) turned by yaw and pitch (..., 2) rad -> (..., P, 2): positive yaw moves what is near to the right."""
    x, y, z = points.T
    yaw, pitch = angles[..., :1], angles[..., 1:]
    back = -x * np.sin(yaw) + z * np.cos(yaw)
    return np.stack([x * np.cos(yaw) + z * np.sin(yaw), y * np.cos(pitch) - back * np.sin(pitch)], -1)


def _turned(landmarks: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Yaw and pitch (T, 2) rad, size (T,) px and tilt (T,) rad: Gauss-Newton over all pictures at once."""
    model = np.c_[shape, generic()[:, 2]][RIGID]
    seen = landmarks[:, RIGID].astype(np.float64)
    angles = np.zeros((len(seen), 2))
    steps = np.eye(2) * 1e-4
    prior = np.diag([0, 0, 0, 0, 1, 1]) * (_NOISE / _USUAL) ** 2
    for _ in range(_STEPS):
        drawn = project(model, angles)
        a, b, shift = _similarities(drawn, seen)
        turns = [_placed(project(model, angles + step) - drawn, a, b) / 1e-4 for step in steps]
        x, y = drawn[..., 0], drawn[..., 1]
        one, none = np.ones_like(x), np.zeros_like(x)
        columns = [np.stack(way, -1) for way in ((x, y), (-y, x), (one, none), (none, one))] + turns
        jacobian = np.stack(columns, -1).reshape(len(seen), -1, 6)
        missing = (seen - _placed(drawn, a, b) - shift[:, None]).reshape(len(seen), -1)
        size2 = (a**2 + b**2)[:, None, None]
        normal = np.einsum("tki,tkj->tij", jacobian, jacobian) + prior * size2
        wanted = np.einsum("tki,tk->ti", jacobian, missing)
        wanted[:, 4:] -= prior[4, 4] * size2[:, 0] * angles
        angles = np.clip(angles + np.linalg.solve(normal, wanted[..., None])[:, 4:, 0], -_FARTHEST, _FARTHEST)
    a, b, _ = _similarities(project(model, angles), seen)
    return angles, np.hypot(a, b), np.unwrap(np.arctan2(b, a)) if len(a) else a


def _brought_back(
    landmarks: np.ndarray, shape: np.ndarray, angles: np.ndarray, size: np.ndarray, tilt: np.ndarray
) -> np.ndarray:
    """(T, 68, 2) every point as it would be from the front, were its depth that of the generic head."""
    depth = generic()[:, 2]
    drawn = project(np.c_[shape, depth], angles)
    a, b = np.cos(tilt) / size, -np.sin(tilt) / size
    level = _placed(landmarks.astype(np.float64), a, b)
    level = level + (drawn[:, RIGID].mean(1) - level[:, RIGID].mean(1))[:, None]
    yaw, pitch = angles[:, :1], angles[:, 1:]
    x = (level[..., 0] - depth * np.sin(yaw)) / np.cos(yaw)
    back = -x * np.sin(yaw) + depth * np.cos(yaw)
    return np.stack([x, (level[..., 1] + back * np.sin(pitch)) / np.cos(pitch)], -1)


def _similarities(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least squares a, b (T,) and shift (T, 2) of target = [[a, -b], [b, a]] source + shift."""
    middle, aim = source.mean(1, keepdims=True), target.mean(1, keepdims=True)
    s, t = source - middle, target - aim
    power = np.maximum((s**2).sum((1, 2)), 1e-12)
    a = (s * t).sum((1, 2)) / power
    b = (s[..., 0] * t[..., 1] - s[..., 1] * t[..., 0]).sum(1) / power
    return a, b, (aim - _placed(middle, a, b))[:, 0]


def _placed(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Points (T, P, 2) scaled and turned by a, b (T,)."""
    a, b = a[:, None], b[:, None]
    return np.stack([a * points[..., 0] - b * points[..., 1], b * points[..., 0] + a * points[..., 1]], -1)


def _upright(shape: np.ndarray) -> np.ndarray:
    """(68, 2) moved so that the eyes' corners are about 0, the outer ones 1 apart and level."""
    way = shape[45] - shape[36]
    turn = np.array([[way[0], way[1]], [-way[1], way[0]]]) / inter_ocular(shape) ** 2
    return (shape - shape[EYE_CORNERS].mean(0)) @ turn.T
