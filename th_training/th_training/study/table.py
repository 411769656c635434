"""The sentences of a study: a table of sound files (CSV), or the test clips of a corpus."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

from th_common.errors import InputError
from th_training.corpus.clip_files import plain_id
from th_training.corpus.format import MANIFEST, Clip, read_corpus
from th_training.speech.sentences import EMOTIONS

COLUMNS = ("sound", "emotion", "id")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


@dataclass(frozen=True)
class Sentence:
    """One recording. `emotion`: "" where it is not known. `start`: s of the sound at which row 0 of its codes would begin."""

    id: str
    sound: Path
    emotion: str = ""
    start: float = 0.0


def read_sentences(path: Path, *, every: bool = False) -> list[Sentence]:
    """The rows of a table, or the test clips (`every`: all clips) of a corpus folder; in turn one of each emotion.

    A table is a CSV file with the columns `sound` (a path, relative to the table) and, where it is known, `emotion`; `id` where the
    sound's name without its suffix is not good enough.

    Raises:
        InputError: naming file and row, where something is wrong with it, or there is no sentence.
    """
    found = _of_corpus(path, every) if (path / MANIFEST).is_file() else _of_table(path)
    twice = [s.id for k, s in enumerate(found) if s.id in {other.id for other in found[:k]}]
    if twice:
        raise InputError(f"{path}: two sentences are called {twice[0]!r}: give them an `id`")
    if not found:
        raise InputError(f"{path}: holds no sentence")
    return _mixed(found)


def corpus_face(path: Path) -> Path | None:
    """The face of a corpus folder; None where it has none, or this is a table."""
    return read_corpus(path).face_path if (path / MANIFEST).is_file() else None


def _of_table(path: Path) -> list[Sentence]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or []
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: is neither a table of sentences nor a corpus folder ({error})") from error
    if "sound" not in columns or not set(columns) <= set(COLUMNS):
        raise InputError(f"{path}: has the columns {', '.join(columns)}; a table of sentences has {', '.join(COLUMNS)}")
    found = []
    for number, row in enumerate(rows, 2):
        values = {name: (row.get(name) or "").strip() for name in COLUMNS}
        sound = path.parent / values["sound"]
        name = values["id"] or sound.stem
        if not values["sound"] or not sound.is_file():
            raise InputError(f"{path}, row {number}: there is no sound file {values['sound']!r}")
        if values["emotion"] and values["emotion"] not in EMOTIONS:
            raise InputError(f"{path}, row {number}: {values['emotion']!r} is none of {', '.join(EMOTIONS)}")
        if not _PLAIN.fullmatch(name):
            raise InputError(
                f"{path}, row {number}: {name!r} is no plain name: give it an `id`, {plain_id(name)!r} for one"
            )
        found.append(Sentence(name, sound, values["emotion"]))
    return found


def _of_corpus(folder: Path, every: bool) -> list[Sentence]:
    corpus = read_corpus(folder)
    labelled = len({clip.emotion for clip in corpus.clips}) > 1  # else nobody said, and "neutral" is what stands there
    return [
        Sentence(clip.id, _sound(folder, clip), clip.emotion if labelled else "", _start(clip))
        for clip in (corpus.clips if every else corpus.split("test"))
        if clip.kind == "speech"
    ]


def _sound(folder: Path, clip: Clip) -> Path:
    for name in ("sound", "video"):
        named = clip.extra.get(name)
        if isinstance(named, str) and named and (folder / named).is_file():
            return folder / named
    raise InputError(f"{folder}: the sound of clip {clip.id} is not there any more")


def _start(clip: Clip) -> float:
    value = clip.extra.get("sound_start", 0.0)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) and value > 0 else 0.0


def _mixed(found: list[Sentence]) -> list[Sentence]:
    """One of each emotion, then another one of each: whoever sees a stretch of them sees different emotions."""
    turn: dict[str, int] = {}
    places = []
    for sentence in found:
        turn[sentence.emotion] = turn.get(sentence.emotion, 0) + 1
        places.append(turn[sentence.emotion])
    order = sorted(range(len(found)), key=lambda k: (places[k], found[k].emotion, k))
    return [found[k] for k in order]
