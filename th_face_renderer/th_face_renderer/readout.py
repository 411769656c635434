"""What a face expresses, read off its codes: probabilities of seven emotions, and with them how the voice sounded.

Of the codes of the last seconds in which the voice spoke, mean and spread of every number are kept, the older the less they count. A
linear model of them (multinomial logistic regression, `th readout` learns it) gives the odds; with little evidence they stay near those
of the voices that it learnt from. What it is worth stands in docs/readout.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from th_common.errors import ModelError
from th_common.model_folder import EXPRESSION, Tensors, read_card, read_tensors, require
from th_face_renderer.expression import CIRCUMPLEX
from th_face_renderer.face_model import Floats
from th_face_renderer.heard import Heard

NAMES: tuple[str, ...] = ("neutral", "angry", "sad", "happy", "surprised", "disgusted", "scared")
"""In the order of th_msgs/ExpressionEstimate; ROS4HRI's words."""

SURE = 0.5
"""An emotion is named from this probability on: it is then likelier than all others together."""

_FAR = 1e6

_PLACES = np.array([CIRCUMPLEX[name] for name in NAMES])


@dataclass(frozen=True)
class Estimate:
    """What the face expresses at one time.

    probabilities (7,) as NAMES; named: the word for it, empty where none is SURE; valence, arousal -1..1: expected under the
    probabilities; opening of the lips in distances between the outer corners of the eyes; evidence: s of speech that count.
    """

    probabilities: Floats
    opening: float
    speaking: bool
    evidence: float

    @property
    def named(self) -> str:
        best = int(np.argmax(self.probabilities))
        return NAMES[best] if self.probabilities[best] >= SURE else ""

    @property
    def valence(self) -> float:
        return float(self.probabilities @ _PLACES[:, 0])

    @property
    def arousal(self) -> float:
        return float(self.probabilities @ _PLACES[:, 1])


class ReadOut:
    """A linear model of a face's statistics.

    Args:
        mean, scale: (2 D,) what statistics of D numbers are standardised with.
        weights: (2 D, 7); prior: (7,) logarithms of the odds where nothing was heard.
        forget: s in which evidence falls to 1/e; half: s of evidence with which it counts half.
        worth: how often it was right of clips of voices that it did not know, and how often the commonest emotion would have been;
            None where nobody has looked.

    Raises:
        ModelError: of other shapes, or times that are none.
    """

    def __init__(
        self,
        *,
        mean: np.ndarray,
        scale: np.ndarray,
        weights: np.ndarray,
        prior: np.ndarray,
        forget: float,
        half: float,
        worth: tuple[float, float] | None = None,
        source: str = "read-out",
    ) -> None:
        self.mean, self.scale, self.weights, self.prior = (
            np.ascontiguousarray(part, np.float64) for part in (mean, scale, weights, prior)
        )
        self.forget, self.half, self.worth = float(forget), float(half), worth
        width, count = len(self.mean), len(NAMES)
        shapes = self.scale.shape, self.weights.shape, self.prior.shape
        if shapes != ((width,), (width, count), (count,)) or width % 2 or not width or not (self.scale > 0).all():
            raise ModelError(f"{source}: {self.weights.shape} weights are not of a read-out of {count} emotions")
        largest = max(float(np.abs(part).max()) for part in (self.mean, self.weights, self.prior))
        if not largest < _FAR or not self.scale.min() > 1 / _FAR:  # NaN is not smaller either
            raise ModelError(f"{source}: numbers of {largest:g} are not of a read-out")
        if not (0.1 <= self.forget <= 600 and 0.0 < self.half <= 600):
            raise ModelError(f"{source}: to forget in {forget:g} s and believe half after {half:g} s makes no sense")

    @property
    def dimensions(self) -> int:
        """Length of the codes."""
        return len(self.mean) // 2

    def probabilities(self, statistics: np.ndarray, evidence: float | np.ndarray) -> Floats:
        """Statistics (..., 2 D) of so many s of speech (...) -> (..., 7)."""
        gain = np.asarray(evidence / (evidence + self.half))[..., None]
        scores = self.prior + gain * ((statistics - self.mean) / self.scale @ self.weights)
        odds = np.exp(scores - scores.max(-1, keepdims=True))
        return (odds / odds.sum(-1, keepdims=True)).astype(np.float32)

    def tensors(self) -> Tensors:
        """As they are written."""
        worth = {} if self.worth is None else {"worth": np.array(self.worth, np.float32)}
        return {
            **worth,
            "mean": self.mean.astype(np.float32),
            "scale": self.scale.astype(np.float32),
            "weights": self.weights.astype(np.float32),
            "prior": self.prior.astype(np.float32),
            "times": np.array([self.forget, self.half], np.float32),
        }

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, np.ndarray], dimensions: int, *, source: str) -> ReadOut:
        """The reverse. Raises ModelError: a tensor is missing, or does not fit codes of so many dimensions."""
        width, count = 2 * dimensions, len(NAMES)
        shapes = {"mean": (width,), "scale": (width,), "weights": (width, count), "prior": (count,), "times": (2,)}
        found = {name: require(dict(tensors), name, shape, source=source) for name, shape in shapes.items()}
        if any(tensor.dtype.kind != "f" for tensor in found.values()):
            raise ModelError(f"{source}: holds tensors that are no numbers")
        forget, half = found.pop("times").tolist()
        worth: tuple[float, float] | None = None
        if "worth" in tensors:
            right, commonest = require(dict(tensors), "worth", (2,), source=source).tolist()
            if not (0.0 <= right <= 1.0 and 0.0 <= commonest <= 1.0):
                raise ModelError(f"{source}: a worth of {right:g} and {commonest:g} is none")
            worth = (float(right), float(commonest))
        return cls(**found, forget=forget, half=half, worth=worth, source=source)


def estimate(read_out: ReadOut, heard: Heard, time: float) -> Estimate:
    """What is expressed, of what was heard up to a time."""
    statistics, evidence = heard.statistics(time)
    return Estimate(read_out.probabilities(statistics, evidence), heard.opening(time), heard.speaks(time), evidence)


def load_readout(folder: str | os.PathLike[str]) -> ReadOut | None:
    """The read-out of a model folder, None where the model has none.

    Raises:
        ModelError: the folder is no face model, or the read-out is damaged or does not fit its codes.
    """
    card = read_card(folder)
    if EXPRESSION not in card.files:
        return None
    tensors = read_tensors(folder, EXPRESSION, card)
    return ReadOut.of_tensors(tensors, card.dimensions, source=f"{Path(folder) / EXPRESSION}")
