"""The shape half of the model: menpo's principal components of the 68 landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from menpo.model import PCAModel
from menpo.shape import PointCloud
from menpo.transform import GeneralizedProcrustesAnalysis

from th_common.errors import InputError
from th_training.aam.support import BROWS, EYES, INNER_MOUTH, LANDMARKS, MOUTH
from th_training.landmarks.pose import similarity


@dataclass(frozen=True, kw_only=True)
class Shape:
    """mean (68, 2) px, modes (S, 68, 2) px per sd, codes (N, S) in sd; explained: share of the landmarks' variance."""

    mean: np.ndarray
    modes: np.ndarray
    codes: np.ndarray
    explained: float


def landmark_weights() -> np.ndarray:
    """(68,) what a landmark counts: closed lips that gape by a pixel are seen, a pixel along the jaw is not.

    Measured on the drawn actor: weighting halves the error of the lips' gap (0.6 to 0.3 px rms at a portrait of 512 px)
    and costs 0.1 % of the explained variance.
    """
    weights = np.ones(LANDMARKS)
    weights[BROWS], weights[MOUTH], weights[EYES], weights[INNER_MOUTH] = 2.0, 3.0, 4.0, 8.0
    return weights


def fit_shape(landmarks: np.ndarray, *, modes: int = 8) -> Shape:
    """Principal modes of landmarks (N, 68, 2), each scaled to the sd of its codes.

    Raises InputError where the landmarks move in fewer independent ways than there shall be modes.
    """
    root = np.sqrt(landmark_weights())[:, None]
    model = PCAModel([PointCloud(points * root) for points in landmarks])
    if model.n_components < modes:
        raise InputError(f"the landmarks move in {model.n_components} ways: too few for {modes} shape modes")
    model.trim_components(modes)
    mean = model.mean().points / root
    axes = model.components.reshape(modes, LANDMARKS, 2) / root
    flat = axes.reshape(modes, -1)
    signs = np.sign(flat[np.arange(modes), np.abs(flat).argmax(1)])
    axes *= (signs * np.sqrt(model.eigenvalues))[:, None, None]
    codes = encode_shape(landmarks, mean, axes)
    lost = landmarks - mean - np.tensordot(codes, axes, 1)
    explained = 1 - (lost**2).sum() / ((landmarks - landmarks.mean(0)) ** 2).sum()
    return Shape(mean=mean, modes=axes, codes=codes, explained=float(explained))


def encode_shape(landmarks: np.ndarray, mean: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """(..., 68, 2) -> (..., S): least squares under `landmark_weights`."""
    weights = landmark_weights()[:, None]
    flat = modes.reshape(len(modes), -1).astype(np.float64)
    heavy = (modes * weights).reshape(len(modes), -1)
    solver = np.linalg.solve(heavy @ flat.T, heavy)
    return (landmarks - mean).reshape(*landmarks.shape[:-2], 2 * LANDMARKS) @ solver.T


def align(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Generalised Procrustes analysis (menpo's): the head's pose taken out of landmarks (N, 68, 2) of a video corpus.

    Returns aligned landmarks (N, 68, 2), in the mean place and size of the originals, and the similarities
    (N, 2, 3) that map each picture onto them (as cv2.warpAffine takes them).
    """
    clouds = [PointCloud(points - points.mean(0)) for points in landmarks]
    analysis = GeneralizedProcrustesAnalysis(clouds)
    target = analysis.mean_aligned_shape().points
    size = np.mean([np.linalg.norm(cloud.points) for cloud in clouds]) / np.linalg.norm(target)
    target = target * size + landmarks.reshape(-1, 2).mean(0)
    maps = np.stack([similarity(points, target) for points in landmarks])
    return np.einsum("nij,nkj->nki", maps[:, :, :2], landmarks) + maps[:, None, :, 2], maps
