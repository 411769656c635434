"""The face of a corpus: one that is given, or one built of its training clips and no others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from th_common.errors import InputError
from th_training.aam.build import build_face
from th_training.aam.collect import collect
from th_training.aam.encode_corpus import face_and_id
from th_training.aam.files import write_face
from th_training.corpus.clip_files import write_whole
from th_training.corpus.pictures import file_digest
from th_training.landmarks.sources import Sources

FACE_FILE = "face.safetensors"
FIGURES = "face.json"
VERSION = 1
PORTRAIT = 512  # px
Progress = Callable[[str], Callable[[Iterable[Any], int], Iterable[Any]]]
_MODES = 8, 8  # of shape and appearance, as in the paper


def copy_face(face: Path, out: Path) -> Path:
    """Put the face of a model folder or of a file into the corpus; returns its place. Raises ModelError, InputError."""
    _, face_id = face_and_id(face)
    place = out / FACE_FILE
    if not _is(place, face_id):
        source = face / FACE_FILE if face.is_dir() else face
        write_whole(place, source.read_bytes())
        write_whole(out / FIGURES, _json({"face": face_id, "from": str(face.absolute())}))
    return place


def build_own_face(
    videos: Sequence[Path], out: Path, *, pictures: int, seed: int, cache: Path, progress: Progress | None = None
) -> Path:
    """Build a face of these videos into the corpus, or keep the one that was built of the same; returns its place.

    Raises InputError where they do not give a face.
    """
    place = out / FACE_FILE
    made_of = [VERSION, pictures, seed, PORTRAIT, sorted(file_digest(video) for video in videos)]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    known = read_figures(out)
    if known.get("key") == key and _is(place, str(known.get("face"))):
        return place
    found = collect(
        list(videos), Sources(cache, strict=False), pictures, least=max(_MODES[0] + 1, _MODES[1] + 2), seed=seed
    )
    count = len(found.landmarks)
    built = build_face(
        progress("face")(found.pictures(), count) if progress else found.pictures(),
        found.landmarks,
        shape_modes=_MODES[0],
        appearance_modes=_MODES[1],
        align=True,
        portrait=PORTRAIT,
    )
    write_face(place, built.model)
    figures = {name: round(float(value), 4) for name, value in built.figures.items()}
    about = {
        "face": face_and_id(place)[1],
        "key": key,
        "clips": len(found.files),
        "not_used": found.left_out,
        **figures,
    }
    write_whole(out / FIGURES, _json(about))
    return place


def read_figures(out: Path) -> dict[str, Any]:
    """What is known of the corpus' face, {} where nothing is."""
    try:
        known = json.loads((out / FIGURES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _is(place: Path, face_id: str) -> bool:
    try:
        return file_digest(place) == face_id
    except InputError:
        return False


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()
