"""SAVEE, the paper's corpus, as its owners hand it out (Haq and Jackson, Surrey Audio-Visual Expressed Emotion, 2009).

A folder for each speaker (DC, JE, JK, KL) below one for each kind of file: `AudioVisualClip/DC/a1.avi`, `AudioData/DC/a01.wav`.
A name is the emotion (a, d, f, h, n, sa, su) and the number of the sentence, with or without a zero; 15 sentences with each
emotion and 30 neutral ones. Where the files lie does not matter here, as long as name and speaker can be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from th_common.errors import InputError
from th_training.corpus.recordings import SOUNDS, VIDEOS, Found, Recording, files_below
from th_training.speech.labels import SUFFIXES as LABEL_SUFFIXES

SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
SENTENCES = {letters: 30 if letters == "n" else 15 for letters in EMOTIONS}
_NAME = re.compile(r"(?:(?P<speaker>[A-Z]{2})[ _-])?(?P<emotion>sa|su|a|d|f|h|n)(?P<number>\d{1,2})", re.IGNORECASE)
_LINE = re.compile(
    r"\s*(?:(?P<speaker>[A-Z]{2})[ _/\\-])?(?P<emotion>sa|su|a|d|f|h|n)(?P<number>\d{1,2})(?:\.\w{3,4})?\s*[\s:,;|]\s*(?P<text>\S.*)",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"[^a-z' ]+")
_LEAST_LINES = 5  # that say a sentence, or a text file is about something else

Place = tuple[str, int]
"""Emotion's letters and number of a sentence."""


def find_savee(folder: Path, speaker: str = "DC", *, texts: Path | None = None) -> Found:
    """The recordings of one speaker. Sentences without a video, and files that are none of them, are named.

    texts: file of sentences (`a01 She had your dark suit ...` a line, with or without a speaker before it); None: any text
    file below the folder that is one. A file `a01.txt` beside a recording holds its sentence.

    Raises InputError where there is no such folder, no video of the speaker, or `texts` is no such file.
    """
    passed_over: dict[str, str] = {}
    videos = _by_place(folder, files_below(folder, VIDEOS), speaker, passed_over)
    if not videos:
        there = {
            who for path in files_below(folder, VIDEOS) if (who := _speaker(path, folder, _NAME.fullmatch(path.stem)))
        }
        found = f"; there are {', '.join(sorted(there))}" if there else ""
        raise InputError(f"{folder}: there is no video of speaker {speaker} (AudioVisualClip/{speaker}/a1.avi){found}")
    sounds = _by_place(folder, files_below(folder, SOUNDS), speaker, passed_over)
    labels = _by_place(folder, files_below(folder, LABEL_SUFFIXES), speaker, {})
    said = _texts(folder, speaker, texts)
    recordings = []
    for letters, count in SENTENCES.items():
        for number in range(1, count + 1):
            place = letters, number
            name = f"{speaker}-{letters}{number:02d}"
            if place not in videos:
                passed_over[name] = "no video, only its sound" if place in sounds else "is missing"
                continue
            text = said.get(place, "")
            source = " ".join(_SPOKEN.sub(" ", text.lower()).split())
            recordings.append(
                Recording(
                    id=name,
                    video=videos[place],
                    sound=sounds.get(place),
                    labels=labels.get(place),
                    text=text,
                    speaker=speaker,
                    emotion=EMOTIONS[letters],
                    source=source or name,  # three sentences are said with every emotion
                )
            )
    return Found(tuple(recordings), passed_over)


def read_sentences(path: Path) -> dict[tuple[str, Place], str]:
    """(speaker or "", sentence) -> what is said, of a text file; lines that say no sentence are passed over.

    Raises InputError where it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: not a readable text ({error.strerror})") from error
    found: dict[tuple[str, Place], str] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match:
            place = match["emotion"].lower(), int(match["number"])
            found[(match["speaker"] or "").upper(), place] = match["text"].strip().strip('"').strip()
    return found


def _texts(folder: Path, speaker: str, file: Path | None) -> dict[Place, str]:
    if file is not None:
        found = read_sentences(file)
        if not found:
            raise InputError(f"{file}: holds no sentence (a line is `a01 what is said`)")
        return _of(found, speaker)
    result: dict[Place, str] = {}
    files = files_below(folder, (".txt", ".csv", ".tsv"))
    for path in files:
        found = {} if _NAME.fullmatch(path.stem) else read_sentences(path)
        if len(found) >= _LEAST_LINES:
            result |= _of(found, speaker)
    for path in files:
        match = _NAME.fullmatch(path.stem)
        if match and _speaker(path, folder, match) in (speaker, ""):
            result[_place(match)] = " ".join(path.read_text(encoding="utf-8", errors="replace").split())
    return result


def _of(found: Mapping[tuple[str, Place], str], speaker: str) -> dict[Place, str]:
    """Sentences of a speaker: those of nobody in particular, and their own."""
    return {place: text for who in ("", speaker) for (whose, place), text in found.items() if whose == who}


def _by_place(folder: Path, files: Sequence[Path], speaker: str, passed_over: dict[str, str]) -> Mapping[Place, Path]:
    """Files of the speaker by sentence; the audio-visual clip where there are several. What is none is named."""
    found: dict[Place, Path] = {}
    for path in sorted(files, key=lambda path: ("audiovisual" not in str(path.relative_to(folder)).lower(), str(path))):
        match = _NAME.fullmatch(path.stem)
        who = _speaker(path, folder, match)
        if who not in (speaker, ""):
            continue
        name = str(path.relative_to(folder))
        if match is None:
            passed_over[name] = "its name is not that of a sentence (a01 .. su15)"
            continue
        place = _place(match)
        if not 1 <= place[1] <= SENTENCES[place[0]]:
            passed_over[name] = f"one too many: there are {SENTENCES[place[0]]} sentences of {EMOTIONS[place[0]]}"
        elif place in found:
            passed_over[name] = f"the same sentence as {found[place].relative_to(folder)}"
        else:
            found[place] = path
    return found


def _place(match: re.Match[str]) -> Place:
    return match["emotion"].lower(), int(match["number"])


def _speaker(path: Path, folder: Path, match: re.Match[str] | None) -> str:
    """Whose file it is: by its name, or by the nearest folder that is named after a speaker; "" where neither says."""
    if match and match["speaker"]:
        return str(match["speaker"]).upper()
    for part in (*reversed(path.relative_to(folder).parts[:-1]), folder.name):
        if part.upper() in SPEAKERS:
            return part.upper()
    return ""
