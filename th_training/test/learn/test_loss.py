"""The error that training makes small: which frames and which part of it count."""

from __future__ import annotations

import pytest
import torch

from th_training.learn.loss import CLOSED, REACH, Closing, masked_error, means


def draw() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    mask = torch.ones(3, 20, dtype=torch.bool)
    mask[1, 12:] = False
    weights = torch.tensor([0.5, 1.0, 1.5, 1.0])
    return torch.randn(3, 20, 4), torch.randn(3, 20, 4), mask, weights


def test_a_clip_that_is_off_as_a_whole_costs_only_its_level() -> None:
    predicted, true, mask, weights = draw()
    for n, length in enumerate(mask.sum(1).tolist()):  # no error in any clip's mean
        predicted[n, :length] += (true[n, :length] - predicted[n, :length]).mean(0)
    exact = masked_error(predicted, true, mask, weights=weights).item()
    off = predicted + torch.tensor([2.0, -1.0, 0.5])[:, None, None]
    lengths = mask.sum(1)
    shift = float((torch.tensor([4.0, 1.0, 0.25]) * lengths).sum() / lengths.sum())
    for level in (1.0, 0.1, 0.0):
        assert masked_error(predicted, true, mask, weights=weights, level=level).item() == pytest.approx(exact)
        assert masked_error(off, true, mask, weights=weights, level=level).item() == pytest.approx(
            exact + level * shift, rel=1e-5
        )


def test_a_face_that_does_not_move_has_nothing_but_its_level() -> None:
    """Who listens in silence is at rest, not a tenth at rest."""
    rng = torch.Generator().manual_seed(3)
    still = torch.full((2, 30, 4), 0.4)
    predicted = still + torch.randn((2, 30, 4), generator=rng)
    mask = torch.ones(2, 30, dtype=torch.bool)
    mask[1, 20:] = False
    still[1, 20:] = 7.0  # padding
    weights = torch.ones(4)
    whole = masked_error(predicted, still, mask, weights=weights)
    assert masked_error(predicted, still, mask, weights=weights, level=0.1).item() == pytest.approx(whole.item())


def test_level_does_not_look_at_frames_that_do_not_count() -> None:
    predicted, true, mask, weights = draw()
    before = masked_error(predicted, true, mask, weights=weights, level=0.1)
    predicted[1, 12:] = 1e3
    assert masked_error(predicted, true, mask, weights=weights, level=0.1).item() == pytest.approx(before.item())
    mask[2] = False  # not a frame of it counts
    assert torch.isfinite(masked_error(predicted, true, mask, weights=weights, level=0.1))


def test_means_are_of_the_frames_that_count() -> None:
    _, codes, mask, _ = draw()
    found = means(codes, mask)
    assert found.shape == (3, 1, 4)
    assert torch.allclose(found[1, 0], codes[1, :12].mean(0))
    assert not means(codes, torch.zeros_like(mask)).any()


def test_only_closed_lips_are_to_be_closed() -> None:
    mean, sd = torch.tensor([1.0, 0.0]), torch.tensor([2.0, 1.0])
    closing = Closing(torch.tensor([0.1, 0.0, 0.0]), mean, sd)  # opening: a tenth of the first code

    def at(*openings: float) -> torch.Tensor:
        codes = torch.zeros(1, len(openings), 2)
        codes[0, :, 0] = (torch.tensor(openings) / 0.1 - mean[0]) / sd[0]
        return codes

    true = at(0.0, 0.1, 0.0, 0.0, 0.2, CLOSED / 2)
    mask = torch.ones(1, 6, dtype=torch.bool)
    assert closing.closures(true).tolist() == [[False, False, True, True, False, False]], "not before and after speech"
    off = at(0.05, 0.3, 0.05, 0.0, 0.2, 0.1) - true
    assert closing(off, true, mask).item() == pytest.approx(0.05**2 / 6 / 0.2**2, rel=1e-4)
    mask[0, 2] = False
    assert closing(off, true, mask).item() == pytest.approx(0.0, abs=1e-9)
    pause = at(0.1, *[0.0] * 2 * REACH, 0.1)
    assert not closing.closures(pause)[0, REACH].any(), "a pause is no closure"
