"""A corpus is a folder: manifest.json beside clips/ID.npz.

clips/ID.npz    features (T, 40) float32, codes (T, D) float32: row i of both belongs to the sound centred at (i + 1) / 60 s
manifest.json   format, profile, face model, clips (id, split, speaker, frames, ...); written last, so that a corpus with a
                manifest is whole

A clip's file carries its own description, so that an interrupted build goes on where it stopped.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_training.whole import replacing

FORMAT = "talking-head-corpus/1"
MANIFEST = "manifest.json"
CLIPS = "clips"
SPLITS = ("train", "validation", "test")
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


@dataclass(frozen=True)
class Corpus:
    """A corpus on disk, as its manifest describes it."""

    folder: Path
    profile: str
    face: str
    clips: tuple[Clip, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def split(self, name: str) -> tuple[Clip, ...]:
        """The clips of `train`, `validation` or `test`.

        Raises:
            InputError: there is no split of that name.
        """
        if name not in SPLITS:
            raise InputError(f"there is no split {name!r}; a corpus has {', '.join(SPLITS)}")
        return tuple(clip for clip in self.clips if clip.split == name)

    def load(self, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
        """Features (T, 40) and codes (T, D) of a clip, both float32.

        Raises:
            InputError: the file is missing, damaged, or not the one that the manifest speaks of.
        """
        arrays = read_arrays(self.folder, clip.id)
        try:
            features, codes = arrays["features"], arrays["codes"]
        except KeyError as missing:
            raise InputError(f"{clip_path(self.folder, clip.id)}: array {missing} is missing") from None
        if not (features.ndim == codes.ndim == 2 and len(features) == len(codes) == clip.frames):
            raise InputError(
                f"{clip_path(self.folder, clip.id)}: features {features.shape} and codes {codes.shape} "
                f"do not both have the manifest's {clip.frames} frames"
            )
        return features.astype(np.float32, copy=False), codes.astype(np.float32, copy=False)

    def pairs(self, name: str) -> Iterator[tuple[Clip, np.ndarray, np.ndarray]]:
        """Every clip of a split with its features and codes."""
        for clip in self.split(name):
            yield clip, *self.load(clip)

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


def clip_path(folder: str | os.PathLike[str], clip_id: str) -> Path:
    """Where the arrays of a clip lie. Raises InputError for an id that is no plain file name."""
    if not _ID.fullmatch(clip_id):
        raise InputError(f"clip id {clip_id!r} is not a plain name (letters, digits, '.', '_', '-')")
    return Path(folder) / CLIPS / f"{clip_id}.npz"


def write_clip(folder: str | os.PathLike[str], clip: Clip, **arrays: np.ndarray) -> Clip:
    """Write one clip's arrays and description at once (a kill leaves either the whole clip or none of it).

    Raises:
        InputError: arrays of another length than `clip.frames`, or values that are not finite.
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
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, buffer.getvalue())
    return clip


def read_arrays(folder: str | os.PathLike[str], clip_id: str) -> dict[str, np.ndarray]:
    """All arrays of a clip's file. Raises InputError where it is missing or damaged."""
    path = clip_path(folder, clip_id)
    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files if name != "about"}
    except FileNotFoundError:
        raise InputError(f"{path}: no such clip, the corpus is not complete") from None
    except Exception as error:  # zipfile.BadZipFile, zlib.error: numpy lets what lies below it through
        raise InputError(f"{path}: damaged ({error})") from error


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


def finished_clip(folder: str | os.PathLike[str], clip_id: str, key: str) -> Clip | None:
    """The clip that an earlier, interrupted run has made of the same ingredients (`key`), or None."""
    try:
        with np.load(clip_path(folder, clip_id), allow_pickle=False) as data:
            clip = Clip(**json.loads(bytes(data["about"]).decode()))
    except Exception:  # whatever is wrong with it, the clip is made anew
        return None
    return clip if clip.key == key else None


def assign_splits(
    clips: Iterable[Clip],
    *,
    seed: int,
    validation: float = 0.05,
    test: float = 0.05,
    held_out: Iterable[str] = (),
) -> tuple[Clip, ...]:
    """Give every clip a split: by source, so that no utterance is on both sides; voices held out are test only.

    `validation` and `test` are shares of the sources of each kind and language (at least one each from eight sources on).
    """
    clips = tuple(clips)
    held = set(held_out)
    rng = np.random.default_rng(seed)
    chosen: dict[str, str] = {}
    for group in sorted({(clip.kind, clip.language) for clip in clips}):
        sources = sorted({_source(clip) for clip in clips if (clip.kind, clip.language) == group})
        counts = [max(round(share * len(sources)), int(len(sources) >= 8)) for share in (validation, test)]
        for rank, index in enumerate(rng.permutation(len(sources))):
            name = "validation" if rank < counts[0] else "test" if rank < sum(counts) else "train"
            chosen.setdefault(sources[index], name)
    return tuple(replace(clip, split="test" if clip.speaker in held else chosen[_source(clip)]) for clip in clips)


def _source(clip: Clip) -> str:
    return clip.source or clip.id


def write_manifest(
    folder: str | os.PathLike[str],
    clips: Iterable[Clip],
    *,
    profile: str,
    face: str = "",
    about: Mapping[str, Any] | None = None,
) -> Corpus:
    """Declare a corpus complete: every clip's file must be there.

    Raises:
        InputError: a clip's file is missing, an id comes twice, or a split has no such name.
    """
    clips = tuple(clips)
    twice = [name for name, n in Counter(clip.id for clip in clips).items() if n > 1]
    if twice:
        raise InputError(f"clip id {twice[0]!r} comes twice")
    for clip in clips:
        if clip.split not in SPLITS:
            raise InputError(f"clip {clip.id}: there is no split {clip.split!r}")
        if not clip_path(folder, clip.id).is_file():
            raise InputError(f"{clip_path(folder, clip.id)}: no such clip, the corpus is not complete")
    fields = {
        "format": FORMAT,
        "profile": profile,
        "fps": FPS,
        "face": face,
        "about": dict(about or {}),
        "clips": [asdict(clip) for clip in clips],
    }
    _replace(Path(folder) / MANIFEST, (json.dumps(fields, indent=1, ensure_ascii=False) + "\n").encode())
    return Corpus(Path(folder), profile, face, clips, dict(about or {}))


def read_corpus(folder: str | os.PathLike[str]) -> Corpus:
    """Read a corpus' manifest.

    Raises:
        InputError: the folder has no manifest (not a corpus, or not finished), or the manifest cannot be used.
    """
    path = Path(folder) / MANIFEST
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, {os.fspath(folder)!r} is not a finished corpus") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not a readable manifest ({error})") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        found = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
        raise InputError(f"{path}: format is {found!r}, this software reads {FORMAT!r}")
    if raw.get("fps") != FPS:
        raise InputError(f"{path}: fps is {raw.get('fps')!r}, this software speaks {FPS} frames per second")
    try:
        clips = tuple(Clip(**clip) for clip in raw["clips"])
        return Corpus(Path(folder), str(raw["profile"]), str(raw["face"]), clips, dict(raw["about"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a readable manifest ({error!r})") from error


def _replace(path: Path, data: bytes) -> None:
    with replacing(path) as partial:
        partial.write_bytes(data)
