"""Phones from label files: HTK's .lab, ESPS/xwaves' .lab, Praat's TextGrid, TIMIT's .phn, SFS's or any other start end name lines.

SAVEE's labels were made with HTK and corrected by hand in SFS; how its owners hand them out we have not seen, so we read what these
programs write and name what we cannot.
"""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import numpy as np

from th_common.errors import InputError

from . import alphabets
from .phones import SILENCE
from .utterance import Phone

SUFFIXES = (".lab", ".textgrid", ".phn", ".ann")
_TICK = 1e-7  # s, HTK's unit
_TIMIT_RATE = 16_000  # Hz: .phn counts samples
_FEW = 1e5  # numbers from which times are no seconds
_INTERVAL = re.compile(r'xmin\s*=\s*(\S+)\s+xmax\s*=\s*(\S+)\s+text\s*=\s*"((?:[^"]|"")*)"', re.S)
_TIER = re.compile(r'class\s*=\s*"IntervalTier"\s+name\s*=\s*"([^"]*)"')
_TIERS = ("phone", "phones", "phoneme", "phonemes", "segment", "segments", "mau")


def read_labels(path: str | os.PathLike[str]) -> tuple[Phone, ...]:
    """Timed phones of a label file, in the alphabet of `phones.PHONES`.

    Lines are `start end name` (HTK: in 100 ns; .phn: in samples of 16 kHz; else in s), or after a line `#` `end colour name` (ESPS); of a
    TextGrid the tier called phones (or the only one). A stop's closure and its release (TIMIT) are one phone.

    Raises:
        InputError: the file cannot be read, holds no label, or one that is no phone or out of order; it names the file and the label.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_bytes().decode("utf-16", "replace")
    except OSError as error:
        raise InputError(f"{path}: not a readable label file ({error.strerror})") from error
    try:
        if "IntervalTier" in text:
            rows = _text_grid(text)
        elif re.search(r"^\s*#\s*$", text, re.M):
            rows = _esps(text)
        else:
            rows = _lines(text, phn=path.suffix.lower() == ".phn")
        if not rows:
            raise InputError("holds no label")
        return _phones(rows)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _lines(text: str, *, phn: bool) -> list[Phone]:
    rows: list[Phone] = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if not parts or parts[0].startswith(("#", '"', "//", ".")):
            continue
        try:
            start, end, name = float(parts[0]), float(parts[1]), parts[2]
        except (ValueError, IndexError):
            raise InputError(f"line {number} is not `start end phone`: {line.strip()[:40]!r}") from None
        rows.append((start, end, name))
    counted = all(float(x).is_integer() for start, end, _ in rows for x in (start, end))
    longest = max((end for _, end, _ in rows), default=0.0)
    unit = 1 / _TIMIT_RATE if phn else _TICK if counted and longest >= _FEW else 1.0
    return [(start * unit, end * unit, name) for start, end, name in rows]


def _esps(text: str) -> list[Phone]:
    rows: list[Phone] = []
    start = 0.0
    body = re.split(r"^\s*#\s*$", text, maxsplit=1, flags=re.M)[1]
    for line in body.splitlines():
        parts = line.split(";")[0].split()
        if not parts:
            continue
        try:
            end, name = float(parts[0]), parts[2] if len(parts) > 2 else SILENCE
        except ValueError:
            raise InputError(f"not `end colour phone`: {line.strip()[:40]!r}") from None
        rows.append((start, end, name))
        start = end
    return rows


def _text_grid(text: str) -> list[Phone]:
    tiers = {match[1].lower(): match.end() for match in _TIER.finditer(text)}
    chosen = next((name for name in _TIERS if name in tiers), None) or (next(iter(tiers)) if len(tiers) == 1 else None)
    if chosen is None:
        raise InputError(f"none of its tiers ({', '.join(tiers) or 'in long text form'}) is called phones")
    end = min((at for at in tiers.values() if at > tiers[chosen]), default=len(text))
    rows = []
    for match in _INTERVAL.finditer(text, tiers[chosen], end):
        try:
            rows.append((float(match[1]), float(match[2]), match[3].strip()))
        except ValueError:
            raise InputError(f"{match[1]!r} or {match[2]!r} is no time") from None
    return rows


def _phones(rows: list[Phone]) -> tuple[Phone, ...]:
    result: list[Phone] = []
    for (start, end, name), (*_, before) in zip(rows, [(0.0, 0.0, ""), *rows], strict=False):
        if not (np.isfinite(start) and np.isfinite(end) and 0 <= start <= end):
            raise InputError(f"{name!r} from {start:g} to {end:g} s is no stretch of time")
        phone = alphabets.arpabet(name)
        released = (
            before.upper() in alphabets.CLOSURES
            and result
            and (result[-1][2] == phone or (phone, result[-1][2]) in (("CH", "T"), ("JH", "D")))
        )
        if released:
            result[-1] = (result[-1][0], end, phone)
        else:
            result.append((start, end, phone))
    if any(b[0] < a[0] or b[0] < a[1] - 0.05 for a, b in itertools.pairwise(result)):
        raise InputError("labels overlap or are out of order")
    return tuple(result)
