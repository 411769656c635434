"""Video -> codes -> video: every frame, what the face model makes of it, and how far the two are apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import LANDMARKS, FaceModel
from th_training.aam.encode import FaceEncoder
from th_training.aam.follow_face import FaceFollower
from th_training.aam.inspect import face_mask, lips_mask, psnr
from th_training.landmarks.pose import move, similarity
from th_training.landmarks.sources import frames_of
from th_training.landmarks.track import Track
from th_training.tiles import Image, label
from th_training.video import read_video

DIFFERENCE_GAIN = 4


@dataclass(frozen=True)
class Trip:
    """One frame there and back.

    original, drawn: canvas; code (16,); psnr_face, psnr_lips dB; rmse_face levels; landmark_error: mean distance [canvas
    px] between its landmarks and those of its code (0 where the code is where they come from).
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


@dataclass(frozen=True)
class Coded:
    """A picture of a video with its code (16,); turn (2, 3): picture px to canvas px; points (68, 2): landmarks, canvas px."""

    frame: int
    picture: Image
    turn: np.ndarray
    points: np.ndarray
    code: np.ndarray


def by_landmarks(model: FaceModel, path: Path, track: Track) -> Iterator[Coded]:
    """Every frame of a video that has landmarks, coded by projection onto the model.

    Raises InputError, naming the file, where the video breaks off.
    """
    encoder = FaceEncoder(model)
    mean = model.shape_mean[:LANDMARKS].astype(np.float64)
    for frame, picture in frames_of(path, np.flatnonzero(~track.lost).tolist()):
        turn = similarity(track.landmarks[frame].astype(np.float64), mean)
        points = move(track.landmarks[frame].astype(np.float64), turn)
        yield Coded(frame, picture, turn, points, encoder.encode(on_canvas(model, picture, turn), points))


def by_fitting(model: FaceModel, path: Path) -> Iterator[Coded]:
    """Every frame of a video in which the face is seen, coded as `th aam encode` does: found once, then followed.

    Raises InputError, naming the file, where the video breaks off.
    """
    for frame, looked in enumerate(FaceFollower(model).follow(read_video(path)[0])):
        if looked.seen.fit is None or looked.code is None:
            continue
        code = looked.code.astype(np.float32)
        turn = cv2.invertAffineTransform(looked.seen.fit.pose)
        yield Coded(frame, looked.picture, turn, model.landmarks(code), code)


def round_trip(model: FaceModel, clip: str, coded: Iterable[Coded]) -> Iterator[Trip]:
    """Draw coded pictures again, and measure."""
    decoder = FaceDecoder(model)
    for one in coded:
        original, drawn = on_canvas(model, one.picture, one.turn), decoder.render(one.code)
        face, lips = face_mask(one.points, model.canvas), lips_mask(one.points, model.canvas)
        error = ((original.astype(np.float64) - drawn) ** 2)[face].mean()
        yield Trip(
            clip=clip,
            frame=one.frame,
            original=original,
            drawn=drawn,
            code=one.code,
            psnr_face=psnr(original, drawn, face),
            psnr_lips=psnr(original, drawn, lips),
            rmse_face=float(np.sqrt(error)),
            landmark_error=float(np.linalg.norm(model.landmarks(one.code) - one.points, axis=1).mean()),
        )


def on_canvas(model: FaceModel, picture: Image, turn: np.ndarray) -> Image:
    """A picture with the head where the model's portrait has it."""
    height, width = model.canvas
    return cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


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


def in_step(trips: Iterable[Trip]) -> Iterator[Image]:
    """`side_by_side` of each, the one before held where frames are missing, so that the sound stays in step."""
    shown, before = 0, None
    for trip in trips:
        picture = side_by_side(trip)
        for _ in range(shown, trip.frame):
            yield picture if before is None else before
        yield picture
        shown, before = trip.frame + 1, picture
