"""Any folder of videos in which one person talks, with what is known of each in a table or in files beside it."""

from __future__ import annotations

import csv
from pathlib import Path

from th_common.errors import InputError
from th_training.corpus.recordings import SOUNDS, Found, Recording, named_videos
from th_training.speech.labels import SUFFIXES as LABEL_SUFFIXES
from th_training.speech.sentences import EMOTIONS

COLUMNS = ("name", "text", "emotion", "speaker", "language", "source", "sound", "labels")


def find_videos(
    folder: Path,
    *,
    speaker: str = "speaker",
    emotion: str = "neutral",
    language: str = "en",
    table: Path | None = None,
    text_suffix: str = ".txt",
) -> Found:
    """All videos below a folder.

    Beside a video `talk.mp4` may lie `talk.wav` (or another sound: it takes the place of the video's), `talk.txt` (what is
    said; `text_suffix`), and `talk.lab` (timed phones). A table tells the same, and more, for many: see `read_table`.

    Raises InputError where there is no such folder or no video in it, and for a table that cannot be used.
    """
    videos = named_videos(folder)
    rows = read_table(table) if table else {}
    _check_emotion(emotion, "--emotion")
    passed_over: dict[str, str] = {}
    recordings: list[Recording] = []
    for name, video in videos.items():
        keys = (str(video.relative_to(folder)), video.name, str(video.relative_to(folder).with_suffix("")), video.stem)
        row = next((rows.pop(key) for key in keys if key in rows), {})
        sound, labels = (_named(row.get(kind), table, folder, kind) for kind in ("sound", "labels"))
        recordings.append(
            Recording(
                id=name,
                video=video,
                sound=sound or _beside(video, SOUNDS),
                labels=labels or _beside(video, LABEL_SUFFIXES),
                text=row.get("text") or _text(video, text_suffix),
                speaker=row.get("speaker") or speaker,
                emotion=row.get("emotion") or emotion,
                language=row.get("language") or language,
                source=row.get("source") or row.get("text") or name,
            )
        )
    passed_over |= dict.fromkeys(rows, f"{table}: there is no such video")
    return Found(tuple(recordings), passed_over)


def read_table(path: Path) -> dict[str, dict[str, str]]:
    """name -> column -> value of a .csv or tab-separated table; its first line names the columns, of which `name` is one.

    Columns: name (of the video, with or without folder and suffix), text, emotion, speaker, language, source, sound, labels
    (paths relative to the table's folder). Raises InputError, naming the file and the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable table ({error})") from error
    if not lines or "name" not in lines[0]:
        raise InputError(f"{path}: the first line must name the columns, one of them `name`")
    unknown = [column for column in lines[0] if column not in COLUMNS]
    if unknown:
        raise InputError(f"{path}: there is no column {unknown[0]!r} ({', '.join(COLUMNS)})")
    rows: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines[1:], 2):
        if not any(line):
            continue
        if len(line) != len(lines[0]):
            raise InputError(f"{path}: line {number} has {len(line)} values, the first line names {len(lines[0])}")
        row = {column: value.strip() for column, value in zip(lines[0], line, strict=True)}
        if row["name"] in rows:
            raise InputError(f"{path}: line {number} is the second of {row['name']!r}")
        _check_emotion(row.get("emotion") or "neutral", f"{path}: line {number}")
        rows[row["name"]] = row
    return rows


def _check_emotion(emotion: str, where: str) -> None:
    if emotion not in EMOTIONS:
        raise InputError(f"{where}: there is no emotion {emotion!r} ({', '.join(EMOTIONS)})")


def _beside(video: Path, suffixes: tuple[str, ...]) -> Path | None:
    for suffix in suffixes:
        for name in (suffix, suffix.upper(), ".TextGrid" if suffix == ".textgrid" else suffix):
            if (place := video.with_suffix(name)).is_file() and place != video:
                return place
    return None


def _text(video: Path, suffix: str) -> str:
    place = video.with_suffix(suffix)
    if not place.is_file():
        return ""
    try:
        return " ".join(place.read_text(encoding="utf-8-sig").split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{place}: not a readable text ({error})") from error


def _named(value: str | None, table: Path | None, folder: Path, kind: str) -> Path | None:
    if not value:
        return None
    for base in (folder if table is None else table.parent, folder):
        if (base / value).is_file():
            return base / value
    raise InputError(f"{table}: there is no {kind} file {value!r}")


__all__ = ["COLUMNS", "find_videos", "read_table"]
