"""What the codes of a face said lately, as numbers that a read-out (th_face_renderer.readout) understands."""

from __future__ import annotations

import math

import numpy as np

from th_face_renderer.face_model import FaceModel, Floats
from th_face_renderer.voice import Voice

HOLD = 0.3
"""The voice speaks so long (s) after the lips were last plainly open."""


class Heard:
    """What the codes of one face said lately: mean and spread of those in which the voice spoke, forgetting with time.

    Times are those of the sound, in s. `forget`: s in which what was said falls to 1/e.
    """

    def __init__(self, model: FaceModel, forget: float) -> None:
        self._voice, self._forget = Voice(model), forget
        self._width = sum(model.dimensions)
        self.clear()

    def clear(self) -> None:
        """Nobody has spoken."""
        self._sums = np.zeros((2, self._width))
        self._weight = 0.0
        self._opened = self._newest = -math.inf
        self._opening = 0.0

    def hear(self, code: Floats, time: float) -> None:
        """The code (D,) of the sound of a time; one from long before the newest (another clock, a new recording) begins anew."""
        if time < self._newest - 1.0:
            self.clear()
        share = self._share(time)
        self._sums *= share
        self._weight *= share
        self._newest = max(time, self._newest)
        self._opening = self._voice.opening(code)
        if self._voice.busy(code) >= 0.5:
            self._opened = self._newest
        if self.speaks(self._newest):
            frame = code.astype(np.float64)
            self._sums += (frame, frame * frame)
            self._weight += 1.0

    def speaks(self, time: float) -> bool:
        """Whether the voice speaks at a time: lips were plainly open not long before."""
        return time - self._opened < HOLD

    def opening(self, time: float) -> float:
        """Of the lips at a time, in distances between the outer corners of the eyes; 0 when no code has come for HOLD s."""
        return self._opening if time - self._newest < HOLD else 0.0

    def statistics(self, time: float) -> tuple[np.ndarray, float]:
        """Mean and spread (2 D,) of what was said up to a time, and how many s of it count; zeros where that is nothing."""
        weight = self._weight * self._share(time)
        if weight < 1e-2:
            return np.zeros(2 * self._width), 0.0
        mean, square = self._sums / self._weight
        return np.concatenate([mean, np.sqrt(np.maximum(square - mean * mean, 0.0))]), weight / 60.0

    def _share(self, time: float) -> float:
        """What is left of the weight of what was said, at a time."""
        return math.exp((self._newest - time) / self._forget) if time > self._newest > -math.inf else 1.0
