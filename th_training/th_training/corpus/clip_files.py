"""One clip of a corpus: what is known of it, and the file that holds its arrays."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_training.errors import WriteError
from th_training.whole import replacing

CLIPS = "clips"
FPS = 60

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One utterance, or one stretch of sound without speech, and where it belongs.

    `source` names what was said, or the sound without speech: clips that share it, of other voices too, share a split.
    `key` is a digest of everything that the clip was made from; a clip with another key is made anew.
    """

    id: str
    speaker: str
    frames: int
    split: str = "train"
    source: str = ""
    kind: str = "speech"
    emotion: str = "neutral"
    language: str = "en"
    text: str = ""
    key: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def clip_path(folder: str | os.PathLike[str], clip_id: str) -> Path:
    """Where the arrays of a clip lie. Raises InputError for an id that is no plain file name."""
    if not _ID.fullmatch(clip_id):
        raise InputError(f"clip id {clip_id!r} is not a plain name (letters, digits, '.', '_', '-')")
    return Path(folder) / CLIPS / f"{clip_id}.npz"


def plain_id(name: str) -> str:
    """A name as a clip id: what no file name may hold becomes `_`."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:120]
    return cleaned if _ID.fullmatch(cleaned) else f"x{cleaned}"[:120]


def write_clip(folder: str | os.PathLike[str], clip: Clip, **arrays: np.ndarray) -> Clip:
    """Write one clip's arrays and description at once (a kill leaves either the whole clip or none of it).

    Raises:
        InputError: arrays of another length than `clip.frames`, values that are not finite. WriteError: the file cannot be written.
    """
    for name, array in arrays.items():
        if len(array) != clip.frames:
            raise InputError(f"clip {clip.id}: {name} has {len(array)} rows, not {clip.frames}")
        if not np.isfinite(array).all():
            raise InputError(f"clip {clip.id}: {name} holds NaN or infinity")
    buffer = io.BytesIO()
    about = np.frombuffer(json.dumps(asdict(clip)).encode(), np.uint8)
    np.savez(buffer, **arrays, about=about)
    path = clip_path(folder, clip.id)
    write_whole(path, buffer.getvalue())
    return clip


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all. Raises InputError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{path.parent}: cannot be made ({error.strerror})") from error
    with replacing(path) as partial:
        partial.write_bytes(data)


def read_arrays(
    folder: str | os.PathLike[str], clip_id: str, *names: str, key: str | None = None
) -> dict[str, np.ndarray]:
    """Arrays of a clip's file: those named, none else are read; without names all.

    key: refuse a file that was made of other ingredients.

    Raises InputError where the file is missing, damaged, of another key, or lacks one of the arrays.
    """
    path = clip_path(folder, clip_id)
    try:
        with np.load(path, allow_pickle=False) as data:
            held = [name for name in data.files if name != "about"]
            missing = [name for name in names if name not in held]
            arrays = {name: data[name] for name in names or held} if not missing else {}
            found = (
                json.loads(bytes(data["about"]).decode())["key"] if key is not None and "about" in data.files else key
            )
    except FileNotFoundError:
        raise InputError(f"{path}: no such clip, the corpus is not complete") from None
    except Exception as error:  # zipfile.BadZipFile, zlib.error: numpy lets what lies below it through
        raise InputError(f"{path}: damaged ({error})") from error
    if missing:
        raise InputError(f"{path}: array {missing[0]!r} is missing")
    if found != key:
        raise InputError(f"{path}: is not the clip that the manifest speaks of; make the corpus again")
    return arrays


def finished_clip(folder: str | os.PathLike[str], clip_id: str, key: str) -> Clip | None:
    """The clip that an earlier, interrupted run has made of the same ingredients (`key`), or None."""
    try:
        with np.load(clip_path(folder, clip_id), allow_pickle=False) as data:
            clip = Clip(**json.loads(bytes(data["about"]).decode()))
    except Exception:  # whatever is wrong with it, the clip is made anew
        return None
    return clip if clip.key == key else None


def common_rows(features: np.ndarray, codes: np.ndarray, *, most: int = FPS // 2) -> tuple[np.ndarray, np.ndarray]:
    """Features (T, 40) and codes (U, D) of one recording, cut to the rows that both have.

    Row i of both is at (i + 1) / 60 s, so that only the ends differ. Codes go on to the end of the last picture; features end
    where the last whole window does, and sound may be longer or shorter than the pictures: `most` rows are usual.

    Raises:
        InputError: they differ by more than `most` rows (not one recording), or have none in common.
    """
    rows = min(len(features), len(codes))
    if not rows:
        raise InputError(f"{len(features)} rows of features and {len(codes)} of codes have none in common")
    if abs(len(features) - len(codes)) > most:
        raise InputError(
            f"{len(features)} rows of features and {len(codes)} of codes are more than {most} apart: not of one recording?"
        )
    return features[:rows], codes[:rows]
