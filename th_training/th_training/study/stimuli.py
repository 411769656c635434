"""The videos of a study: every sentence by every method, with and without sound, at one size and one level."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from th_audio_io.sources import FileSource
from th_common.default_model import find_model
from th_common.errors import InputError
from th_training.study.loudness import LEVEL, MEASURE, Loudness, loudness, one_level
from th_training.study.study import SILENT, STIMULI, VOICED, video_path
from th_training.study.table import Sentence
from th_training.synthesize import FPS, synthesize, write_pictures
from th_training.tiles import make_folder, shrink

MOVIES = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".mpg")
TONE = 660.0  # Hz
Progress = Callable[[Iterable[Any], int], Iterable[Any]]


@dataclass(frozen=True)
class Method:
    """What makes faces of sentences: a model folder that hears them, or a folder of recorded codes or videos named by sentence.

    `face`: what draws recorded codes, a model folder or the file of a face.
    """

    name: str
    model: Path | None = None
    recorded: Path | None = None
    face: Path | None = None

    def source(self, sentence: str) -> Path | None:
        """The recorded codes (ID.npz) or video of a sentence; None where a model is asked. InputError where there is neither."""
        if self.recorded is None:
            return None
        for suffix in (".npz", *MOVIES):
            if (path := self.recorded / f"{sentence}{suffix}").is_file():
                return path
        raise InputError(f"{self.name}: {self.recorded} has neither codes ({sentence}.npz) nor a video of {sentence!r}")


@dataclass(frozen=True)
class Made:
    """Names of the videos, as `Study.videos`, and what is to be told of them."""

    videos: dict[str, dict[str, dict[str, str]]]
    sound: str
    about: dict[str, Any]


def make_stimuli(
    folder: Path,
    sentences: Sequence[Sentence],
    methods: Sequence[Method],
    *,
    tones: int,
    size: int = 512,
    crf: int = 18,
    progress: Progress = lambda items, _: items,
) -> Made:
    """Write FOLDER/stimuli; a video without a sound track of each sentence that has an emotion.

    Raises:
        InputError: a sound, codes or a video cannot be used, or the videos cannot be written.
        ModelError: a face model cannot be used.
    """
    for method in methods:
        for sentence in sentences:
            method.source(sentence.id)
    make_folder(folder / STIMULI)
    measured = {sentence.id: loudness(sentence.sound) for sentence in sentences}
    level, gains = one_level(measured)
    videos: dict[str, dict[str, dict[str, str]]] = {method.name: {} for method in methods}
    jobs = [(method, sentence) for method in methods for sentence in sentences]
    for method, sentence in progress(jobs, len(jobs)):
        # The silent one is written apart and not cut out of the other, so that nothing of the sound is in the file
        kinds = (VOICED, SILENT) if sentence.emotion else (VOICED,)
        tokens = {kind: secrets.token_hex(16) for kind in kinds}
        gain = {video_path(folder, token): None if k == SILENT else gains[sentence.id] for k, token in tokens.items()}
        _write(gain, sentence, method, size=size, crf=crf)
        videos[method.name][sentence.id] = tokens
    sound = secrets.token_hex(16)
    write_tones(video_path(folder, sound), tones, level=level, size=size)
    _same_age(folder / STIMULI)
    return Made(videos, sound, _about(methods, measured, gains, level, size))


def write_tones(path: Path, tones: int, *, level: float, size: int) -> None:
    """A dark video in which so many tones are heard, as loud as the voices. Raises InputError."""
    rate = 48_000
    time = np.arange(int(0.25 * rate)) / rate
    tone = 0.1 * np.sin(2 * np.pi * TONE * time) * np.minimum(1, np.minimum(time, time[::-1]) / 0.02)
    silence = np.zeros(int(0.3 * rate))
    wave = np.concatenate([silence, *([tone, silence] * tones), silence]).astype(np.float32)
    sound = path.with_suffix(".wav")
    try:
        soundfile.write(sound, wave, rate)
        gain = one_level({"": loudness(sound)}, wanted=level)[1][""]
        dark = np.full((size, size, 3), 40, np.uint8)
        frames = len(wave) * FPS // rate
        write_pictures(path, (dark for _ in range(frames)), sound, size=size, gain=gain)
    except OSError as error:
        raise InputError(f"{sound} cannot be written ({error})") from error
    finally:
        sound.unlink(missing_ok=True)


def _write(gains: Mapping[Path, float | None], sentence: Sentence, method: Method, *, size: int, crf: int) -> None:
    """One head in several files, with other sound each (see `synthesize`)."""
    source = method.source(sentence.id)
    codes = _codes(source, sentence.start) if source is not None and source.suffix == ".npz" else None
    filmed = None if source is None or codes is not None else _filmed(source, sentence, method.face)
    for path, gain in gains.items():
        if filmed is not None:
            shown = (shrink(picture, size) for picture in filmed)
            write_pictures(path, shown, sentence.sound, size=size, crf=crf, gain=gain)
        else:
            model = method.model if codes is None else method.face
            synthesize(sentence.sound, path, model=model, codes=codes, size=size, crf=crf, gain=gain)


def _codes(path: Path, start: float) -> np.ndarray:
    """Codes (T, D); before their first row, where the sound begins earlier, the face stands still."""
    try:
        with np.load(path, allow_pickle=False) as data:
            codes = np.asarray(data["codes"], np.float32)
    except Exception as error:
        raise InputError(f"{path}: holds no codes ({error})") from error
    if codes.ndim != 2 or not len(codes):
        raise InputError(f"{path}: {codes.shape} are no codes")
    return np.concatenate((np.repeat(codes[:1], round(start * FPS), axis=0), codes))


def _filmed(path: Path, sentence: Sentence, face: Path | None) -> Sequence[np.ndarray]:
    """The square around the face of a video, as long as the sound."""
    from th_training.aam.files import read_face
    from th_training.evaluate.pictures import original_squares

    source = FileSource(sentence.sound)
    samples = sum(len(block) for block in source.blocks())
    drawn_by = face if face is not None and face.is_file() else find_model(face or "")
    return original_squares(path, -(-samples * FPS // source.rate), read_face(drawn_by))


def _same_age(folder: Path) -> None:
    """Videos that tell nothing by when they were written."""
    newest = max(path.stat().st_mtime for path in folder.iterdir())
    for path in folder.glob("*.mp4"):
        os.utime(path, (newest, newest))


def _about(
    methods: Sequence[Method],
    measured: Mapping[str, Loudness],
    gains: Mapping[str, float],
    level: float,
    size: int,
) -> dict[str, Any]:
    made = {}
    for method in methods:
        of = method.recorded or method.model
        made[method.name] = f"{'recorded in' if method.recorded else 'model'} {(of or Path('default')).name}"
    return {
        "methods": made,
        "size": size,
        "loudness": {
            "measure": MEASURE,
            "level": round(level, 2),
            "wanted": LEVEL,
            "gains_db": {name: round(20 * float(np.log10(gain)), 2) for name, gain in gains.items()},
            "before": {name: round(sound.level, 2) for name, sound in measured.items()},
        },
    }
