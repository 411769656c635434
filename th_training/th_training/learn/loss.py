"""The error that training makes small."""

from __future__ import annotations

import torch
from torch import Tensor


def masked_error(
    predicted: Tensor,
    true: Tensor,
    mask: Tensor,
    *,
    weights: Tensor,
    level: float = 1.0,
    velocity: float = 0.0,
    velocity_sd: Tensor | None = None,
) -> Tensor:
    """Mean squared error over the frames that count, and optionally that of the movement.

    Args:
        predicted, true: (N, T, D), standardised.
        mask: bool (N, T).
        weights: of each dimension (D,), mean 1.
        level: share of the second part of the error that counts, which is a sum of two: the movement around a stretch's mean, and the mean
            itself. Where a clip's own mean was taken off its codes, that mean depends on all that is said in the clip, and
            nothing heard so far tells it: CORR takes it out. 1: the plain squared error.
        velocity: weight of the second term, the squared error of steps from frame to frame in units of `velocity_sd` (D,).
    """
    error = predicted - true
    result = (error.square() * weights)[mask].mean()
    if level != 1.0:
        counted = mask.unsqueeze(-1).to(error.dtype)
        frames = counted.sum(1)
        means = (error * counted).sum(1) / frames.clamp(min=1.0)
        share = (means.square() * weights * frames).sum() / (frames.sum() * error.shape[-1])
        result = result - (1.0 - level) * share
    if velocity > 0:
        assert velocity_sd is not None
        both = mask[:, 1:] & mask[:, :-1]
        steps = torch.diff(error, dim=1) / velocity_sd
        if both.any():
            result = result + velocity * (steps.square() * weights)[both].mean()
    return result
