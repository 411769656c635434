"""Whether a correction helps, as far as that can be known without the true lips: those that are drawn must follow the loudness better than before.

Mouths open with the sound, so lips that a network finds in features which it understands rise and fall with it. Over voices and
microphones that were never trained on, what calibration gains for that tells what it gains for the true lips (docs/voices.md).
"""

from __future__ import annotations

import numpy as np

from th_common.errors import InputError
from th_face_predictor.known_voices import corrected
from th_face_predictor.mouth import ENERGY, EnergyMouth
from th_face_predictor.predictor import Predictor

LEAST = 0.002
"""Gain in correlation with the loudness from which on no voice that was measured lost anything to speak of."""


def following(predictor: Predictor, mouth: EnergyMouth, features: np.ndarray) -> float:
    """Correlation of the drawn opening of the lips with ln of the energy over frames (T, 40); 0 where one of them stands still."""
    opening, loudness = mouth.opening(predictor.predict(features)), features[:, ENERGY]
    if min(float(opening.std()), float(loudness.std())) < 1e-9:
        return 0.0
    return float(np.corrcoef(opening, loudness)[0, 1])


def prove(predictor: Predictor, mouth: EnergyMouth, features: np.ndarray, offset: np.ndarray) -> None:
    """See that moving features (T, 40) by an offset (14,) helps; an offset of 0 need not.

    Raises:
        InputError: the lips would follow the loudness no better.
    """
    if not offset.any():
        return
    before = following(predictor, mouth, features)
    after = following(predictor, mouth, corrected(features, offset))
    if after < before + LEAST:
        raise InputError(
            f"corrected, the lips would follow the loudness no better (r {after:.3f}, as it comes {before:.3f}): nothing is kept, and the network "
            "goes on hearing this voice as it comes"
        )
