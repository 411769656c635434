"""The clips that a report shows: strips of pictures, videos side by side, trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel
from th_training.corpus.format import Clip
from th_training.evaluate import pictures, plots
from th_training.evaluate.methods import Method
from th_training.evaluate.scores import Scores, Truth


@dataclass(frozen=True)
class Example:
    """What was drawn of a clip, and why of this one. `video` is relative to the report; `sound`: the clip's sound is in it."""

    clip: Clip
    why: str
    strips: Mapping[int, Path]
    video: str
    sound: bool


def clip_corr(scores: Scores) -> np.ndarray:
    """(N,) mean correlation of each clip; what is undefined counts as 0."""
    return np.nan_to_num(scores.values["corr"]).mean(axis=1)


def draw_examples(
    chosen: Sequence[tuple[Truth, str]], methods: Sequence[Method], face: FaceModel, folder: Path, out: Path
) -> Iterator[Example]:
    """OUT/pictures and OUT/videos of clips (and why these) of the corpus in `folder`. Raises InputError where they cannot be written."""
    decoder = FaceDecoder(face)
    for truth, why in chosen:
        rows = pictures.rows_of(truth, methods, face)
        strips = pictures.write_strips(truth, rows, decoder, out / "pictures")
        video = f"videos/{truth.clip.id}.mp4"
        sound = pictures.write_side_by_side(truth, rows, decoder, out / video, folder=folder)
        yield Example(truth.clip, why, strips, video, sound)


def plot_codes(truth: Truth, methods: Sequence[Method], names: Sequence[str], shape: int) -> str:
    """SVG of the first three shape and the first two appearance dimensions over time, each without its mean."""
    rows = []
    for k in (0, 1, 2, shape, shape + 1):
        row = {"true": ("true", truth.codes[:, k])}
        row |= {m.name: (m.kind, np.asarray(m.codes[truth.clip.id])[:, k]) for m in methods}
        rows.append((names[k], {name: (kind, values - values.mean()) for name, (kind, values) in row.items()}))
    return plots.trajectories(rows)
