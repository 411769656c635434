"""What the comparative method hears of a clip: its phones and its emotion."""

from __future__ import annotations

import numpy as np

from th_common.errors import InputError
from th_training.speech.phones import UNKNOWN, one_hot

from .clip_files import Clip
from .format import Corpus


def comparative_inputs(corpus: Corpus, clip: Clip) -> np.ndarray:
    """Inputs (T, 148) float32 of the comparative networks: the clip's true phones and its true emotion, as one-hot vectors.

    Raises:
        InputError: the clip's file cannot be used, or its phones are not known.
    """
    phones = corpus.arrays(clip, "phones")["phones"]
    if len(phones) and (phones == UNKNOWN).all():
        raise InputError(f"clip {clip.id}: its phones are not known")
    try:
        return one_hot(phones, clip.emotion)
    except InputError as error:
        raise InputError(f"clip {clip.id}: {error}") from error
