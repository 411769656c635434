"""What voices a network has heard in training, and how a voice from outside is brought back among them.

The places (`voice`) of all clips of a training corpus have a mean and a covariance: speakers, microphones, rooms and levels together. By the
Mahalanobis distance from that mean a new voice lies among them, or further out. Among them the network knows best: nothing is
changed, for every shift that was tried made such voices worse (docs/voices.md). One further out than `reach` is moved straight towards the
mean until it is at `reach`: a constant added to c1..c12 and e, and a factor of F0. Deltas stay as they are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError, ModelError
from th_common.model_folder import VOICES, Card, Tensors, read_tensors, require
from th_face_predictor.voice import F0, FAINTEST, FRAME_RATE, PLACE, STATICS, Listener, Voice, level

REACH = 75.0
"""Percentile of the clips' distances beyond which a voice is moved."""
FARTHEST = 12.0
"""Distance up to which voices were measured to gain or to stay as they are; what is further off is no voice, or a broken microphone."""
SHORTEST = 45
"""Frames of speech that a clip needs to count."""
FADE = 6.0
"""dB above FAINTEST from which a voice is moved as far as it should."""
PRIOR = 60.0
"""Frames that the mean of all voices counts for beside a voice's own."""


@dataclass(frozen=True, eq=False)
class KnownVoices:
    """The places that a network was trained on.

    Attributes:
        mean: (14,) of their places.
        covariance: (14, 14).
        reach: the distance beyond which a voice is moved.
    """

    mean: np.ndarray
    covariance: np.ndarray
    reach: float

    def __post_init__(self) -> None:
        if self.mean.shape != (PLACE,) or self.covariance.shape != (PLACE, PLACE):
            raise ModelError(f"places of known voices have {self.mean.shape} numbers, not ({PLACE},)")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.covariance).all()):
            raise ModelError("places of known voices hold NaN or infinity")
        try:
            np.linalg.cholesky(self.covariance)
        except np.linalg.LinAlgError:
            raise ModelError("the covariance of known voices is not positive definite") from None
        if not 0.0 < self.reach < FARTHEST:
            raise ModelError(f"reach of known voices must lie between 0 and {FARTHEST:g}, not {self.reach}")
        object.__setattr__(self, "_precision", np.linalg.inv(self.covariance))

    @classmethod
    def of(cls, clips: list[np.ndarray]) -> KnownVoices:
        """Measure the voices of training clips, features (T, 40) each.

        Raises:
            InputError: too few of them hold enough speech.
        """
        places = []
        for features in clips:
            listener = Listener()
            voiced = sum(1 for row in features if listener.hear(row) and row[F0] > 0)
            if listener.speech >= SHORTEST and voiced >= SHORTEST // 2:
                places.append(listener.place(np.zeros(PLACE), 0.0))
        if len(places) < 3 * PLACE:
            raise InputError(
                f"{len(places)} clips with enough speech tell too little of the voices: {3 * PLACE} are needed"
            )
        found = np.stack(places)
        mean, covariance = found.mean(0), np.cov(found.T)
        apart = found - mean
        distances = np.sqrt(np.einsum("ni,ij,nj->n", apart, np.linalg.inv(covariance), apart))
        return cls(mean, covariance, float(np.percentile(distances, REACH)))

    @property
    def f0(self) -> float:
        """Hz: the middle of their F0."""
        return float(np.exp(self.mean[STATICS]))

    @property
    def level(self) -> float:
        """dB of full scale: the mean level of their speech."""
        return level(self.mean)

    def distance(self, place: np.ndarray) -> float:
        """How far from the mean of the known voices a place (14,) is; half of the clips of training lie within 3.4."""
        return self.length(place - self.mean)

    def length(self, apart: np.ndarray) -> float:
        """The distance between two places (14,) that differ by so much."""
        return float(np.sqrt(apart @ self._precision @ apart))  # type: ignore[attr-defined]

    def offset(self, place: np.ndarray) -> np.ndarray:
        """(14,) what must be added to bring a place back within reach: 0 where it is; bounded where it is too far.

        Where speech is fainter than FAINTEST nothing is added, and little just above: there the sound's own floor bends the features.
        """
        distance = self.distance(place)
        sure = min(max((level(place) - FAINTEST) / FADE, 0.0), 1.0)
        if distance <= self.reach or not sure:
            return np.zeros(PLACE)
        return np.asarray((self.mean - place) * (sure * (min(distance, FARTHEST) - self.reach) / distance))

    def correction(self, voice: Voice) -> np.ndarray:
        """The offset (14,) of a voice that was measured; 0: it is known well enough.

        Raises:
            InputError: it is further off than what was ever measured.
        """
        place = self._believed(voice)
        if (distance := self.distance(place)) > FARTHEST:
            raise InputError(
                f"the voice {voice.name!r} lies {distance:.1f} from those that this model knows, beyond {FARTHEST:g}: nothing is known of what "
                "would help it"
            )
        return self.offset(place)

    def _believed(self, voice: Voice) -> np.ndarray:
        """The place of a voice, the less like what was measured the less speech that was."""
        frames = np.full(PLACE, voice.speech * FRAME_RATE)
        frames[STATICS] *= voice.voiced
        return np.asarray((np.array(voice.place) * frames + self.mean * PRIOR) / (frames + PRIOR))

    def describe(self, voice: Voice) -> str:
        """What a voice is like and what is done about it, in words. Raises InputError as `correction`."""
        moved = self.length(self.correction(voice))
        pitch = "F0 {1:.0f} Hz ({0:.0f} to {2:.0f})".format(*voice.f0) if voice.voiced else "whispered"
        distance = self.distance(self._believed(voice))
        what = (
            f"{moved:.1f} of it corrected"
            if moved
            else "nothing to correct: the network knows such voices, and stays as it is"
        )
        return (
            f"{voice.speech:.0f} s of speech at {voice.level:.0f} dBFS, {voice.snr:.0f} dB above the background, {pitch}; "
            f"{distance:.1f} from the voices that the model knows (reach {self.reach:.1f}): {what}"
        )

    def to_tensors(self) -> Tensors:
        """As voices.safetensors keeps them."""
        return {
            "mean": self.mean.astype(np.float32),
            "covariance": self.covariance.astype(np.float32),
            "reach": np.array([self.reach], np.float32),
        }


def corrected(features: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Features (T, 40) -> float32 (T, 40) moved by an offset (14,); a frame's numbers do not depend on the others."""
    out = np.array(features, np.float32)
    out[:, :STATICS] += offset[:STATICS].astype(np.float32)
    out[:, F0] *= np.float32(np.exp(offset[STATICS]))
    return out


def load_known_voices(folder: str | os.PathLike[str], card: Card) -> KnownVoices | None:
    """Of a model folder; None where a model does not say.

    Raises:
        ModelError: the file is missing, damaged, or not what it should be.
    """
    if VOICES not in card.files:
        return None
    tensors, source = read_tensors(folder, VOICES, card), os.path.join(os.fspath(folder), VOICES)
    mean, covariance, reach = (
        require(tensors, name, shape, source=source).astype(np.float64)
        for name, shape in (("mean", (PLACE,)), ("covariance", (PLACE, PLACE)), ("reach", (1,)))
    )
    try:
        return KnownVoices(mean, covariance, float(reach[0]))
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from error
