"""What is done to the features before the network hears them: a measured voice, or slow adaptation, or nothing."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

from th_common.errors import InputError
from th_face_predictor.adaptation import VoiceAdaptation
from th_face_predictor.known_voices import KnownVoices, corrected
from th_face_predictor.voice import FRAME_RATE, Voice, learn

REMEMBERED = 60
"""s of features that are kept in memory, for whoever asks what voice that was."""
USUAL = 30.0
"""s of them that a voice is measured on if nobody says how much."""


class Ear:
    """Features one by one; what comes out depends on them alone. `push` is called in one thread, all else from any.

    Args:
        known: the voices of the model; None: it does not say, and nothing is ever changed.
        profile: of the features.
    """

    def __init__(self, known: KnownVoices | None, *, profile: str) -> None:
        self._known, self._profile = known, profile
        self._lock = threading.Lock()
        self._heard: deque[np.ndarray] = deque(maxlen=REMEMBERED * FRAME_RATE)
        self._voice: Voice | None = None
        self._offset: np.ndarray | None = None
        self._adaptation: VoiceAdaptation | None = None

    def push(self, feature: np.ndarray, *, first: bool) -> np.ndarray:
        """The next frame (40,), finite; `first` of its stream. Returns float32 (40,)."""
        with self._lock:
            self._heard.append(feature)
            if self._offset is not None:
                return corrected(feature[None], self._offset)[0]
            if self._adaptation is None:
                return feature
            if first:
                self._adaptation.reset()
            return np.asarray(self._adaptation.push(feature[None])[0])

    def forget(self) -> None:
        """What was heard is over: nobody is told of it any more."""
        with self._lock:
            self._heard.clear()

    def check(self, voice: Voice) -> np.ndarray:
        """What a voice changes, (14,). Raises InputError where it does not fit the model, or is too far from its voices."""
        if self._known is None:
            raise InputError(
                "this model does not say which voices it knows (th voices), so none can be brought among them"
            )
        if voice.profile != self._profile:
            raise InputError(
                f"the voice was measured in features {voice.profile!r}, this model hears {self._profile!r}"
            )
        return self._known.correction(voice)

    def use(self, voice: Voice | None, *, adapt: bool) -> None:
        """Hear with a measured voice from now on, or with none: then, with `adapt`, what is far off is slowly brought nearer.

        Raises:
            InputError: as `check`; all is then as it was.
        """
        offset = None if voice is None else self.check(voice)
        with self._lock:
            self._voice, self._offset = voice, offset
            if voice is not None or not adapt or self._known is None:
                self._adaptation = None
            elif self._adaptation is None:
                self._adaptation = VoiceAdaptation(self._known)

    def learn(self, features: np.ndarray, name: str) -> Voice:
        """Measure the voice in features (T, 40) as they came. Raises InputError as `voice.learn` and `check`."""
        voice = learn(features, profile=self._profile, name=name)
        self.check(voice)
        return voice

    def recent(self, seconds: float) -> np.ndarray:
        """The last seconds of what was heard, as it came (0: USUAL), (T, 40). Raises InputError where there is nothing, or for absurd seconds."""
        if not 0.0 <= seconds <= REMEMBERED:
            raise InputError(f"seconds must lie between 0 and {REMEMBERED}, not {seconds:g}")
        with self._lock:
            heard = list(self._heard)
        last = heard[-round((seconds or USUAL) * FRAME_RATE) :]
        if not last:
            raise InputError("nothing was heard yet")
        return np.stack(last)

    def tell(self, voice: Voice) -> str:
        """What a voice is like and what it changes, in words."""
        assert self._known is not None
        return self._known.describe(voice)

    @property
    def state(self) -> str:
        """In use: the name of a voice, `adapting`, or `none`."""
        with self._lock:
            if self._voice is not None:
                return self._voice.name or "unnamed"
            return "none" if self._adaptation is None else "adapting"

    @property
    def moved(self) -> float:
        """How far features are moved now, in distances between voices; 0: they are as they came."""
        with self._lock:
            offset = self._offset if self._adaptation is None else self._adaptation.offset
        return 0.0 if offset is None or self._known is None else self._known.length(offset)
