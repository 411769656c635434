"""Landmark files of one picture, as people annotate by hand: iBUG's .pts and menpo's .ljson (version 3).

In memory a landmark is (x, y) in px, x right, y down, the centre of the first pixel at (0, 0). A .pts file counts from 1 as
iBUG's and menpo's do (the first pixel's centre is at (1, 1)) unless `first=0` is asked for. An .ljson file counts from 0
and holds (y, x).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_training.landmarks.measures import COUNT, as_landmarks
from th_training.landmarks.scheme import PARTS, lines
from th_training.whole import replacing

SUFFIXES = (".pts", ".ljson")
_MAX_BYTES = 1 << 20
_FARTHEST = 1e5  # px: no picture is larger


def read_landmarks(path: str | os.PathLike[str], *, first: int = 1) -> np.ndarray:
    """(68, 2) float64 px of a .pts or .ljson file.

    Args:
        first: what a .pts file calls the first pixel, 1 (iBUG) or 0.

    Raises InputError, naming the file, for whatever is not 68 finite points of a picture.
    """
    file = Path(path)
    parse = {".pts": lambda text: _parse_pts(text, first), ".ljson": _parse_ljson}.get(file.suffix.lower())
    if parse is None:
        raise InputError(f"{file}: landmark files end in {' or '.join(SUFFIXES)}")
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise InputError(f"{file}: larger than {_MAX_BYTES} bytes, not a landmark file")
        points = np.asarray(parse(file.read_text(encoding="utf-8-sig")), np.float64)
    except OSError as error:
        raise InputError(f"{file}: not readable ({error.strerror})") from error
    except UnicodeDecodeError:
        raise InputError(f"{file}: not text") from None
    except InputError as error:
        raise error if str(error).startswith(str(file)) else InputError(f"{file}: {error}") from None
    if not np.isfinite(points).all():
        raise InputError(f"{file}: landmark {int(np.argwhere(~np.isfinite(points))[0, 0])} is not a finite number")
    if np.abs(points).max() > _FARTHEST:
        raise InputError(f"{file}: landmark {int(np.abs(points).max(1).argmax())} lies outside of any picture")
    return points


def write_landmarks(path: str | os.PathLike[str], points: np.ndarray, *, first: int = 1) -> None:
    """Write (68, 2) px as .pts (3 decimals, as menpo) or .ljson (group `LJSON`, parts labelled, as menpo).

    The file appears whole or not at all. Raises InputError for other points, or where the file cannot be written.
    """
    file = Path(path)
    array = as_landmarks(points)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise InputError("landmarks of one picture are (68, 2) finite numbers")
    if file.suffix.lower() == ".pts":
        text = _pts_text(array + _offset(first))
    elif file.suffix.lower() == ".ljson":
        text = _ljson_text(array)
    else:
        raise InputError(f"{file}: landmark files end in {' or '.join(SUFFIXES)}")
    with replacing(file) as partial:
        partial.write_text(text, encoding="utf-8")


def _offset(first: int) -> int:
    if first not in (0, 1):
        raise InputError(f"a .pts file counts from 0 or from 1, not from {first}")
    return first


def _pts_text(points: np.ndarray) -> str:
    rows = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
    return f"version: 1\nn_points: {len(points)}\n{{\n{rows}\n}}\n"


def _parse_pts(text: str, first: int) -> np.ndarray:
    rows = [line.strip() for line in text.splitlines() if line.strip()]
    if "{" not in rows or rows[-1] != "}":
        raise InputError("not a .pts file: the points must stand between a line '{' and a last line '}'")
    begin = rows.index("{")
    header = dict(_field(line) for line in rows[:begin])
    if header.get("version", "1") not in ("1", "1.0"):
        raise InputError(f"version {header['version']!r} of the .pts format is not known, only 1 is")
    points = [_pair(line.split(), number) for number, line in enumerate(rows[begin + 1 : -1])]
    said = header.get("n_points", str(len(points)))
    if said != str(len(points)) or len(points) != COUNT:
        raise InputError(f"{len(points)} points (the header says {said[:20]!r}), a face has {COUNT}")
    return np.array(points) - _offset(first)


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise InputError(f"line {line[:40]!r} before '{{' is not 'name: value'")
    return name.strip().lower(), value.strip()


def _pair(words: list[Any], number: int) -> tuple[float, float]:
    try:
        first, second = words
        if isinstance(first, bool) or isinstance(second, bool):
            raise TypeError
        return float(first), float(second)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"landmark {number} is not two numbers") from None


def _ljson_text(points: np.ndarray) -> str:
    parts = [{"label": name, "mask": list(indices)} for name, indices in PARTS.items()]
    shape = {"connectivity": sorted(map(list, lines())), "points": np.round(points[:, ::-1], 6).tolist()}
    whole = {"version": 3, "groups": {"LJSON": {"labels": parts, "landmarks": shape}}}
    return json.dumps(whole, indent=4, sort_keys=True, allow_nan=False)


def _parse_ljson(text: str) -> np.ndarray:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({error})") from None
    version = whole.get("version") if isinstance(whole, dict) else None
    if version != 3 or isinstance(version, float):
        raise InputError(f"version {str(version)[:20]!r} of the .ljson format is not read, only 3 is (menpo converts)")
    groups = whole.get("groups")
    if not isinstance(groups, dict):
        raise InputError("holds no groups of landmarks")
    faces = [points for group in groups.values() if len(points := _group(group)) == COUNT]
    if len(faces) != 1:
        raise InputError(f"holds {len(faces)} groups of {COUNT} landmarks among {len(groups)}, there must be one")
    return np.array([_pair(point, number)[::-1] for number, point in enumerate(faces[0])])


def _group(group: Any) -> list[Any]:
    landmarks = group.get("landmarks") if isinstance(group, dict) else None
    points = landmarks.get("points") if isinstance(landmarks, dict) else None
    return points if isinstance(points, list) else []
