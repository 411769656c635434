"""A first look at a face model: a real recording, spoken by it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from th_common.errors import InputError

SIDE = 512  # px


def preview(model: str | os.PathLike[str], folder: Path) -> None:
    """Write preview.mp4 (a real recording, spoken by the face) and preview.png (16 moments of it) into a folder."""
    import cv2

    from th_audio_io.sources import example_path
    from th_training.synthesize import synthesize

    video = folder / "preview.mp4"
    frames = synthesize(example_path(), video, model=model, size=SIDE)
    capture = cv2.VideoCapture(str(video))
    wanted = set(np.linspace(0, frames - 1, 16).astype(int).tolist())
    tiles = []
    for k in range(frames):
        there, picture = capture.read()
        if there and k in wanted:
            tile = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
            cv2.putText(tile, f"{k / 60:.2f} s", (6, 18), 0, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
            tiles.append(tile)
    capture.release()
    rows = [np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles) - len(tiles) % 4, 4)]
    if not rows or not cv2.imwrite(str(folder / "preview.png"), np.vstack(rows)):
        raise InputError(f"the preview cannot be written into {folder}")
