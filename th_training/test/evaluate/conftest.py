"""A small corpus of two emotions with a face, whose sound says most of what the face does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from th_face_renderer.face_model import FaceModel
from th_face_renderer.testing import synthetic_model
from th_training.aam.files import write_face
from th_training.corpus.format import Clip, Corpus, write_clip, write_manifest
from th_training.corpus.splits import folds
from th_training.evaluate.methods import Method

EMOTIONS = ("happy", "neutral")
FACE = synthetic_model()


def smooth(x: np.ndarray, width: int) -> np.ndarray:
    kernel = np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum()
    return np.stack([np.convolve(column, kernel, mode="same") for column in x.T], axis=1)


@pytest.fixture(scope="session")
def face() -> FaceModel:
    return FACE


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """20 clips of 70 to 90 frames; codes are a linear map of features two frames earlier, plus 1 if happy. `landmarks` are theirs."""
    folder: Path = tmp_path_factory.mktemp("judged")
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((40, 16)) / 6
    clips = []
    for k in range(20):
        frames = int(rng.integers(70, 90))
        features = smooth(rng.standard_normal((frames, 40)), 7) * 4
        emotion = EMOTIONS[k % 2]
        codes = np.roll(features @ mixing, 2, axis=0) + 0.05 * rng.standard_normal((frames, 16)) + (emotion == "happy")
        clip = Clip(
            id=f"clip{k:02d}",
            speaker="one",
            frames=frames,
            source=f"sentence {k}",
            emotion=emotion,
            text=f"<b>words {k}</b>",
        )
        codes = codes.astype(np.float32)
        landmarks = FACE.landmark_track(codes)
        arrays = {"features": features.astype(np.float32), "codes": codes, "landmarks": landmarks}
        clips.append(write_clip(folder, clip, **arrays))
    write_face(folder / "face.safetensors", FACE)
    return write_manifest(
        folder, clips, profile="robot", face_file="face.safetensors", left_out={"broken": "damaged video"}
    )


@pytest.fixture(scope="session")
def parts(corpus: Corpus) -> tuple[Corpus, ...]:
    return folds(corpus, 4, 0)


@pytest.fixture(scope="session")
def blurred(corpus: Corpus) -> Callable[..., Method]:
    """A method that knows the codes, with so much noise on them; `deaf_to`: emotions that it does not show."""

    def make(
        name: str, noise: float, kind: str = "proposed", network: str = "BBF", deaf_to: Sequence[str] = ()
    ) -> Method:
        rng = np.random.default_rng(1)
        codes = {}
        for clip in corpus.clips:
            true = corpus.load(clip)[1] - float(clip.emotion in deaf_to)
            codes[clip.id] = (true + noise * smooth(rng.standard_normal(true.shape), 9)).astype(np.float32)
        return Method(name, codes, kind, network)

    return make
