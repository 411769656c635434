"""Augmentation changes what it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from th_training.learn.augment import Augmentation, augment


def test_augmentation_changes_what_it_says() -> None:
    x = np.random.default_rng(0).standard_normal((20, 40)).astype(np.float32)
    x[:5, 39] = 0.0
    sd = np.ones(40, np.float32)

    def change(**how: float) -> np.ndarray:
        return augment(x, sd, Augmentation(**how), np.random.default_rng(1)) - x

    assert not change().any()
    gain = change(gain=6.0)
    assert np.ptp(gain[:, 12]) < 1e-6
    assert 0 < abs(gain[0, 12]) <= 6.0 * np.log(10.0) / 10.0
    assert not np.delete(gain, 12, axis=1).any()
    channel = change(channel=0.5)
    assert np.ptp(channel[:, :12], axis=0).max() < 1e-6
    assert not channel[:, 12:].any()
    pitch = change(pitch=4.0)
    assert not pitch[:, :39].any()
    assert not pitch[:5].any()
    noise = change(noise=0.1)
    assert noise[:, :39].std() == pytest.approx(0.1, rel=0.1)
    assert not noise[:, 39].any()
