"""The appearance half of the model: principal components of textures, weighted by what is seen.

A mouth that is closed shows none of its inner texels: whatever the warp put there is not part of the picture, and a plain
principal component analysis would spend modes on it and blur the teeth. Here every triangle of every frame counts with the
area that it has in the picture (a weighted low-rank approximation: Gabriel and Zamir, 1979), and the principal axes of what
comes out are menpo's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from menpo.model import PCAVectorModel

from th_common.errors import InputError
from th_training.aam.texels import Layout

PRIOR = 1e-3  # of the data's weight: keeps codes small where nothing is seen

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Training frames in the texture frame: textures (N, K, 3) uint8 in the layout's order; visibility (N, T) 0..1."""

    textures: np.ndarray
    visibility: np.ndarray
    layout: Layout


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """mean (K, 3), modes (A, K, 3) in levels per sd; codes (N, A) in sd; explained: share of the seen variance."""

    mean: np.ndarray
    modes: np.ndarray
    codes: np.ndarray
    explained: float
    sd: np.ndarray


def fit_appearance(samples: Samples, *, modes: int = 8, rounds: int = 8) -> Appearance:
    """Mean and principal modes of textures as far as they are seen.

    Modes are orthogonal under the triangles' weights; each is scaled to the sd of its codes.

    Raises InputError for fewer than modes + 2 frames.
    """
    if len(samples.textures) < modes + 2:
        raise InputError(f"{modes} appearance modes need at least {modes + 2} frames, got {len(samples.textures)}")
    codes = _start(samples, modes)
    for step in range(rounds):
        mean, basis = _solve_texels(samples, codes)
        codes = TextureCoder(mean, basis, samples.layout).encode(samples.textures, samples.visibility)
        log.debug("appearance round %d", step + 1)
    mean, basis = _solve_texels(samples, codes)
    mean, basis, codes, sd = _principal(mean, basis, codes, samples)
    codes = TextureCoder(mean, basis, samples.layout).encode(samples.textures, samples.visibility)
    return Appearance(mean=mean, modes=basis, codes=codes, sd=sd, explained=_explained(samples, mean, basis, codes))


class TextureCoder:
    """Codes of textures under a mean (K, 3) and modes (A, K, 3): least squares over what is seen."""

    def __init__(self, mean: np.ndarray, modes: np.ndarray, layout: Layout) -> None:
        self._mean, self._modes = mean, modes
        self._spans, self._weights = layout.spans(), layout.weights
        self._gram = np.stack([_flat(modes, s) @ _flat(modes, s).T * self._weights[t] for t, s in self._spans])
        self._prior = PRIOR * np.diag(self._gram.sum(0).diagonal())

    def encode(self, textures: np.ndarray, visibility: np.ndarray) -> np.ndarray:
        """(N, K, 3) uint8 and (N, T) -> (N, A)."""
        seen = visibility[:, [t for t, _ in self._spans]]
        right = np.zeros((len(textures), len(self._modes)))
        for k, (t, span) in enumerate(self._spans):
            rest = textures[:, span].reshape(len(textures), -1).astype(np.float32) - self._mean[span].reshape(-1)
            right += (seen[:, k, None] * self._weights[t]) * (rest @ _flat(self._modes, span).T)
        left = np.einsum("nk,kab->nab", seen, self._gram) + self._prior
        return np.linalg.solve(left, right[..., None])[..., 0]


def _flat(modes: np.ndarray, span: slice) -> np.ndarray:
    return modes[:, span].reshape(len(modes), -1)


def _start(samples: Samples, modes: int) -> np.ndarray:
    """Codes (N, A) of menpo's PCA on a thinned set of texels, as seen: unseen parts are set to their mean."""
    columns = []
    for t, span in samples.layout.spans():
        thin = samples.textures[:, span][:, ::4].reshape(len(samples.textures), -1).astype(np.float64)
        seen = samples.visibility[:, t, None]
        mean = (seen * thin).sum(0) / seen.sum()
        columns.append(np.sqrt(seen * samples.layout.weights[t]) * (thin - mean))
    model = PCAVectorModel(np.concatenate(columns, 1), centre=False, max_n_components=modes)
    data = np.concatenate(columns, 1)
    codes = data @ model.components.T
    return codes / np.maximum(codes.std(0), 1e-9)


def _solve_texels(samples: Samples, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (K, 3) and modes (A, K, 3) that explain the textures best, given the codes."""
    count, pixels = samples.textures.shape[:2]
    design = np.c_[np.ones(count), codes]
    result = np.zeros((design.shape[1], pixels, 3), np.float32)
    for t, span in samples.layout.spans():
        weighted = design * samples.visibility[:, t, None]
        left = weighted.T @ design
        left += 1e-6 * np.trace(left) * np.eye(len(left))
        solver = np.linalg.solve(left, weighted.T).astype(np.float32)
        part = samples.textures[:, span].reshape(count, -1).astype(np.float32)
        result[:, span] = (solver @ part).reshape(len(left), -1, 3)
    return result[0], result[1:]


def _principal(
    mean: np.ndarray, modes: np.ndarray, codes: np.ndarray, samples: Samples
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same model on its principal axes (menpo's PCA within the span of the modes), in sd units."""
    root = np.repeat(np.sqrt(samples.layout.weights), np.diff(samples.layout.starts))[:, None] * np.ones(3)
    basis, triangle = np.linalg.qr((modes * root).reshape(len(modes), -1).T.astype(np.float64))
    inner = PCAVectorModel(codes @ triangle.T, max_n_components=len(modes), inplace=False)
    centre = (basis @ inner.mean()).reshape(mean.shape) / root
    axes = (inner.components @ basis.T).reshape(modes.shape) / root
    sd = np.sqrt(inner.eigenvalues)
    weights = (codes @ triangle.T - inner.mean()) @ inner.components.T
    signs = _signs(axes)
    return (
        (mean + centre).astype(np.float32),
        (axes * (signs * sd)[:, None, None]).astype(np.float32),
        weights * signs / sd,
        sd,
    )


def _signs(axes: np.ndarray) -> np.ndarray:
    """(A,) +-1 that make each axis' largest entry positive: a PCA's sign is arbitrary, a face's should not be."""
    flat = axes.reshape(len(axes), -1)
    return np.sign(flat[np.arange(len(flat)), np.abs(flat).argmax(1)])


def _explained(samples: Samples, mean: np.ndarray, modes: np.ndarray, codes: np.ndarray) -> float:
    """Share of the textures' seen, weighted variance that mean + codes reproduce."""
    lost = total = 0.0
    for t, span in samples.layout.spans():
        part = samples.textures[:, span].reshape(len(codes), -1).astype(np.float32)
        seen = samples.visibility[:, t, None].astype(np.float32)
        average = (seen * part).sum(0) / seen.sum()
        model = mean[span].reshape(-1) + codes.astype(np.float32) @ _flat(modes, span)
        lost += float((seen * (part - model) ** 2).sum() * samples.layout.weights[t])
        total += float((seen * (part - average) ** 2).sum() * samples.layout.weights[t])
    return 1.0 - lost / max(total, 1e-12)
