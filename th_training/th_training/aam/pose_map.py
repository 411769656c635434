"""From the actor's muscles to facial codes without drawing, so that hours of animated speech become training data.

Shape is exact: landmarks are cheap, and their projection is the encoder's. Appearance is learnt from the frames that the
face model was built from: a linear map, and kernel ridge regression (Gaussian kernel) on what it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError, ModelError
from th_face_renderer.face_model import CODE_LIMIT, LANDMARKS, FaceModel
from th_training.aam.shape import encode_shape

MIN_R2 = 0.6  # held-out, mean over appearance modes; below, codes would not show what the pose shows
_HELD_OUT = 0.2
_RIDGES = (1e-3, 1e-2, 1e-1)
_WIDTHS = (1.0, 2.0, 4.0)  # of the kernel, in median distances
_CHUNK = 4096


@dataclass(frozen=True)
class PoseMap:
    """Smooth map from weights (U,) to appearance codes; figures: held-out R2 (mean, and per mode).

    linear (1 + S + U, A), anchors (M, S + U), dual (M, A), gamma, scale (S + U,) over inputs (shape code; weights).
    """

    shape_mean: np.ndarray
    shape_modes: np.ndarray
    scale: np.ndarray
    linear: np.ndarray
    anchors: np.ndarray
    dual: np.ndarray
    gamma: float
    figures: dict[str, float | list[float]]

    def codes(self, poses: np.ndarray, landmarks: np.ndarray | Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Poses (T, U) and their landmarks (T, 68, 2), or a function from one pose to (68, 2) -> (T, 16) float32.

        Raises InputError where they do not fit, or hold NaN.
        """
        points = np.stack([landmarks(pose) for pose in poses]) if callable(landmarks) else np.asarray(landmarks)
        if points.shape != (len(poses), LANDMARKS, 2) or poses.shape[1:] != (len(self.scale) - len(self.shape_modes),):
            raise InputError(f"poses {poses.shape} and landmarks {points.shape} do not fit each other or this map")
        if not (np.isfinite(points).all() and np.isfinite(poses).all()):
            raise InputError("poses or landmarks hold NaN or infinity")
        shape = encode_shape(points.astype(np.float64), self.shape_mean, self.shape_modes)
        inputs = np.concatenate([shape, poses], 1) * self.scale
        parts = [self._appearance(inputs[k : k + _CHUNK]) for k in range(0, len(inputs), _CHUNK)]
        appearance = np.concatenate(parts) if parts else np.empty((0, self.dual.shape[1]))
        return np.clip(np.concatenate([shape, appearance], 1), -CODE_LIMIT, CODE_LIMIT).astype(np.float32)

    def _appearance(self, inputs: np.ndarray) -> np.ndarray:
        return _affine(inputs) @ self.linear + _kernel(inputs, self.anchors, self.gamma) @ self.dual


def fit_pose_map(
    model: FaceModel,
    poses: np.ndarray,
    landmarks: np.ndarray,
    appearance: np.ndarray,
    *,
    seed: int = 0,
    least: float | None = MIN_R2,
) -> PoseMap:
    """Learn the map from drawn frames: poses (N, U), landmarks (N, 68, 2), appearance codes (N, A).

    Ridge and kernel width are chosen, and R2 is measured, on a fifth of the frames; the map kept is fitted on all. Poses may be
    (N, 0): then the appearance is told from the shape alone.

    Raises ModelError where the held-out R2, mean over modes, is below `least`.
    """
    mean = model.shape_mean[:LANDMARKS].astype(np.float64)
    modes = model.shape_modes[:, :LANDMARKS].astype(np.float64)
    raw = np.concatenate([encode_shape(landmarks, mean, modes), poses], 1)
    scale = 1 / np.maximum(raw.std(0), 0.05)
    inputs = raw * scale
    order = np.random.default_rng(seed).permutation(len(inputs))
    held, kept = np.split(order, [max(2, round(_HELD_OUT * len(order)))])
    median = _median_distance(inputs[kept])
    best: tuple[float, float, float, np.ndarray] | None = None
    for width in _WIDTHS:
        gamma = 0.5 / (width * median) ** 2
        for ridge in _RIDGES:
            linear, dual = _solve(inputs[kept], appearance[kept], gamma, ridge)
            guess = _affine(inputs[held]) @ linear + _kernel(inputs[held], inputs[kept], gamma) @ dual
            r2 = _r2(appearance[held], guess)
            if best is None or r2.mean() > best[0]:
                best = (float(r2.mean()), gamma, ridge, r2)
    assert best is not None
    score, gamma, ridge, r2 = best
    if least is not None and score < least:
        raise ModelError(f"appearance cannot be told from the pose: held-out R2 {score:.2f} is below {least}")
    linear, dual = _solve(inputs, appearance, gamma, ridge)
    figures: dict[str, float | list[float]] = {
        "pose_map_r2": round(score, 4),
        "pose_map_r2_per_mode": [round(float(x), 4) for x in r2],
    }
    return PoseMap(mean, modes, scale, linear, inputs, dual, gamma, figures)


def _solve(inputs: np.ndarray, targets: np.ndarray, gamma: float, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    design = _affine(inputs)
    penalty = 0.1 * np.eye(design.shape[1])
    penalty[0, 0] = 0
    linear = np.linalg.solve(design.T @ design + penalty, design.T @ targets)
    kernel = _kernel(inputs, inputs, gamma)
    return linear, np.linalg.solve(kernel + ridge * np.eye(len(kernel)), targets - design @ linear)


def _affine(inputs: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(inputs), 1)), inputs], 1)


def _kernel(a: np.ndarray, b: np.ndarray, gamma: float) -> np.ndarray:
    distance = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.exp(-gamma * np.maximum(distance, 0))


def _median_distance(inputs: np.ndarray) -> float:
    some = inputs[:: max(1, len(inputs) // 300)]
    distance = ((some[:, None] - some) ** 2).sum(-1)
    return float(np.sqrt(np.median(distance[distance > 0])))


def _r2(truth: np.ndarray, guess: np.ndarray) -> np.ndarray:
    return 1 - ((truth - guess) ** 2).sum(0) / np.maximum(((truth - truth.mean(0)) ** 2).sum(0), 1e-12)
