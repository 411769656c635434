"""When a known text's phones are spoken: forced alignment by pocketsphinx, whose English model ships in its package.

For recordings, and for voices that do not say when they speak what. Against flite's own times the median error of a lip closure is 7 ms.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import soxr

from th_common.errors import InputError

from .utterance import Phone

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_RATE = 16_000  # Hz, of the acoustic model
_FRAME = 0.010  # s
_PEAK = 0.5  # the model wants speech at a usual level,
_FLOOR = 3.0  # a little noise under it (of 32767),
_MARGIN = 0.2  # and silence (s) around it, in which to begin and to end
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_PHONES = [
    "AA",
    "AE",
    "AH",
    "AO",
    "AW",
    "AY",
    "B",
    "CH",
    "D",
    "DH",
    "EH",
    "ER",
    "EY",
    "F",
    "G",
    "HH",
    "IH",
    "IY",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "OW",
    "OY",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "UH",
    "UW",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
]


@functools.cache
def _decoder() -> Decoder:
    from pocketsphinx import Config, Decoder, get_model_path

    config = Config()
    config["hmm"] = get_model_path("en-us/en-us")
    config["dict"] = get_model_path("en-us/cmudict-en-us.dict")
    config["lm"] = None
    config["samprate"] = float(_RATE)
    config["logfn"] = os.devnull
    config["loglevel"] = "FATAL"
    decoder = Decoder(config)
    # Every phone is also a word, `_ah`: its own aligner of phones within words (set_alignment) gives up one sentence in four
    for phone in _PHONES:
        decoder.add_word(f"_{phone.lower()}", phone, phone == _PHONES[-1])
    return decoder


def unknown_words(text: str) -> tuple[str, ...]:
    """The words of a text that the pronouncing dictionary lacks."""
    decoder = _decoder()
    return tuple(word for word in words(text) if decoder.lookup_word(word) is None)


def words(text: str) -> tuple[str, ...]:
    """The words of a text as the dictionary spells them (`Twenty-two o'clock!`: twenty, two, o'clock)."""
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


def align(samples: np.ndarray, sample_rate: int, text: str) -> tuple[Phone, ...]:
    """Phones (ARPAbet, `SIL` in pauses) of a text in its recording.

    Args:
        samples: (N,) float in [-1, 1], English speech of exactly this text.
        sample_rate: Hz.

    Raises:
        InputError: no words, a word that the dictionary lacks (named), or sound in which the text is not found.
    """
    spoken = words(text)
    if not spoken:
        raise InputError(f"there are no words in {text!r}")
    missing = unknown_words(text)
    if missing:
        raise InputError(f"the pronouncing dictionary lacks {', '.join(map(repr, missing))}")
    decoder = _decoder()
    sound = soxr.resample(np.asarray(samples, np.float32), sample_rate, _RATE)
    peak = float(np.abs(sound).max(initial=0.0))
    if len(sound) < _RATE // 10 or peak == 0.0:
        raise InputError(f"there is no speech to align with {text!r}")
    padded = np.pad(sound * (_PEAK / peak * 32767), round(_MARGIN * _RATE))
    padded += np.random.default_rng(0).normal(0.0, _FLOOR, len(padded))
    data = padded.astype(np.int16).tobytes()
    pronounced = [
        f"_{phone.lower()}"
        for segment in _decode(decoder, spoken, data)  # which pronunciation of each word it is,
        if not segment[0].startswith(("<", "["))
        for phone in decoder.lookup_word(segment[0]).split()
    ]
    phones = tuple(  # then where its phones are
        (start * _FRAME - _MARGIN, (end + 1) * _FRAME - _MARGIN, name[1:].upper() if name.startswith("_") else "SIL")
        for name, start, end in _decode(decoder, pronounced, data)
    )
    if not any(name != "SIL" for _, _, name in phones):
        raise InputError(f"the text {text!r} is not found in the sound")
    return phones


def _decode(decoder: Decoder, tokens: Sequence[str], data: bytes) -> list[tuple[str, int, int]]:
    """(token, first frame, last frame) of all tokens, and of the silences between them."""
    try:
        decoder.set_align_text(" ".join(tokens))
        decoder.start_utt()
        decoder.process_raw(data, full_utt=True)
        decoder.end_utt()
        segments = decoder.seg()
    except RuntimeError as error:
        raise InputError(f"the sound cannot be aligned ({error})") from error
    if segments is None:
        raise InputError(f"the words {' '.join(tokens)!r} are not found in the sound")
    return [(segment.word, segment.start_frame, segment.end_frame) for segment in segments]
