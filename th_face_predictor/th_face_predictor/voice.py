"""Where a voice lies: what its speech is like on average, whoever speaks and through whatever microphone.

A place is 14 numbers: the means of c1..c12, of e and of ln F0 over the frames in which somebody speaks. c1..c12 tell the speaker's
long-term spectrum and the microphone's, e the level. What is done about a place that lies far off: `known_voices`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError
from th_face_predictor.loudness import Loudness

FRAME_RATE = 60
STATICS, ENERGY, F0 = 13, 12, 39  # of a feature vector: c1..c12, e; deltas of both; F0 in Hz, 0 if unvoiced
PLACE = STATICS + 1
SPOKEN = 0.5
"""A frame of at least this loudness, within the voice's own range, is one in which somebody speaks (0: background, 1: as loud as it gets)."""
FAR = 1e3
"""No feature of a sound is that large, F0 aside (Hz)."""
LEAST_SPEECH = 5.0
"""s of such frames that a place needs: about 12 s of reading."""
LEAST_SNR = 15.0
"""dB from background to speech."""
FAINTEST, LOUDEST = -45.0, -4.0
"""dB of full scale: level of speech below which its fine structure drowns, and above which more than a few frames must not lie."""
LOUD_SHARE = 0.05
FULL_SCALE = 27.5  # e of a square wave at full scale: ln(800 * 32768^2)
DB = 10.0 / np.log(10.0)


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A voice as it was measured.

    Attributes:
        profile: name of the features (th_audio_features.PROFILES) that it was measured in.
        place: (14,) means of c1..c12, e and ln F0 (0 where no frame has one: whispering).
        spread: sd of ln F0, the F0 range.
        speech: s of speech that it was measured on.
        voiced: share of it that has an F0.
        snr: dB from background to speech.
        name: whatever a person calls it.
    """

    profile: str
    place: tuple[float, ...]
    spread: float
    speech: float
    voiced: float
    snr: float
    name: str = ""

    @property
    def level(self) -> float:
        """dB of full scale of its speech."""
        return level(np.array(self.place))

    @property
    def f0(self) -> tuple[float, float, float]:
        """Hz: two sd below the middle, the middle (mean of ln F0), two sd above."""
        low, middle, high = np.exp(self.place[STATICS] + self.spread * np.array([-2.0, 0.0, 2.0]))
        return float(low), float(middle), float(high)


class Listener:
    """A running mean of the frames in which somebody speaks; it depends on the frames alone, however they are cut into portions.

    Args:
        memory: frames of speech after which one counts a third (1/e); None: all count alike.
    """

    def __init__(self, memory: float | None = None) -> None:
        self._keep = 1.0 if memory is None else float(np.exp(-1.0 / memory))
        self._loudness = Loudness()
        self._sums = np.zeros(PLACE)
        self._counts = np.zeros(PLACE)

    @property
    def speech(self) -> float:
        """Frames of speech that count."""
        return float(self._counts[0])

    def hear(self, feature: np.ndarray) -> bool:
        """The next frame (40,), finite; whether somebody speaks in it."""
        if self._loudness.hear(float(feature[ENERGY])) < SPOKEN:
            return False
        self._sums *= self._keep
        self._counts *= self._keep
        self._sums[:STATICS] += np.clip(feature[:STATICS], -FAR, FAR)
        self._counts[:STATICS] += 1.0
        if feature[F0] > 0:
            self._sums[STATICS] += np.log(min(max(float(feature[F0]), 1.0), FAR))
            self._counts[STATICS] += 1.0
        return True

    def place(self, prior: np.ndarray, weight: float) -> np.ndarray:
        """(14,) the mean, a `prior` place counted as so many frames; 0 where nothing is known."""
        return np.asarray((self._sums + weight * prior) / np.maximum(self._counts + weight, 1e-9))


def level(place: np.ndarray) -> float:
    """dB of full scale of the speech at a place (14,)."""
    return float((place[ENERGY] - FULL_SCALE) * DB)


def learn(features: np.ndarray, *, profile: str, name: str = "") -> Voice:
    """Measure a voice on some 25 s of its speech.

    Args:
        features: (T, 40) of that profile.

    Raises:
        InputError: they are no features, or there is too little speech, or it is too faint, too loud or in too
            much noise; the text says what to do about it.
    """
    x = np.asarray(features)
    if x.dtype.kind != "f" or x.ndim != 2 or x.shape[1] != F0 + 1 or not np.isfinite(x).all():
        raise InputError(f"a voice is measured on finite features (T, {F0 + 1}), not {x.dtype} {x.shape}")
    listener = Listener()
    spoken = np.array([listener.hear(row) for row in x], bool)
    seconds = float(spoken.sum()) / FRAME_RATE
    if seconds < LEAST_SPEECH:
        raise InputError(
            f"only {seconds:.1f} s of speech in {len(x) / FRAME_RATE:.1f} s that stands clear of the background: read aloud for 20 to 30 s, as loud as you usually speak"
        )
    speech = x[spoken]
    energy = speech[:, ENERGY].astype(np.float64)
    loudness = (float(energy.mean()) - FULL_SCALE) * DB
    if loudness < FAINTEST:
        raise InputError(
            f"speech of {loudness:.0f} dBFS is too faint (least: {FAINTEST:g}): turn the microphone up, or come nearer"
        )
    loud = float(((energy - FULL_SCALE) * DB > LOUDEST).mean())
    if loud > LOUD_SHARE:
        raise InputError(f"{loud:.0%} of the speech is at full scale: turn the microphone down")
    background = float(np.percentile(x[:, ENERGY].astype(np.float64), 5))
    snr = float(energy.mean() - background) * DB
    if snr < LEAST_SNR:
        raise InputError(
            f"speech is only {snr:.0f} dB above the background (least: {LEAST_SNR:g}): there is too much noise here"
        )
    pitch = np.log(np.clip(speech[speech[:, F0] > 0, F0].astype(np.float64), 1.0, FAR))
    return Voice(
        profile=profile,
        place=tuple(float(number) for number in listener.place(np.zeros(PLACE), 0.0)),
        spread=float(pitch.std()) if len(pitch) else 0.0,
        speech=seconds,
        voiced=len(pitch) / len(speech),
        snr=snr,
        name=name,
    )
