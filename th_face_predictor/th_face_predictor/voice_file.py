"""A measured voice as a small JSON file: numbers only, no sound, nothing executed."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any

from th_common.errors import InputError
from th_face_predictor.voice import FAR, PLACE, Voice

FORMAT = "talking-head-voice/1"
SUFFIX = ".json"
MAX_BYTES = 16 << 10
LONGEST = 100  # characters of a name that a file gives to its voice
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def write_voice(path: str | os.PathLike[str], voice: Voice) -> None:
    """Write a voice; it appears whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    target = Path(path)
    fields = {
        "format": FORMAT,
        "name": voice.name,
        "features": voice.profile,
        "speech_s": round(voice.speech, 2),
        "voiced": round(voice.voiced, 3),
        "snr_db": round(voice.snr, 1),
        "place": [round(number, 5) for number in voice.place],
        "f0_spread": round(voice.spread, 5),
    }
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
        os.replace(partial, target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error})") from error


def read_voice(path: str | os.PathLike[str]) -> Voice:
    """Read a voice.

    Raises:
        InputError: the file is missing, too large, or not a voice; the text names what is wrong.
    """
    file = Path(path)
    try:
        found = file.is_file()  # never a pipe or device, which may not end
        data = b""
        if found:
            with file.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        raise InputError(f"{str(file)[:LONGEST]!r}: not readable ({error})") from error
    if not found:
        raise InputError(f"{file}: there is no such voice file")
    if len(data) > MAX_BYTES:
        raise InputError(f"{file}: larger than {MAX_BYTES} bytes, so no voice")
    try:
        return parse_voice(data)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def parse_voice(data: bytes) -> Voice:
    """A voice from the bytes of its file. Raises InputError for whatever is none."""
    try:
        raw = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a readable voice ({error})") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        found = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
        raise InputError(f"format is {found!r:.60}, this software reads {FORMAT!r}")
    name, profile, place = raw.get("name"), raw.get("features"), raw.get("place")
    if not isinstance(name, str) or len(name) > LONGEST or not name.isprintable():
        raise InputError("field 'name' must be a short text")
    if not isinstance(profile, str) or not _NAME.fullmatch(profile):
        raise InputError("field 'features' must name a profile")
    if not isinstance(place, list) or len(place) != PLACE:
        raise InputError(f"field 'place' must be {PLACE} numbers")
    return Voice(
        profile=profile,
        place=tuple(_number("place", value, -FAR, FAR) for value in place),
        spread=_number("f0_spread", raw.get("f0_spread"), 0.0, 10.0),
        speech=_number("speech_s", raw.get("speech_s"), 0.0, 1e6),
        voiced=_number("voiced", raw.get("voiced"), 0.0, 1.0),
        snr=_number("snr_db", raw.get("snr_db"), -200.0, 200.0),
        name=name,
    )


def check_name(name: str) -> str:
    """A name that a file may have. Raises InputError for another."""
    if not _NAME.fullmatch(name):
        raise InputError(f"a voice's name has 1 to 64 letters, digits, - and _, not {name!r:.80}")
    return name


def voices_folder() -> Path:
    """Where voices are kept that a robot measured: talking_head/voices in ROS_HOME (default: ~/.ros)."""
    home = os.environ.get("ROS_HOME") or os.path.expanduser("~/.ros")
    return Path(home) / "talking_head" / "voices"


def find_voice(name: str) -> Path:
    """The file of a voice: a path as it is, the name of one that was kept without folder and suffix."""
    return voices_folder() / f"{name}{SUFFIX}" if _NAME.fullmatch(name) else Path(os.path.expanduser(name))


def _number(field: str, value: Any, low: float, high: float) -> float:
    good = type(value) in (int, float) and (type(value) is int or math.isfinite(value)) and low <= value <= high
    if not good:
        raise InputError(f"field {field!r} must hold numbers from {low:g} to {high:g}, not {value!r:.40}")
    return float(value)
