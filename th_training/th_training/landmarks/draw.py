"""Landmarks drawn over pictures, to be checked by eye."""

from __future__ import annotations

import cv2
import numpy as np

from th_training.landmarks.measures import as_landmarks
from th_training.landmarks.scheme import lines
from th_training.landmarks.track import Track
from th_training.tiles import Image, label

SURE, FILLED, DOUBTED, BY_HAND = (80, 230, 80), (60, 220, 255), (70, 70, 255), (255, 190, 60)
"""Colours (BGR): measured green, filled yellow, doubted red, by hand blue."""
_SHIFT = 4  # cv2 draws at 1/16 px


def draw(picture: Image, landmarks: np.ndarray, *, colour: tuple[int, int, int] = SURE) -> Image:
    """A copy of a picture with its (68, 2) landmarks: lines, and a dot where each point is."""
    canvas = np.ascontiguousarray(picture).copy()
    points = np.round(as_landmarks(landmarks) * (1 << _SHIFT)).astype(int)
    faint = tuple(round(0.6 * part) for part in colour)
    for a, b in lines():
        cv2.line(canvas, tuple(points[a].tolist()), tuple(points[b].tolist()), faint, 1, cv2.LINE_AA, _SHIFT)
    for point in points:
        cv2.circle(canvas, tuple(point.tolist()), round(1.5 * (1 << _SHIFT)), colour, -1, cv2.LINE_AA, _SHIFT)
    return canvas


def colour_of(track: Track, frame: int, doubted: bool) -> tuple[int, int, int]:
    """The colour of a frame's landmarks."""
    if frame in track.by_hand:
        return BY_HAND
    if track.filled[frame]:
        return FILLED
    return DOUBTED if doubted else SURE


def tile(picture: Image, landmarks: np.ndarray, words: tuple[str, ...], *, colour=SURE, side: int = 320) -> Image:
    """The face of a picture, enlarged, with its landmarks and words; the whole picture where there are none (NaN)."""
    height, width = picture.shape[:2]
    known = bool(np.isfinite(landmarks).all())
    low, high = (landmarks.min(0), landmarks.max(0)) if known else (np.zeros(2), np.array([width, height]) - 1.0)
    centre, half = (low + high) / 2, (0.66 if known else 0.5) * max(float((high - low).max()), 8.0)
    scale = side / (2 * half)
    fit = np.array([[scale, 0, (side - 1) / 2 - scale * centre[0]], [0, scale, (side - 1) / 2 - scale * centre[1]]])
    face = cv2.warpAffine(picture, fit, (side, side), flags=cv2.INTER_CUBIC)
    if known:
        face = draw(face, landmarks @ fit[:, :2].T + fit[:, 2], colour=colour)
    for number, word in enumerate(words):
        label(face, word, line=number)
    return face


def overlay(picture: Image, track: Track, frame: int, reasons: tuple[str, ...], *, enlarge: int = 1) -> Image:
    """A frame of the overlay video, with its number, confidence and the reasons why it is doubted."""
    if enlarge > 1:
        picture = cv2.resize(picture, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
    marks = (track.landmarks[frame].astype(np.float64) + 0.5) * enlarge - 0.5
    if np.isfinite(marks).all():
        picture = draw(picture, marks, colour=colour_of(track, frame, bool(reasons)))
    label(picture, f"{frame}  {track.confidence[frame]:.2f}")
    for number, reason in enumerate(reasons):
        label(picture, reason, line=number + 1)
    return picture
