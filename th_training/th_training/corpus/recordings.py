"""A recording that is to become a clip: which files it is made of, and what is known about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from th_common.errors import InputError
from th_training.aam.encode_corpus import SUFFIXES as VIDEOS
from th_training.corpus.clip_files import plain_id

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One video of a person who speaks.

    sound: a file of its own; None: the video's sound. text: what is said, "" where that is not known; labels: a file of timed
    phones. source: what was said, as a name (clips of one source stay on one side of a split); "": the clip's own.
    """

    id: str
    video: Path
    sound: Path | None = None
    text: str = ""
    labels: Path | None = None
    speaker: str = "speaker"
    emotion: str = "neutral"
    language: str = "en"
    source: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a folder holds: recordings, and what was passed over (name: why)."""

    recordings: tuple[Recording, ...]
    passed_over: Mapping[str, str] = field(default_factory=dict)


def files_below(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Files with one of the suffixes in a folder and the folders in it, by path; names that begin with a dot are no files.

    Raises InputError where there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    wanted = {suffix.lower() for suffix in suffixes}
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in wanted and path.is_file() and not path.name.startswith(".")
    )


def named_videos(folder: Path) -> dict[str, Path]:
    """All videos in a folder and the folders in it, by names of their own (`unlike`), in the order of their paths.

    Raises InputError where there is no such folder, or no video in it.
    """
    videos = files_below(folder, VIDEOS)
    if not videos:
        raise InputError(f"{folder}: there is no video in this folder ({', '.join(VIDEOS)})")
    named: dict[str, Path] = {}
    for video in videos:
        named[unlike(video, folder, set(named))] = video
    return named


def only(found: Found, names: Iterable[str]) -> Found:
    """The recordings of these ids, all without names. Raises InputError for an id that is not there."""
    wanted = set(names)
    unknown = wanted - {one.id for one in found.recordings}
    if unknown:
        raise InputError(f"there is no recording {min(unknown)!r}")
    return Found(tuple(one for one in found.recordings if not wanted or one.id in wanted), found.passed_over)


def unlike(path: Path, folder: Path, taken: set[str]) -> str:
    """A clip id for a file: its name, with the names of its folders before it where another file has that name."""
    parts = path.relative_to(folder).with_suffix("").parts
    for depth in range(1, len(parts) + 1):
        name = plain_id("-".join(parts[-depth:]))
        if name not in taken:
            return name
    return plain_id("-".join([*parts, path.suffix[1:]]))


__all__ = ["SOUNDS", "VIDEOS", "Found", "Recording", "files_below", "only", "unlike"]
