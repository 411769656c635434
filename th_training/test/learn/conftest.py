"""A small corpus whose codes are a smooth function of its features: what training must be able to find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from th_training.corpus.format import Clip, Corpus, write_clip, write_manifest
from th_training.speech.phones import PHONES


def smooth(x: np.ndarray, width: int) -> np.ndarray:
    """Moving average over time."""
    kernel = np.hanning(width + 2)[1:-1]
    kernel /= kernel.sum()
    return np.stack([np.convolve(column, kernel, mode="same") for column in x.T], axis=1)


def synthetic_clip(rng: np.random.Generator, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Features move as speech does; codes follow six of them, smoothed over +-4 frames, through a soft limit."""
    features = smooth(rng.standard_normal((frames, 40)), 7) * 3.0
    mixing = np.random.default_rng(99).standard_normal((6, 16))
    codes = np.tanh(smooth(features[:, :6], 9) @ mixing / 2.0)
    return (features * 10.0 + 30.0).astype(np.float32), (codes * 0.8 + 0.3).astype(np.float32)


def synthetic_phones(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Phones of six frames each, (T, 4)."""
    names = rng.integers(0, len(PHONES), frames // 6 + 3)
    k = np.arange(frames) // 6
    state = np.full(frames, 2)
    state[::6], state[5::6] = 0, 1
    return np.stack((names[k], names[k + 1], names[k + 2], state), axis=1).astype(np.int16)


@pytest.fixture(scope="session")
def make_corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Corpus]:
    def make(
        *, train: int = 24, validation: int = 3, test: int = 3, frames: int = 150, seed: int = 0, phones: bool = False
    ) -> Corpus:
        folder: Path = tmp_path_factory.mktemp("corpus")
        rng = np.random.default_rng(seed)
        clips = []
        for split, count in (("train", train), ("validation", validation), ("test", test)):
            for k in range(count):
                length = frames + int(rng.integers(-20, 20)) if frames > 40 else frames
                features, codes = synthetic_clip(rng, length)
                clip = Clip(id=f"{split}{k}", speaker=f"voice{k % 3}", split=split, frames=length)
                arrays = {"features": features, "codes": codes}
                if phones:
                    arrays["phones"] = synthetic_phones(rng, length)
                clips.append(write_clip(folder, clip, **arrays))
        return write_manifest(folder, clips, profile="robot")

    return make


@pytest.fixture(scope="session")
def corpus(make_corpus: Callable[..., Corpus]) -> Corpus:
    return make_corpus()
