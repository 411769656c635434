"""GRID (Cooke, Barker, Cunningham, Shao, JASA 120(5), 2006): one speaker's videos and word timings.

ID.mpg or another video anywhere below the folder; ID.align likewise: start, end (in 1/25000 s of the 25 Hz clock's samples) and
word a line, `sil` and `sp` for silence. A name says the sentence: `bbaf2n` is "bin blue at f two now".
"""

from __future__ import annotations

from pathlib import Path

from th_common.errors import InputError
from th_training.corpus.recordings import Found, Recording, files_below, named_videos

_QUIET = ("sil", "sp")
_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    None,  # a letter
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight",
     "9": "nine"},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)  # fmt: skip


def find_grid(folder: Path) -> Found:
    """The recordings of one speaker's folder. Videos without a transcript are taken too, transcripts without a video named.

    Raises InputError where there is no such folder, or no video in it.
    """
    videos = named_videos(folder)
    transcripts = {path.stem: path for path in files_below(folder, (".align",))}
    passed_over: dict[str, str] = {}
    recordings: list[Recording] = []
    for name, video in videos.items():
        text = sentence(video.stem)
        if video.stem in transcripts:
            try:
                text = read_align(transcripts[video.stem])
            except InputError as error:
                passed_over[transcripts[video.stem].name] = str(error)
        # Each clip is a sentence of its own: six words of a closed vocabulary are shared by all
        recordings.append(Recording(id=name, video=video, text=text, speaker=folder.name, source=text or name))
    for stem in sorted(set(transcripts) - {video.stem for video in videos.values()}):
        passed_over[transcripts[stem].name] = "a transcript without a video"
    return Found(tuple(recordings), passed_over)


def read_align(path: Path) -> str:
    """The words of a transcript. Raises InputError, naming the file and the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable transcript ({error})") from error
    words = []
    for number, line in enumerate(lines, 1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 3 or not (parts[0].isdigit() and parts[1].isdigit()) or int(parts[1]) < int(parts[0]):
            raise InputError(f"{path}: line {number} is not `start end word`")
        if parts[2] not in _QUIET:
            words.append(parts[2])
    if not words:
        raise InputError(f"{path}: holds no word")
    return " ".join(words)


def sentence(name: str) -> str:
    """What a GRID name says, "" where it is none: `bbaf2n` is "bin blue at f two now"."""
    if len(name) != len(_WORDS):
        return ""
    words = [letter if known is None else known.get(letter, "") for letter, known in zip(name, _WORDS, strict=True)]
    return " ".join(words) if all(words) else ""
