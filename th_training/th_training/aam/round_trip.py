"""Video -> codes -> video: every frame, what the face model makes of it, and how far the two are apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import LANDMARKS, FaceModel
from th_training.aam.encode import FaceEncoder
from th_training.aam.inspect import face_mask, lips_mask, psnr
from th_training.landmarks.pose import move, similarity
from th_training.landmarks.sources import frames_of
from th_training.landmarks.track import Track
from th_training.tiles import Image, label

Coder = Callable[[Image, np.ndarray], np.ndarray]
"""Portrait (canvas) and its landmarks (68, 2) px -> code (16,)."""

DIFFERENCE_GAIN = 4


@dataclass(frozen=True)
class Trip:
    """One frame there and back.

    original, drawn: canvas; code (16,); psnr_face, psnr_lips dB; rmse_face levels; landmark_error: mean distance [canvas
    px] between its landmarks and those of its code.
    """

    clip: str
    frame: int
    original: Image
    drawn: Image
    code: np.ndarray
    psnr_face: float
    psnr_lips: float
    rmse_face: float
    landmark_error: float


def round_trip(model: FaceModel, path: Path, track: Track, *, coder: Coder | None = None) -> Iterator[Trip]:
    """Every frame of a video that has landmarks, with the head's pose taken out.

    Raises InputError, naming the file, where the video breaks off.
    """
    code_of = coder or FaceEncoder(model).encode
    decoder = FaceDecoder(model)
    mean = model.shape_mean[:LANDMARKS].astype(np.float64)
    height, width = model.canvas
    for frame, picture in frames_of(path, np.flatnonzero(~track.lost).tolist()):
        turn = similarity(track.landmarks[frame].astype(np.float64), mean)
        points = move(track.landmarks[frame].astype(np.float64), turn)
        original = cv2.warpAffine(
            picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        code = np.asarray(code_of(original, points))
        drawn = decoder.render(code)
        face = face_mask(points, model.canvas)
        error = ((original.astype(np.float64) - drawn) ** 2)[face].mean()
        yield Trip(
            clip=path.stem,
            frame=frame,
            original=original,
            drawn=drawn,
            code=code,
            psnr_face=psnr(original, drawn, face),
            psnr_lips=psnr(original, drawn, lips_mask(points, model.canvas)),
            rmse_face=float(np.sqrt(error)),
            landmark_error=float(np.linalg.norm(model.landmarks(code) - points, axis=1).mean()),
        )


def side_by_side(trip: Trip) -> Image:
    """Original, drawn, and their difference around grey, four times as strong."""
    difference = trip.original.astype(np.int16) - trip.drawn
    grey = np.clip(128 + DIFFERENCE_GAIN * difference, 0, 255).astype(np.uint8)
    tiles = (
        label(trip.original.copy(), f"original  {trip.frame}"),
        label(trip.drawn.copy(), f"drawn from its code  {trip.psnr_face:.1f} dB in the face"),
        label(grey, f"difference x {DIFFERENCE_GAIN}"),
    )
    return np.hstack(tiles)
