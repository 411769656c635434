"""Training data: the usable clips of a split, read when they are needed, and their statistics."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field

import numpy as np

from th_common.errors import InputError
from th_training.corpus.format import Clip, Corpus
from th_training.corpus.phones import comparative_inputs
from th_training.learn.recipes import PHONEMES, SOUND

CACHE_BYTES = 1 << 30
SMALLEST_SD = 1e-3
SHORTEST = 2


@dataclass
class Clips:
    """The usable clips of one split; damaged ones are left out by name.

    Attributes:
        inputs: what the network hears of a clip: `SOUND` (T, 40), or `PHONEMES` (T, 148).
        content: SHA-256 of all that was read.
    """

    corpus: Corpus
    clips: tuple[Clip, ...]
    centre: bool = False
    inputs: str = SOUND
    left_out: dict[str, str] = field(default_factory=dict)
    content: str = ""
    _cache: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)
    _cached: int = 0

    @classmethod
    def of(cls, corpus: Corpus, split: str, *, centre: bool = False, inputs: str = SOUND) -> Clips:
        """Take the clips of a split that can be read, are finite, and have at least two frames."""
        result = cls(corpus, corpus.split(split), centre, inputs)
        good = []
        width = _code_width(corpus)
        digest = hashlib.sha256()
        for clip in result.clips:
            try:
                features, codes = result.read(clip)
                if len(features) < SHORTEST:
                    raise InputError(f"{len(features)} frame{'s' * (len(features) != 1)} are no movement")
                if not (np.isfinite(features).all() and np.isfinite(codes).all()):
                    raise InputError("NaN or infinity in it")
                if codes.shape[1] != width:
                    raise InputError(f"codes of {codes.shape[1]} numbers, others have {width}")
            except InputError as error:
                result.left_out[clip.id] = str(error)
                continue
            digest.update(f"{clip.id} {clip.speaker} {features.shape}".encode() + features.tobytes() + codes.tobytes())
            good.append(clip)
        result.clips = tuple(good)
        result.content = digest.hexdigest()
        return result

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def frames(self) -> int:
        """Frames of all clips together."""
        return sum(clip.frames for clip in self.clips)

    def read(self, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and codes of a clip as recorded. Raises InputError where they are missing or damaged."""
        if self.inputs == SOUND:
            return self.corpus.load(clip)
        return comparative_inputs(self.corpus, clip), self.corpus.load(clip)[1]

    def load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (T, 40 or 148) and codes (T, D) of a clip; codes without their mean if `centre`."""
        clip = self.clips[index]
        if clip.id in self._cache:
            return self._cache[clip.id]
        features, codes = self.read(clip)
        if self.centre:
            codes = codes - codes.mean(axis=0)
        size = features.nbytes + codes.nbytes
        if self._cached + size <= CACHE_BYTES:
            self._cache[clip.id] = features, codes
            self._cached += size
        return features, codes


def _code_width(corpus: Corpus) -> int:
    """Of the first clip that can be read, those that are trained on first: the same for all splits. 0 where none can."""
    for clip in sorted(corpus.clips, key=lambda clip: clip.split != "train"):
        with contextlib.suppress(InputError):
            return corpus.load(clip)[1].shape[1]
    return 0


@dataclass(frozen=True)
class Statistics:
    """Means and standard deviations over the training clips.

    Attributes:
        code_mean: mean of the codes as recorded: what a predicted deviation is added to.
        target_mean: mean of what is learnt: `code_mean`, or zero where clips are centred.
        velocity_sd: of the codes' steps from frame to frame.
    """

    feature_mean: np.ndarray
    feature_sd: np.ndarray
    code_mean: np.ndarray
    code_sd: np.ndarray
    target_mean: np.ndarray
    velocity_sd: np.ndarray

    @classmethod
    def of(cls, clips: Clips) -> Statistics:
        """Read all clips once. Raises InputError where there are none."""
        if not len(clips):
            why = [f", the first left out is {clip}: {reason}" for clip, reason in clips.left_out.items()]
            raise InputError(f"{clips.corpus.folder}: no clip to train on{''.join(why[:1])}")
        features, codes, recorded, velocity = _Moments(), _Moments(), _Moments(), _Moments()
        for index, clip in enumerate(clips.clips):
            x, y = clips.load(index)
            features.add(x)
            codes.add(y)
            recorded.add(clips.read(clip)[1] if clips.centre else y)
            velocity.add(np.diff(y, axis=0))
        mean, sd = features.mean, features.sd
        if clips.inputs == PHONEMES:  # one-hot: stays as it is
            mean, sd = np.zeros_like(mean), np.ones_like(sd)
        return cls(mean, sd, recorded.mean, codes.sd, codes.mean, velocity.sd)

    def standard_codes(self, codes: np.ndarray) -> np.ndarray:
        """Codes (T, D) as the network learns them: float32."""
        return ((codes - self.target_mean) / self.code_sd).astype(np.float32)

    def tensors(self) -> dict[str, np.ndarray]:
        """As predictor.safetensors keeps them."""
        return {
            "feature.mean": self.feature_mean,
            "feature.sd": self.feature_sd,
            "code.mean": self.code_mean,
            "code.sd": self.code_sd,
        }


class _Moments:
    def __init__(self) -> None:
        self.count, self.sum, self.squares = 0, np.zeros(1), np.zeros(1)

    def add(self, x: np.ndarray) -> None:
        x = x.astype(np.float64)
        self.count += len(x)
        self.sum = self.sum + x.sum(axis=0)
        self.squares = self.squares + (x**2).sum(axis=0)

    @property
    def mean(self) -> np.ndarray:
        return (self.sum / self.count).astype(np.float32)

    @property
    def sd(self) -> np.ndarray:
        variance = self.squares / self.count - (self.sum / self.count) ** 2
        return np.maximum(np.sqrt(np.maximum(variance, 0.0)), SMALLEST_SD).astype(np.float32)
