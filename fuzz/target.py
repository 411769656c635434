"""What a fuzz target is, and how one input is tried on it."""

from __future__ import annotations

import re
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from th_common.errors import TalkingHeadError

_VARYING = re.compile(r"""(?<=, not ).*|'[^']*'|"[^"]*"|/\S+|[\[{].*[]}]|[-+]?\d[\w.+-]*|b'.*""", re.DOTALL)
_KEPT = 70  # characters of an outcome


@dataclass(frozen=True)
class Target:
    """One parser. `seeds()` are whole, valid inputs; `run(data)` tries any and says in a word what came of it.

    `modules` are those whose coverage guides the search; `words` are what its format is made of.
    """

    name: str
    about: str
    seeds: Callable[[], list[bytes]]
    run: Callable[[bytes], str]
    modules: tuple[str, ...]
    words: tuple[bytes, ...] = ()
    longest: int = 4096


def outcome(target: Target, data: bytes) -> str:
    """What came of one input: the target's own word, or the refusal without its numbers and names. Findings are raised."""
    try:
        return target.run(data)
    except TalkingHeadError as error:
        return "refused: " + " ".join(_VARYING.sub("*", str(error)).split())[:_KEPT]


def place_of(error: BaseException) -> str:
    """Where an error comes from, to tell one finding from another: its type and the innermost lines of ours."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename]
    return f"{type(error).__name__} at " + " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[:-4:-1])


def scratch(name: str) -> Path:
    """A folder for the files that a target's parser reads, in memory where there is such a place; gone with the process."""
    memory = Path("/dev/shm")
    folder = tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-", dir=memory if memory.is_dir() else None)
    _KEEP.append(folder)
    return Path(folder.name)


_KEEP: list[tempfile.TemporaryDirectory[str]] = []
