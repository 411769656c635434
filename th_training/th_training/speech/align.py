"""When a known text's phones are spoken: forced alignment by pocketsphinx, whose English model ships in its package.

For recordings, and for voices that do not say when they speak what. Against flite's own times the median error of a lip closure is 7 ms;
docs/comparative.md has GRID's word boundaries.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

from th_common.errors import InputError

from .phones import PAUSE, PHONES, SILENCE
from .utterance import Phone

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_RATE = 16_000  # Hz, of the acoustic model
_FRAME = 0.010  # s
_PEAK = 0.5  # the model wants speech at a usual level,
_FLOOR = 3.0  # a little noise under it (of 32767),
_MARGIN = 0.2  # and silence (s) around it, in which to begin and to end
_STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
_CLOSURE = 0.15  # s that a stop after a pause lasts at most: breath is like its closure
_LEAST_FIT = -3.0
_TINY = 1e-300
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_PHONES = tuple(sorted(set(PHONES) - {"AX", "EA", "IA", "OH", "UA", SILENCE, PAUSE}))  # the dictionary's 39
_BRITISH = {"z(2)": "Z EH D"}
"""Pronunciations that the American dictionary lacks; the sound decides between them and its own."""


@dataclass(frozen=True)
class Alignment:
    """Where a text is in its sound.

    phones: ARPAbet, `SIL` in pauses; words: the same times by word, (start, end, word) in s. fit: how well the words suit the sound,
    mean per frame of 10 ms of the logarithm of their likelihood against the likeliest at hand's: about -2, of another text -4.
    """

    phones: tuple[Phone, ...]
    words: tuple[Phone, ...]
    fit: float


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
    for word, spoken in _BRITISH.items():
        decoder.add_word(word, spoken, False)
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
    """Phones (ARPAbet, `SIL` in pauses) of a text in its recording; arguments and errors as `alignment`."""
    return alignment(samples, sample_rate, text).phones


def alignment(samples: np.ndarray, sample_rate: int, text: str) -> Alignment:
    """Where the words and phones of a text are in its recording.

    Args:
        samples: (N,) float in [-1, 1], English speech of exactly this text.
        sample_rate: Hz.

    Raises:
        InputError: no words, a word that the dictionary lacks (named), or sound in which another text is spoken, or none. Noise and
            accents cost less than the wrong text (docs/comparative.md).
    """
    spoken = words(text)
    if not spoken:
        raise InputError(f"there are no words in {text!r}")
    missing = unknown_words(text)
    if missing:
        raise InputError(f"the pronouncing dictionary lacks {', '.join(map(repr, missing))}")
    sound = soxr.resample(np.asarray(samples, np.float32), sample_rate, _RATE)
    peak = float(np.abs(sound).max(initial=0.0))
    if len(sound) < _RATE // 10 or peak == 0.0:
        raise InputError(f"there is no speech to align with {text!r}")
    padded = np.pad(sound * (_PEAK / peak * 32767), round(_MARGIN * _RATE))
    padded += np.random.default_rng(0).normal(0.0, _FLOOR, len(padded))
    data = padded.astype(np.int16).tobytes()
    try:
        return _aligned(_decoder(), spoken, data)
    except InputError as error:
        raise InputError(f"{text!r} is not what is spoken ({error})") from error


def _aligned(decoder: Decoder, spoken: Sequence[str], data: bytes) -> Alignment:
    """Which pronunciation of each word it is, then where its phones are."""
    heard = [segment for segment in _decode(decoder, spoken, data) if not segment[0].startswith(("<", "["))]
    if len(heard) != len(spoken):
        raise InputError("parts of it are not found")
    fit = sum(log for *_, log in heard) / sum(end - start + 1 for _, start, end, _ in heard)
    if fit < _LEAST_FIT:
        raise InputError(f"fit {fit:.1f}, what is spoken has {_LEAST_FIT:.0f} or more")
    chosen: list[list[str]] = [decoder.lookup_word(name).split() for name, *_ in heard]
    pronounced = [f"_{phone.lower()}" for phones in chosen for phone in phones]
    phones = [
        (start * _FRAME - _MARGIN, (end + 1) * _FRAME - _MARGIN, name[1:].upper() if name.startswith("_") else "SIL")
        for name, start, end, _ in _decode(decoder, pronounced, data)
    ]
    ends = (heard[-1][2] + 1) * _FRAME - _MARGIN
    phones = list(_breath_apart(_ended(phones, chosen, ends)))
    voiced = [phone for phone in phones if phone[2] != "SIL"]
    if len(voiced) != sum(map(len, chosen)):
        raise InputError("parts of it are not found")
    return Alignment(tuple(phones), tuple(_worded(voiced, spoken, chosen)), fit)


def _ended(phones: list[Phone], chosen: Sequence[Sequence[str]], end: float) -> list[Phone]:
    """Phones with those of the last word that noise has swallowed: they share the time from the last found one's start to the word's end."""
    found = [i for i, phone in enumerate(phones) if phone[2] != "SIL"]
    missing = sum(map(len, chosen)) - len(found)
    if not 0 < missing < len(chosen[-1]):
        return phones
    begin = phones[found[-1]][0]
    times = np.linspace(begin, max(end, begin + (missing + 1) * _FRAME), missing + 2).tolist()
    return [*phones[: found[-1]], *zip(times[:-1], times[1:], chosen[-1][-missing - 1 :], strict=True)]


def _breath_apart(phones: Sequence[Phone]) -> Iterator[Phone]:
    """Phones, where a stop after a pause is at most _CLOSURE long and what was before is a pause."""
    previous = "SIL"
    for start, end, name in phones:
        if previous == "SIL" and name in _STOPS and end - start > _CLOSURE:
            yield start, end - _CLOSURE, "SIL"
            start = end - _CLOSURE
        yield start, end, name
        previous = name


def _worded(phones: Sequence[Phone], spoken: Sequence[str], chosen: Sequence[Sequence[str]]) -> Iterator[Phone]:
    at = 0
    for word, pronounced in zip(spoken, chosen, strict=True):
        yield phones[at][0], phones[at + len(pronounced) - 1][1], word
        at += len(pronounced)


def _decode(decoder: Decoder, tokens: Sequence[str], data: bytes) -> list[tuple[str, int, int, float]]:
    """(token, first frame, last frame, logarithm of its score) of all tokens, and of the silences between them."""
    try:
        decoder.set_align_text(" ".join(tokens))
        decoder.start_utt()
        decoder.process_raw(data, full_utt=True)
        decoder.end_utt()
        segments = decoder.seg()
    except RuntimeError as error:
        raise InputError(f"cannot be aligned: {error}") from error
    if segments is None:
        raise InputError("no way through the sound")
    return [(s.word, s.start_frame, s.end_frame, math.log(max(s.ascore, _TINY))) for s in segments]
