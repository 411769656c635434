"""A corpus is a folder: manifest.json beside clips/ID.npz (docs/corpus.md has every field).

clips/ID.npz    arrays of T rows; row i of each belongs to the sound centred at (i + 1) / 60 s:
                features (T, 40) float32; codes (T, D) float32, sd of the face's modes;
                landmarks (T, 68, 2) float32, px of the face's canvas, measured on the picture, the head's pose taken out;
                phones (T, 4) int16: previous, centre and next phone (index into th_training.speech.phones.PHONES) and state
                (0 first frame of the phone, 1 last, 2 other), -1 where unknown;
                quality (T,) float32, 0..1, of the codes. All but the features may be missing.
manifest.json   format, profile, face model, clips (id, split, speaker, emotion, text, frames, ...), what was left out and why;
                written last and taken away first, so that a corpus with a manifest is whole

A clip's file carries its own description, so that an interrupted build goes on where it stopped.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from th_audio_features.profiles import DIMENSIONS
from th_common.errors import InputError

from .clip_files import CLIPS, FPS, Clip, clip_path, common_rows, finished_clip, read_arrays, write_clip, write_whole
from .splits import SPLITS, assign_splits

__all__ = [
    "CLIPS",
    "FORMAT",
    "FPS",
    "MANIFEST",
    "SPLITS",
    "Clip",
    "Corpus",
    "assign_splits",
    "clip_path",
    "common_rows",
    "finished_clip",
    "open_again",
    "read_arrays",
    "read_corpus",
    "write_clip",
    "write_manifest",
]

FORMAT = "talking-head-corpus/2"
READ = ("talking-head-corpus/1", FORMAT)
"""Formats that are read. /1 has neither what was left out nor a face file."""
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Corpus:
    """A corpus on disk, as its manifest describes it; arrays are read when they are asked for.

    face: the id of the face that the codes belong to; face_file: where it lies, relative to the folder ("" if it does not).
    left_out: name of a recording -> why it is not among the clips.
    """

    folder: Path
    profile: str
    face: str
    clips: tuple[Clip, ...]
    about: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    face_file: str = ""

    @property
    def face_path(self) -> Path | None:
        """The face's file (`th_training.aam.files.read_face` reads it), None where the corpus has none."""
        return self.folder / self.face_file if self.face_file else None

    def split(self, name: str) -> tuple[Clip, ...]:
        """The clips of `train`, `validation` or `test`.

        Raises:
            InputError: there is no split of that name.
        """
        if name not in SPLITS:
            raise InputError(f"there is no split {name!r}; a corpus has {', '.join(SPLITS)}")
        return tuple(clip for clip in self.clips if clip.split == name)

    def arrays(self, clip: Clip, *names: str) -> dict[str, np.ndarray]:
        """The named arrays of a clip, (T, ...) each; the others are not read. Without names all.

        Raises:
            InputError: the file is missing, damaged, not the one that the manifest speaks of, or lacks an array.
        """
        found = read_arrays(self.folder, clip.id, *names, key=clip.key)
        for name, array in found.items():
            if array.ndim < 1 or len(array) != clip.frames:
                raise InputError(
                    f"{clip_path(self.folder, clip.id)}: {name} {array.shape} does not have the manifest's {clip.frames} frames"
                )
        return found

    def load(self, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
        """Features (T, 40) and codes (T, D) of a clip, both float32. Raises InputError as `arrays`."""
        found = self.arrays(clip, "features", "codes")
        features, codes = found["features"], found["codes"]
        if not (_is_table(features, DIMENSIONS) and _is_table(codes)):
            raise InputError(
                f"{clip_path(self.folder, clip.id)}: features {features.dtype} {features.shape} and codes {codes.dtype} "
                f"{codes.shape} are not numbers of (T, {DIMENSIONS}) and (T, D)"
            )
        return features.astype(np.float32, copy=False), codes.astype(np.float32, copy=False)

    def pairs(self, name: str) -> Iterator[tuple[Clip, np.ndarray, np.ndarray]]:
        """Every clip of a split with its features and codes."""
        for clip in self.split(name):
            yield clip, *self.load(clip)

    def with_splits(self, splits: Mapping[str, str]) -> Corpus:
        """The same files with other splits, clip id -> split. Nothing is written."""
        return replace(self, clips=tuple(replace(clip, split=splits[clip.id]) for clip in self.clips))

    def summary(self) -> dict[str, Any]:
        """Frames, clips and speakers by split, and frames by kind: what a card or a report says of the corpus."""
        frames: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        for clip in self.clips:
            frames[clip.split] += clip.frames
            kinds[clip.kind] += clip.frames
        return {
            "clips": {name: len(self.split(name)) for name in SPLITS},
            "minutes": {name: round(frames[name] / FPS / 60, 2) for name in SPLITS},
            "minutes_by_kind": {kind: round(n / FPS / 60, 2) for kind, n in sorted(kinds.items())},
            "speakers": {name: len({clip.speaker for clip in self.split(name)}) for name in SPLITS},
        }


def open_again(folder: str | os.PathLike[str]) -> None:
    """Take the manifest away before clips are made anew: killed from here on, the folder is no corpus.

    Raises InputError where it cannot be taken away.
    """
    try:
        (Path(folder) / MANIFEST).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{Path(folder) / MANIFEST}: cannot be removed ({error.strerror})") from error


def write_manifest(
    folder: str | os.PathLike[str],
    clips: Iterable[Clip],
    *,
    profile: str,
    face: str = "",
    face_file: str = "",
    left_out: Mapping[str, str] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Corpus:
    """Declare a corpus complete: every clip's file must be there.

    Raises:
        InputError: a clip's file or the face's is missing, an id comes twice, or a split has no such name.
    """
    clips = tuple(clips)
    _no_id_twice(clips)
    for clip in clips:
        if clip.split not in SPLITS:
            raise InputError(f"clip {clip.id}: there is no split {clip.split!r}")
        if not clip_path(folder, clip.id).is_file():
            raise InputError(f"{clip_path(folder, clip.id)}: no such clip, the corpus is not complete")
    if face_file and not (Path(folder) / face_file).is_file():
        raise InputError(f"{Path(folder) / face_file}: no such face, the corpus is not complete")
    corpus = Corpus(Path(folder), profile, face, clips, dict(about or {}), dict(left_out or {}), face_file)
    fields = {
        "format": FORMAT,
        "profile": profile,
        "fps": FPS,
        "face": face,
        "face_file": face_file,
        "left_out": corpus.left_out,
        "about": corpus.about,
        "clips": [asdict(clip) for clip in clips],
    }
    write_whole(Path(folder) / MANIFEST, (json.dumps(fields, indent=1, ensure_ascii=False) + "\n").encode())
    return corpus


def find_face_file(place: Path) -> Path:
    """Where the face of a corpus' folder lies; of anything else, a face file or a model folder, the place itself.

    Raises:
        InputError: a corpus that is unreadable or holds no face.
    """
    if not (place / MANIFEST).is_file():
        return place
    found = read_corpus(place).face_path
    if found is None:
        raise InputError(f"{place}: this corpus does not hold its face; a face file or a model folder serves, too")
    return found


def read_corpus(folder: str | os.PathLike[str]) -> Corpus:
    """Read a corpus' manifest, of format /1 or /2.

    Raises:
        InputError: the folder has no manifest (not a corpus, or not finished), or the manifest cannot be used.
    """
    path = Path(folder) / MANIFEST
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, {os.fspath(folder)!r} is not a finished corpus") from None
    except (OSError, ValueError, RecursionError) as error:  # not UTF-8, not JSON, or a number of thousands of digits
        raise InputError(f"{path}: not a readable manifest ({error})") from error
    if not isinstance(raw, dict) or raw.get("format") not in READ:
        found = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
        raise InputError(f"{path}: format is {found!r}, this software reads {' and '.join(map(repr, READ))}")
    if raw.get("fps") != FPS:
        raise InputError(f"{path}: fps is {raw.get('fps')!r}, this software speaks {FPS} frames per second")
    try:
        return Corpus(
            Path(folder),
            str(raw["profile"]),
            str(raw["face"]),
            _clips(raw["clips"]),
            dict(raw["about"]),
            {str(name): str(reason) for name, reason in dict(raw.get("left_out", {})).items()},
            _own_file(str(raw.get("face_file", ""))),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a readable manifest ({error!r})") from error


def _is_table(array: np.ndarray, width: int | None = None) -> bool:
    """Whether these are real numbers (T, D), D being `width`, or any from 1 on."""
    return array.dtype.kind in "fiu" and array.ndim == 2 and array.shape[1] == (width or max(array.shape[1], 1))


def _own_file(name: str) -> str:
    """The name of a file in the corpus' own folder, or "". Raises InputError where it is one of another folder."""
    if name and (Path(name).name != name or name in (".", "..")):
        raise InputError(f"face_file {name!r} is not a file of this folder")
    return name


def _clips(raw: Sequence[Mapping[str, Any]]) -> tuple[Clip, ...]:
    clips = tuple(Clip(**clip) for clip in raw)
    for clip in clips:
        texts = (
            clip.id,
            clip.speaker,
            clip.split,
            clip.source,
            clip.kind,
            clip.emotion,
            clip.language,
            clip.text,
            clip.key,
        )
        if not (
            all(isinstance(text, str) for text in texts)
            and type(clip.frames) is int
            and clip.frames >= 0
            and isinstance(clip.extra, dict)
        ):
            raise TypeError(f"clip {clip.id!r} has a field of another type")
        clip_path("", clip.id)
        if clip.split not in SPLITS:
            raise ValueError(f"clip {clip.id!r}: there is no split {clip.split!r}")
    _no_id_twice(clips)
    return clips


def _no_id_twice(clips: Iterable[Clip]) -> None:
    """Raises InputError where two clips share an id: they would be one file, and might be on both sides of a split."""
    twice = [name for name, n in Counter(clip.id for clip in clips).items() if n > 1]
    if twice:
        raise InputError(f"clip id {twice[0]!r} comes twice")
