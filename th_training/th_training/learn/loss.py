"""The error that training makes small."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool1d, pad

CLOSED = 0.012
"""Opening, in inter-ocular distances, up to which lips are closed."""

OPEN, REACH = 0.03, 15
"""Opening from which on they are open, and frames (0.25 s) that a closure lasts at most: m, b and p, no pause."""

STILL = 1e-3
"""Standard deviations by which a face that does not move may differ from its mean."""


def means(codes: Tensor, mask: Tensor) -> Tensor:
    """The mean (N, 1, D) of each stretch of codes (N, T, D) over the frames (N, T) that count."""
    counted = mask.unsqueeze(-1).to(codes.dtype)
    return (codes * counted).sum(1, keepdim=True) / counted.sum(1, keepdim=True).clamp(min=1.0)


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
            nothing heard so far tells it: CORR takes it out. A face that does not move (a clip in which nobody speaks) has nothing but its
            level, which counts in full. 1: the plain squared error.
        velocity: weight of the second term, the squared error of steps from frame to frame in units of `velocity_sd` (D,).
    """
    error = predicted - true
    result = (error.square() * weights)[mask].mean()
    if level != 1.0:
        counted = mask.unsqueeze(-1).to(error.dtype)
        frames = counted.sum(1)
        off = means(error, mask).squeeze(1)
        around = (true - means(true, mask)) * counted
        moves = (around.abs().amax((1, 2)) > STILL).to(error.dtype).unsqueeze(-1)
        share = (off.square() * moves * weights * frames).sum() / (frames.sum() * error.shape[-1])
        result = result - (1.0 - level) * share
    if velocity > 0:
        assert velocity_sd is not None
        both = mask[:, 1:] & mask[:, :-1]
        steps = torch.diff(error, dim=1) / velocity_sd
        if both.any():
            result = result + velocity * (steps.square() * weights)[both].mean()
    return result


class Closing:
    """The error of the lips' opening where they close for a sound: closed, and open shortly before and after.

    Args:
        lips: opening by code dimension and at code zero (D + 1,), in inter-ocular distances.
        mean, sd: of the codes (D,): what is predicted is standardised.
    """

    def __init__(self, lips: Tensor, mean: Tensor, sd: Tensor) -> None:
        self.slopes = lips[:-1] * sd
        self.zero = (lips[:-1] * mean).sum() + lips[-1]

    def __call__(self, error: Tensor, true: Tensor, mask: Tensor) -> Tensor:
        """Mean over the frames that count of the squared error in opening, 0 where the true codes (N, T, D) do not close the lips.

        In units of the opening's variance, as it would be if the codes' dimensions knew nothing of each other.
        """
        off = (error @ self.slopes).square() * self.closures(true)
        return off[mask].mean() / self.slopes.square().sum()

    def closures(self, true: Tensor) -> Tensor:
        """Bool (N, T): where codes (N, T, D) close the lips between open ones, neither of them more than REACH frames away."""
        opening = true @ self.slopes + self.zero
        opened = (opening > OPEN).to(opening.dtype)
        before = max_pool1d(pad(opened, (REACH, 0)), REACH + 1, 1)
        after = max_pool1d(pad(opened, (0, REACH)), REACH + 1, 1)
        return (opening < CLOSED) & (before > 0) & (after > 0)
