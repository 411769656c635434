"""A spoken sentence: its sound, and when which viseme is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError

Phone = tuple[float, float, str]
"""(start, end, phone) in s; the phone in the alphabet of its source."""

Segment = tuple[float, float, str]
"""(start, end, viseme) in s, as the actor's `animate` takes them."""

_DIPHTHONG_KNEE = 0.55  # share of a diphthong that its first half takes


@dataclass(frozen=True, eq=False)
class Utterance:
    """samples (N,) float32 in [-1, 1] at sample_rate Hz; segments in the order of time, inside the sound.

    phones are what the voice itself says it speaks and when, in the alphabet of `phones.PHONES`.
    """

    samples: np.ndarray
    sample_rate: int
    segments: tuple[Segment, ...]
    phones: tuple[Phone, ...] = ()
    text: str = ""
    emotion: str = "neutral"

    @property
    def duration(self) -> float:
        """Seconds of sound."""
        return len(self.samples) / self.sample_rate


def joined(pieces: Sequence[np.ndarray], text: str) -> np.ndarray:
    """Pieces of speech as one sound, float32 (N,) in [-1, 1]; InputError if `text` gave none."""
    if not pieces:
        raise InputError(f"there is nothing to speak in {text!r}")
    samples = np.concatenate(pieces).astype(np.float32)
    return samples / max(1.0, float(np.abs(samples).max()))


def to_visemes(
    phones: Iterable[Phone], table: Callable[[str], Sequence[str]], *, duration: float
) -> tuple[Segment, ...]:
    """Timed visemes of timed phones; `table` gives one viseme of a phone, or two of a diphthong.

    A phone that the table does not know (it raises InputError) is shown as its neighbours are: it makes no segment.
    """
    segments: list[Segment] = []
    for start, end, phone in phones:
        start, end = max(start, 0.0), min(end, duration)
        if end <= start:
            continue
        try:
            visemes = table(phone)
        except InputError:
            continue
        if len(visemes) == 2:
            knee = start + _DIPHTHONG_KNEE * (end - start)
            segments += [(start, knee, visemes[0]), (knee, end, visemes[1])]
        elif len(visemes) == 1:
            segments.append((start, end, visemes[0]))
    return tuple(segments)


def with_silence(utterance: Utterance, *, before: float, after: float) -> Utterance:
    """The utterance with digital silence (s) around it, its segments and phones moved along."""
    head, tail = round(before * utterance.sample_rate), round(after * utterance.sample_rate)
    shift = head / utterance.sample_rate
    return Utterance(
        samples=np.pad(utterance.samples, (head, tail)),
        sample_rate=utterance.sample_rate,
        segments=tuple((start + shift, end + shift, name) for start, end, name in utterance.segments),
        phones=tuple((start + shift, end + shift, name) for start, end, name in utterance.phones),
        text=utterance.text,
        emotion=utterance.emotion,
    )
