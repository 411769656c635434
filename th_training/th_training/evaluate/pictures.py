"""To look at: original, proposed and comparative beside each other, as the article's figures 4 and 5, and as videos with the sound."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from th_common.errors import InputError
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel
from th_training.aam.detect import FaceFinder
from th_training.aam.sheets import around, crop
from th_training.corpus.format import FPS
from th_training.evaluate.methods import Method
from th_training.evaluate.scores import Truth
from th_training.movie import write_movie
from th_training.tiles import Image, label, make_folder, shrink, write_picture
from th_training.video import timed_pictures

STEPS = (20, 5)
"""Of the article's figures 4 and 5: every 20th and every 5th frame."""
COLUMNS = 9
TILE, PANEL = 150, 360  # px


@dataclass(frozen=True)
class Row:
    """What stands in one row: squares (side, side, 3) BGR of a clip, drawn or taken from its video when they are asked for."""

    name: str
    codes: np.ndarray | None = None
    originals: tuple[Image, ...] = ()

    def square(self, frame: int, side: int, decoder: FaceDecoder) -> Image:
        """The face at frame `frame`."""
        if self.codes is None:
            return shrink(self.originals[min(frame, len(self.originals) - 1)], side)
        return shrink(crop(decoder.render(self.codes[frame], copy=False), decoder.model), side)


def rows_of(truth: Truth, methods: Sequence[Method], model: FaceModel) -> tuple[Row, ...]:
    """The original (of the video, where it is there), the face drawn from the true codes, and from each method's."""
    rows = [Row("original, as coded", truth.codes)]
    video = video_of(truth)
    if video is not None:
        with contextlib.suppress(InputError):  # what a clip was made of may be lost since; its codes are there
            squares = original_squares(video, len(truth.codes), model, start=_seconds(truth, "start"))
            rows.insert(0, Row("original", originals=squares))
    return (*rows, *(Row(m.name, np.asarray(m.codes[truth.clip.id], np.float32)) for m in methods))


def video_of(truth: Truth) -> Path | None:
    """The clip's own video, None where the corpus names none or it is not there any more."""
    named = truth.clip.extra.get("video")
    return path if isinstance(named, str) and named and (path := Path(named)).is_file() else None


def sound_of(truth: Truth, folder: Path) -> Path | None:
    """A file that holds the clip's sound: its own (relative to the corpus' folder), or its video."""
    named = truth.clip.extra.get("sound")
    own = folder / named if isinstance(named, str) and named else None
    return own if own is not None and own.is_file() else video_of(truth)


def original_squares(video: Path, frames: int, model: FaceModel, *, start: float = 0.0) -> tuple[Image, ...]:
    """The square around the face of what is on show at `start` + (i + 1) / 60 s, for i in 0..frames - 1.

    Raises InputError where the video cannot be read.
    """
    squares: list[Image] = []
    points: np.ndarray | None = None
    finder: FaceFinder | None = None
    last: Image | None = None
    for time, duration, picture in timed_pictures(video):
        if points is None:
            finder = finder or FaceFinder(model)
            points = next(finder(picture), None)
        last = _middle(picture) if points is None else around(picture, points)
        while len(squares) < frames and start + (len(squares) + 1) / FPS < time + duration:
            squares.append(last)
    if last is None:
        raise InputError(f"{video}: holds no picture")
    return tuple(squares + [last] * (frames - len(squares)))


def strip(rows: Sequence[Row], frames: Sequence[int], decoder: FaceDecoder, *, tile: int = TILE) -> Image:
    """One picture: a row a method, a column a frame; names and times stand in it."""
    lines = []
    for n, row in enumerate(rows):
        tiles = [row.square(frame, tile, decoder).copy() for frame in frames]
        label(tiles[0], row.name)
        if n == 0:
            for square, frame in zip(tiles, frames, strict=True):
                label(square, f"{(frame + 1) / FPS:.2f} s", line=1)
        lines.append(np.hstack(tiles))
    return np.vstack(lines)


def frames_every(step: int, truth: Truth, *, columns: int = COLUMNS) -> list[int]:
    """Every `step`-th frame, at most `columns`: of the whole clip, or of the stretch in which the true lips move most."""
    count = len(truth.codes)
    width = step * (columns - 1) + 1
    if count <= width:
        return list(range(step // 2 if count > step else 0, count, step))
    lips = truth.of_drawn["lip_opening"]
    moved = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(lips)))))
    start = int(np.argmax(moved[width - 1 :] - moved[: count - width + 1]))
    return list(range(start, start + width, step))


def write_strips(truth: Truth, rows: Sequence[Row], decoder: FaceDecoder, folder: Path) -> dict[int, Path]:
    """OUT/pictures/CLIP-every-N.jpg for each of STEPS."""
    written = {}
    for step in STEPS:
        path = folder / f"{truth.clip.id}-every-{step}.jpg"
        write_picture(path, strip(rows, frames_every(step, truth), decoder))
        written[step] = path
    return written


def write_side_by_side(truth: Truth, rows: Sequence[Row], decoder: FaceDecoder, path: Path, *, folder: Path) -> bool:
    """A video of all rows side by side, 60 frames a second; returns whether the clip's sound is in it (`folder`: the corpus').

    Raises InputError where it cannot be written.
    """
    make_folder(path.parent)
    sound = sound_of(truth, folder)
    # The video begins where the sound does; before the clip's first row, and after its last, the face stands still
    late = round(_seconds(truth, "sound_start") * FPS) if sound == video_of(truth) else 0

    def pictures() -> Iterator[Image]:
        for shown in range(max(len(truth.codes) + late, 1)):
            frame = min(max(shown - late, 0), len(truth.codes) - 1)
            yield np.hstack([label(row.square(frame, PANEL, decoder).copy(), row.name) for row in rows])

    write_movie(path, pictures(), fps=FPS, sound=sound)
    return sound is not None


def choose(truths: Sequence[Truth], corr: np.ndarray, count: int) -> list[tuple[Truth, str]]:
    """Clips to show, and why: the middle one by CORR (N,), the worst, and the middle one of each emotion; at most `count`."""
    order = np.argsort(np.where(np.isfinite(corr), corr, -2.0), kind="stable")
    chosen = [(int(order[len(order) // 2]), "the median clip by CORR"), (int(order[0]), "the worst clip by CORR")]
    emotions = sorted({truth.clip.emotion for truth in truths})
    if len(emotions) > 1:
        for emotion in emotions:
            there = [int(k) for k in order if truths[k].clip.emotion == emotion]
            chosen.append((there[len(there) // 2], f"the median clip by CORR of those spoken {emotion}"))
    found: dict[int, str] = {}
    for index, why in chosen:
        found.setdefault(index, why)
    return [(truths[index], why) for index, why in list(found.items())[:count]]


def _seconds(truth: Truth, key: str) -> float:
    value = truth.clip.extra.get(key, 0.0)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def _middle(picture: Image) -> Image:
    height, width = picture.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    return picture[y : y + side, x : x + side]
