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
    velocity: float = 0.0,
    velocity_sd: Tensor | None = None,
) -> Tensor:
    """Mean squared error over the frames that count, and optionally that of the movement.

    Args:
        predicted, true: (N, T, D), standardised.
        mask: bool (N, T).
        weights: of each dimension (D,), mean 1.
        velocity: weight of the second term, the squared error of steps from frame to frame in units of `velocity_sd` (D,).
    """
    error = predicted - true
    result = (error.square() * weights)[mask].mean()
    if velocity > 0:
        assert velocity_sd is not None
        both = mask[:, 1:] & mask[:, :-1]
        steps = torch.diff(error, dim=1) / velocity_sd
        if both.any():
            result = result + velocity * (steps.square() * weights)[both].mean()
    return result
