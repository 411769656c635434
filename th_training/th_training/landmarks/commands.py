"""`th landmarks`: find the 68 landmarks of videos, and draw them to be checked by eye."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError

app = typer.Typer(add_completion=False, no_args_is_help=True)
console = Console(highlight=False)

_Cache = Annotated[Path, typer.Option(help="Where landmarks are remembered.")]
_CACHE = Path("build/cache/landmarks")
_DOUBTFUL = 0.6


@app.command()
def find(
    videos: Annotated[list[Path], typer.Argument(help="Videos.")],
    cache: _Cache = _CACHE,
) -> None:
    """Find landmarks; say which clips are damaged and how many frames are doubtful."""
    from th_training.landmarks import cached_track
    from th_training.landmarks.dlib68 import Landmarker
    from th_training.progress import bar

    finder = Landmarker()
    bad = 0
    for path in bar("landmarks")(videos, len(videos)):
        try:
            track = cached_track(path, cache, landmarker=finder)
        except InputError as error:
            bad += 1
            console.print(f"left out: {error}", markup=False)
            continue
        doubtful = np.flatnonzero(track.confidence < _DOUBTFUL)
        if len(doubtful):
            console.print(f"{path.stem}: {len(doubtful)} doubtful frames, first {doubtful[:5].tolist()}", markup=False)
    console.print(f"{len(videos) - bad} of {len(videos)} videos landmarked")


@app.command()
def sheet(
    video: Annotated[Path, typer.Argument(help="Video.")],
    out: Annotated[Path, typer.Argument(help="PNG to write.")],
    cache: _Cache = _CACHE,
    count: Annotated[int, typer.Option(help="Frames, the least sure first.", min=1, max=64)] = 12,
) -> None:
    """Draw landmarks over the frames that are least sure, enlarged."""
    from th_training.landmarks import cached_track, read_video

    track = cached_track(video, cache)
    order = np.argsort(track.confidence, kind="stable")[:count]
    frames, _ = read_video(video)
    tiles = {k: _tile(frame, track.landmarks[k], k) for k, frame in enumerate(frames) if k in order}
    rows = [tiles[int(k)] for k in order]
    while len(rows) % 4:
        rows.append(np.full_like(rows[0], 255))
    if not cv2.imwrite(os.fspath(out), np.vstack([np.hstack(rows[k : k + 4]) for k in range(0, len(rows), 4)])):
        raise InputError(f"cannot write the picture {out}")


def _tile(frame: np.ndarray, landmarks: np.ndarray, index: int, *, side: int = 320) -> np.ndarray:
    centre, half = landmarks.mean(0), 0.75 * float(np.ptp(landmarks, axis=0).max())
    scale = side / (2 * half)
    move = np.array([[scale, 0, side / 2 - scale * centre[0]], [0, scale, side / 2 - scale * centre[1]]])
    tile = cv2.warpAffine(frame, move, (side, side), flags=cv2.INTER_CUBIC)
    for x, y in landmarks @ move[:, :2].T + move[:, 2]:
        cv2.circle(tile, (round(x), round(y)), 2, (0, 255, 0), -1, cv2.LINE_AA)
    cv2.putText(tile, str(index), (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return tile
