"""Examples to learn the read-out from: what a predictor makes of clips, heard as a running graph hears it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from th_common.errors import InputError
from th_face_renderer.expression import ALSO
from th_face_renderer.face_model import FaceModel
from th_face_renderer.heard import Heard
from th_face_renderer.readout import NAMES
from th_training.corpus.format import FPS, Clip, Corpus

Predict = Callable[[np.ndarray], np.ndarray]
Progress = Callable[[Iterable[Clip], int], Iterable[Clip]]

MOMENTS = (1.0, 2.0, 3.0)
"""s after the voice began at which it is asked what was expressed so far; and once more when the clip ends."""
END = "clip"


@dataclass(frozen=True)
class Examples:
    """`statistics` (N, 2 D) after `evidence` (N,) s of speech, the emotion `wanted` (N,) as place in NAMES.

    clip: (N,) which clip of `clips` each is of; moment: (N,) "1 s", "2 s", "3 s" or END.
    """

    statistics: np.ndarray
    evidence: np.ndarray
    wanted: np.ndarray
    clip: np.ndarray
    moment: np.ndarray
    clips: tuple[Clip, ...]

    def where(self, chosen: np.ndarray) -> Examples:
        """Some of them: (N,) truth values."""
        rows = ("statistics", "evidence", "wanted", "clip", "moment")
        return replace(self, **{name: getattr(self, name)[chosen] for name in rows})

    def __len__(self) -> int:
        return len(self.wanted)


def place_of(emotion: str) -> int:
    """Place in NAMES of an emotion by a corpus' word for it. Raises InputError for another."""
    word = ALSO.get(emotion, emotion)
    if word not in NAMES:
        raise InputError(f"a clip says {emotion!r}, and there is no such emotion in a read-out")
    return NAMES.index(word)


def hear(
    corpus: Corpus,
    clips: Sequence[Clip],
    predict: Predict,
    face: FaceModel,
    *,
    forget: float,
    progress: Progress | None = None,
) -> Examples:
    """Every clip that speaks, asked at MOMENTS and at its end; of clips in which no lips part nothing.

    Raises:
        InputError: a clip cannot be read, or its emotion is none of the seven.
    """
    spoken = [clip for clip in clips if clip.kind == "speech"]
    rows: list[tuple[np.ndarray, float, int, int, str]] = []
    for k, clip in enumerate(progress(spoken, len(spoken)) if progress else spoken):
        codes = predict(corpus.load(clip)[0])
        for moment, statistics, evidence in moments(codes, face, forget=forget):
            rows.append((statistics, evidence, place_of(clip.emotion), k, moment))
    if not rows:
        raise InputError(f"{corpus.folder}: no clip speaks, there is nothing to read out")
    columns: Mapping[int, list] = {i: [row[i] for row in rows] for i in range(5)}
    return Examples(
        np.stack(columns[0]),
        np.array(columns[1]),
        np.array(columns[2]),
        np.array(columns[3]),
        np.array(columns[4]),
        tuple(spoken),
    )


def moments(codes: np.ndarray, face: FaceModel, *, forget: float) -> list[tuple[str, np.ndarray, float]]:
    """Name of the moment, statistics and evidence of codes (T, D) from their first sound on."""
    heard = Heard(face, forget)
    begin: float | None = None
    due = list(MOMENTS)
    found: list[tuple[str, np.ndarray, float]] = []
    last: tuple[np.ndarray, float] | None = None
    for i, code in enumerate(codes):
        time = (i + 1) / FPS
        heard.hear(code, time)
        if not heard.speaks(time):
            continue
        begin = time if begin is None else begin
        last = heard.statistics(time)
        if due and time - begin >= due[0]:
            found.append((f"{due.pop(0):g} s", *last))
    return [*found, (END, *last)] if last is not None else found
