"""The phones of the comparative method, and which of them each video frame shows.

Sakurai et al. 2018, section 4.1.2: one-hot vectors of the predecessor, centre and successor phone (46 each), of where in the phone
the frame lies (first, last, other), and of the emotion (7): 148 inputs. The paper does not list its 46 phones. SAVEE's speakers are
British and its labels were made with HTK: we take the 44 phones of BEEP, the British dictionary made for HTK (Robinson, Fransen, Pye,
Foote, Renals, "WSJCAM0", CUED/F-INFENG/TR.192, 1994, appendix C), with HTK's `sil` (at the ends) and `sp` (pause between words) 46.
The 39 phones of CMU's dictionary are among them; ax, ea, ia, oh and ua are those that BEEP adds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from th_common.errors import InputError

from .sentences import EMOTIONS
from .utterance import Phone

VOWELS = (
    "AA", "AE", "AH", "AO", "AW", "AX", "AY", "EA", "EH", "ER", "EY", "IA", "IH", "IY", "OH", "OW", "OY", "UA", "UH", "UW",
)  # fmt: skip
CONSONANTS = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
SILENCE, PAUSE = "SIL", "SP"
PHONES: tuple[str, ...] = (*VOWELS, *CONSONANTS, SILENCE, PAUSE)
"""The 46 phones; their order is that of the one-hot vectors."""

STATES = ("first", "last", "other")
INPUTS = 3 * len(PHONES) + len(STATES) + len(EMOTIONS)
"""148: the inputs of the comparative networks."""

UNKNOWN = -1
FPS = 60

_GAP = 0.05  # s between phones that count as a pause; what is shorter belongs to the phone before
_FIRST, _LAST, _OTHER = range(3)
_INDEX = {phone: i for i, phone in enumerate(PHONES)}


def frames(phones: Sequence[Phone], count: int) -> np.ndarray:
    """(count, 4) int16: index of the previous, the centre and the next phone in PHONES, and the state; row i is at (i + 1) / 60 s.

    A phone is where start <= time < end. It is in the state 0 in its first frame, 1 in its last, 2 in others; a phone of one frame is in
    its first. Phones too short for a frame still are their neighbours' neighbours.

    Args:
        phones: (start, end, phone) in the order of their beginnings. Where there is none for 0.05 s nobody speaks: SIL before
            the first and after the last phone, SP between.

    Raises:
        InputError: a phone that is none of the 46, that ends before it begins or begins before its predecessor, or without a finite time.
    """
    starts, names = _runs(phones)
    time = (np.arange(count) + 1) / FPS
    run = np.searchsorted(starts, time, side="right")  # run 0 is the silence before the first phone
    codes = np.array([_INDEX[name] for name in (SILENCE, *names, SILENCE)])
    state = np.full(count, _OTHER)
    if count:
        changes = run[1:] != run[:-1]
        state[:-1][changes], state[-1] = _LAST, _LAST
        state[1:][changes], state[0] = _FIRST, _FIRST
    before = codes[np.maximum(run - 1, 0)]
    return np.stack((before, codes[run], codes[run + 1], state), axis=1).astype(np.int16)


def _runs(phones: Sequence[Phone]) -> tuple[np.ndarray, list[str]]:
    """When what begins to be heard, pauses and the silence at the end included; before is silence."""
    last = -np.inf
    spoken: list[Phone] = []
    for start, end, name in phones:
        if name not in _INDEX:
            raise InputError(f"{name!r} is none of the {len(PHONES)} phones")
        if not (np.isfinite(start) and np.isfinite(end) and last <= start <= end):
            raise InputError(f"phone {name} from {start} to {end} s is out of order")
        last = start
        if name not in (SILENCE, PAUSE):
            spoken.append((start, end, name))
    starts: list[float] = []
    names: list[str] = []
    followings = [start for start, _, _ in spoken[1:]] + [np.inf]
    for (start, end, name), following in zip(spoken, followings, strict=False):
        starts.append(start)
        names.append(name)
        if following - end >= _GAP:
            starts.append(end)
            names.append(PAUSE if np.isfinite(following) else SILENCE)
    return np.array(starts), names


def unknown(count: int) -> np.ndarray:
    """(count, 4) int16 that says that no phone is known."""
    return np.full((count, 4), UNKNOWN, np.int16)


def one_hot(phones: np.ndarray, emotion: str) -> np.ndarray:
    """Inputs (T, 148) float32 of the comparative networks: previous, centre, next phone, state, emotion.

    Args:
        phones: (T, 4) as `frames` gives them; rows of -1 leave all but the emotion 0.
        emotion: one of the 7 of `th_training.speech.sentences.EMOTIONS`.

    Raises:
        InputError: another shape, an index that is none, or no such emotion.
    """
    phones = np.asarray(phones)
    if phones.ndim != 2 or phones.shape[1] != 4 or phones.dtype.kind not in "iu":
        raise InputError(f"phones must be whole numbers (T, 4), not {phones.dtype} {phones.shape}")
    if emotion not in EMOTIONS:
        raise InputError(f"there is no emotion {emotion!r} (there are {', '.join(EMOTIONS)})")
    known = (phones != UNKNOWN).all(axis=1)
    sizes = (len(PHONES),) * 3 + (len(STATES),)
    if not ((phones[known] >= 0) & (phones[known] < sizes)).all() or (phones[~known] != UNKNOWN).any():
        raise InputError("phones hold an index that is none")
    result = np.zeros((len(phones), INPUTS), np.float32)
    offset = 0
    for column, size in enumerate(sizes):
        result[known, offset + phones[known, column]] = 1.0
        offset += size
    result[:, offset + EMOTIONS.index(emotion)] = 1.0
    return result
