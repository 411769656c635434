"""A study from sentences and methods: videos first, the key last, so that a folder with a key is whole."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_training.study.stimuli import Method, Progress, make_stimuli
from th_training.study.study import ANSWERS, CONSENT, KEY, Study, read_consent, write_study
from th_training.study.table import Sentence
from th_training.tiles import make_folder
from th_training.whole import replacing

ORIGINAL = "original"
"""A method of this name is what people are measured by, not one of the two that part (ii) compares."""


def make_study(
    folder: Path,
    sentences: Sequence[Sentence],
    methods: Sequence[Method],
    *,
    title: str = "Talking faces",
    each: int = 0,
    size: int = 512,
    seed: int | None = None,
    checks: bool = True,
    consent: Path | None = None,
    progress: Progress = lambda items, _: items,
) -> Study:
    """Make a study in FOLDER; part (ii) compares the first two methods that are not called "original".

    Args:
        each: sentences that a person sees; 0 for all. seed: of orders and sides; None for a random one.
        consent: a text file; None for the one that comes along.

    Raises:
        InputError: the folder holds a study, a method has an unusable name, or as `make_stimuli`. ModelError as there.
    """
    if (folder / KEY).exists() or (folder / ANSWERS).exists():
        raise InputError(f"{folder} holds a study already: make another one in another folder")
    names = [method.name for method in methods]
    if len(set(names)) < len(names) or not all(name.isprintable() and 0 < len(name) <= 40 for name in names):
        raise InputError(f"methods need names of their own, of 1 to 40 letters, not {', '.join(map(repr, names))}")
    make_folder(folder)
    default = (resources.files(__package__) / "consent.txt").read_text("utf-8")
    try:
        words = default if consent is None else consent.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{consent}: not readable ({error})") from error
    with replacing(folder / CONSENT) as partial:
        partial.write_text(words, encoding="utf-8")
    read_consent(folder)
    seed = secrets.randbits(32) if seed is None else seed
    tones = int(np.random.default_rng([seed, 0]).integers(2, 6))
    made = make_stimuli(folder, sentences, methods, tones=tones, size=size, progress=progress)
    study = Study(
        title=title,
        methods=tuple(names),
        pair=_pair(names),
        emotions={sentence.id: sentence.emotion for sentence in sentences},
        videos=made.videos,
        sound=made.sound,
        tones=tones,
        each=min(each or len(sentences), len(sentences)),
        seed=seed,
        checks=checks,
        about=made.about,
    )
    write_study(folder, study)
    return study


def _pair(names: Sequence[str]) -> tuple[str, str] | None:
    compared = [name for name in names if name != ORIGINAL]
    return (compared[0], compared[1]) if len(compared) > 1 else None
