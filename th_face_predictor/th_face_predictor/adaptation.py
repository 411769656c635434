"""A voice that nobody has measured, brought back among the known ones while it speaks."""

from __future__ import annotations

import numpy as np

from th_face_predictor.known_voices import KnownVoices, corrected
from th_face_predictor.voice import PLACE, Listener

MEMORY = 60.0 * 60
"""Frames of speech (some two minutes of talking) that the running place remembers."""
PRIOR = 5.0 * 60
"""Frames that the mean of all voices counts for: so slowly the first words are believed."""


class VoiceAdaptation:
    """Features in, features out, moved by what the frames before them have shown; nothing is delayed.

    It depends on the frames alone, to the last bit, however they are cut into portions.
    """

    def __init__(self, known: KnownVoices, *, memory: float = MEMORY, prior: float = PRIOR) -> None:
        self._known, self._memory, self._prior = known, memory, prior
        self.reset()

    def reset(self) -> None:
        """Another sound begins: nothing is known of its voice."""
        self._listener = Listener(self._memory)
        self.offset = np.zeros(PLACE)
        self.distance = 0.0

    def push(self, features: np.ndarray) -> np.ndarray:
        """The next frames (n, 40), finite -> float32 (n, 40)."""
        out = np.empty(features.shape, np.float32)
        for k, row in enumerate(features):
            out[k] = corrected(row[None], self.offset)[0]
            if self._listener.hear(row):
                place = self._listener.place(self._known.mean, self._prior)
                self.distance = self._known.distance(place)
                self.offset = self._known.offset(place)
        return out
