"""A study is a folder: study.json (the key: which video is what), stimuli/TOKEN.mp4, consent.txt, and the answers.

The names of the videos are random, so that nobody can read a method or a sentence off them; only study.json tells, and it is never
served.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from th_common.errors import InputError
from th_training.speech.sentences import EMOTIONS
from th_training.whole import replacing

FORMAT = "talking-head-study/1"
KEY, STIMULI, CONSENT, ANSWERS = "study.json", "stimuli", "consent.txt", "answers.sqlite3"
VOICED, SILENT = "voiced", "silent"
LONGEST_CONSENT = 20_000  # characters
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Study:
    """What is compared, and where its videos are.

    methods: names of what is compared. pair: the two of part (ii), the one that is hoped to be better first; None without that part.
    emotions: sentence -> the emotion that it is spoken with, "" where that is not known (then it is not in part (i)).
    videos: method -> sentence -> {"voiced": token, "silent": token}. sound: token of the check of the sound, with so many `tones`.
    each: how many sentences a person sees. checks: whether there are attention checks. about: how the videos were made.
    """

    title: str
    methods: tuple[str, ...]
    pair: tuple[str, str] | None
    emotions: Mapping[str, str]
    videos: Mapping[str, Mapping[str, Mapping[str, str]]]
    sound: str
    tones: int
    each: int
    seed: int
    checks: bool = True
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.methods or not self.emotions or len(set(self.methods)) < len(self.methods):
            raise InputError("a study has one sentence and one method at least, and no method twice")
        if self.pair is not None and (len(set(self.pair)) != 2 or not set(self.pair) <= set(self.methods)):
            raise InputError(f"the pair {' and '.join(self.pair)} are not two of {', '.join(self.methods)}")
        wrong = sorted({e for e in self.emotions.values() if e and e not in EMOTIONS})
        if wrong:
            raise InputError(f"{wrong[0]!r} is none of the emotions {', '.join(EMOTIONS)}")
        if self.each < 1:
            raise InputError("a person sees one sentence at least")
        for token in self.tokens:
            if not _TOKEN.fullmatch(token):
                raise InputError(f"{token!r} is no name of a video")

    @property
    def tokens(self) -> list[str]:
        """Names of all videos. Raises InputError where one is missing."""
        try:
            return [self.sound] + [
                self.videos[method][sentence][kind]
                for method in self.methods
                for sentence, emotion in self.emotions.items()
                for kind in ((VOICED, SILENT) if emotion else (VOICED,))
            ]
        except (KeyError, TypeError) as error:
            raise InputError(f"there is no video of {error}") from None

    @property
    def digest(self) -> str:
        """Of everything that answers depend on: answers to one study are not read as answers to another."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def write_study(folder: Path, study: Study) -> None:
    """Write study.json. Raises InputError where it cannot be written."""
    with replacing(folder / KEY) as partial:
        partial.write_text(json.dumps({"format": FORMAT, **asdict(study)}, indent=1) + "\n", encoding="utf-8")


def read_study(folder: str | os.PathLike[str]) -> Study:
    """A study with all its videos. Raises InputError, naming what is wrong, where it is none."""
    path = Path(folder) / KEY
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.pop("format") != FORMAT:
            raise InputError(f"is not of format {FORMAT!r}")
        pair = raw.pop("pair")
        study = Study(
            methods=tuple(raw.pop("methods")), pair=None if pair is None else (str(pair[0]), str(pair[1])), **raw
        )
    except FileNotFoundError:
        raise InputError(f"{os.fspath(folder)!r} holds no study ({KEY}): make one with `th study make`") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{path}: not readable ({error!r})") from error
    missing = [token for token in study.tokens if not video_path(folder, token).is_file()]
    if missing:
        raise InputError(f"{video_path(folder, missing[0])}: the video is missing ({len(missing)} are)")
    return study


def video_path(folder: str | os.PathLike[str], token: str) -> Path:
    """Where a video lies."""
    return Path(folder) / STIMULI / f"{token}.mp4"


def read_consent(folder: str | os.PathLike[str]) -> str:
    """The words that people agree to before they begin. Raises InputError where they are missing or empty."""
    path = Path(folder) / CONSENT
    try:
        words = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error}); people must know what they agree to") from error
    if not 0 < len(words) <= LONGEST_CONSENT:
        raise InputError(f"{path}: is empty, or longer than {LONGEST_CONSENT} characters")
    return words
