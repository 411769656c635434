"""Lids and gaze: the last touch on a picture that is drawn, around each eye and nowhere else.

    upper lid   comes down over the eyeball, with its lashes; the skin above it follows, less and less up to the crease
    lower lid   meets it, a little
    iris        slides behind the lids as a whole; the corners of the eye stay, and what is drawn along the lids stays with them
    lashes      of a lid that comes down point forward and are not seen any more; the edge is the darkest that was drawn there

Each pixel takes its colour from another place of the same picture, so that what the code says of the eyes (their openness, their
colour) holds, and lid and lashes are as crisp as the picture. A frame of its own belongs to each eye: s runs from corner to corner,
0 to 1, t [px] is below the line between them; the edges of the lids are curves through the landmarks,

    s (1 - s) (c0 + c1 s)

The C kernel (c/eyes.c) and the page (web/eyes.js) do the same; `pixels` is the plain form of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from th_face_renderer.background import Image
from th_face_renderer.edge import Rectangle
from th_face_renderer.kernel import library
from th_face_renderer.kernel_calls import EyeCall
from th_face_renderer.layer import Layer
from th_face_renderer.mesh import Array

EYE_CONSTANTS: dict[str, float] = {
    "wide": 0.10,  # the corners lie so much beyond the landmarks, in distances between these
    "edge": 0.018,  # and the upper lid's edge so much above its landmarks; all others in widths of the eye
    "skin": 0.37,  # how far above the upper lid its skin moves,
    "brow": 0.75,  # at most this share of the way to the brow
    "cheek": 0.275,  # how far below the lower lid its skin moves
    "meet": 0.22,  # share of a blink's way that the lower lid comes up
    "iris": 0.24,  # half the width of what moves as a whole with the gaze
    "side": 0.12,  # farthest gaze to a side
    "down": 0.069,  # farthest gaze up or down
    "hem": 0.2,  # share of the opening, at either lid, that stays with the lid when the eye looks aside
    "lash": 0.12,  # height of the lashes over the upper lid's edge,
    "line": 0.25,  # how much darker than what is drawn there the edge of a closed lid is,
    "fine": 0.032,  # and half the height of that line
    "near": 0.02,  # its darkness is looked for so far above and below the edge
}
"""For whoever does elsewhere what is done here (the page, in the browser)."""

_OF_PIXELS = tuple(EYE_CONSTANTS[name] for name in ("cheek", "meet", "iris", "hem", "lash", "line", "fine", "near"))


_LEAST, _FAR = 4.0, 1e5  # px


class _Names(NamedTuple):
    outer: int
    upper: tuple[int, int]
    inner: int
    lower: tuple[int, int]
    brow: range


NAMES = (
    _Names(36, (37, 38), 39, (41, 40), range(17, 22)),
    _Names(42, (43, 44), 45, (47, 46), range(22, 27)),
)
"""Landmarks of the eye on the left of the picture (the face's right one) and of the other, each from left to right."""


@dataclass(frozen=True)
class Eye:
    """One eye in a picture: px, x right, y down.

    (x, y): its left corner; (ex, ey): the direction of s; width: the length of s. upper, lower: c0, c1 of the lids' edges.
    skin: how far above the upper lid pixels move. lid: how far the lids are closed. side, down: how far the iris moves, in s and px.
    """

    x: float
    y: float
    ex: float
    ey: float
    width: float
    upper: tuple[float, float]
    lower: tuple[float, float]
    skin: float
    lid: float
    side: float
    down: float

    def numbers(self) -> tuple[float, ...]:
        """All of them in order, with the constants that pixels need, as c/eyes.c takes them."""
        place = (self.x, self.y, self.ex, self.ey, self.width)
        return (*place, *self.upper, *self.lower, self.skin, self.lid, self.side, self.down, *_OF_PIXELS)

    def rectangle(self, size: tuple[int, int]) -> Rectangle:
        """(y0, x0, y1, x1) of a picture (height, width) outside which the eye changes nothing."""
        quarters = (0.25, 0.5, 0.75)
        skin = self.skin if self.lid or self.down > 0 else 0.0
        cheek = EYE_CONSTANTS["cheek"] * self.width if self.lid or self.down < 0 else 0.0
        highest = min(0.0, *(_curve(self.upper, s) for s in quarters)) - skin - 2
        lowest = max(0.0, *(_curve(self.lower, s) for s in quarters)) + cheek + 2
        corners = [(s * self.width, t) for s in (0.0, 1.0) for t in (highest, lowest)]
        x = [self.x + along * self.ex - t * self.ey for along, t in corners]
        y = [self.y + along * self.ey + t * self.ex for along, t in corners]
        height, width = size
        y0, x0 = min(max(math.floor(min(y)), 0), height), min(max(math.floor(min(x)), 0), width)
        return y0, x0, max(min(math.floor(max(y)) + 2, height), y0), max(min(math.floor(max(x)) + 2, width), x0)


def eyes(landmarks: npt.NDArray[Any], layer: Layer) -> Iterator[Eye]:
    """The eyes of landmarks (68, 2) in a picture that a layer changes."""
    if not any(layer[:4]):
        return
    places = landmarks[:48].tolist()
    for names, lid in zip(NAMES, (layer.lid_right, layer.lid_left), strict=True):
        if lid or layer.gaze_x or layer.gaze_y:
            eye = _eye(places, names, lid, layer)
            if eye is not None:
                yield eye


def _eye(landmarks: list[list[float]], names: _Names, lid: float, layer: Layer) -> Eye | None:
    """None where the landmarks make no eye."""
    used = (names.outer, *names.upper, names.inner, *names.lower, *names.brow)
    if not all(abs(part) < _FAR for name in used for part in landmarks[name]):
        return None
    (x, y), (right, bottom) = landmarks[names.outer], landmarks[names.inner]
    dx, dy = right - x, bottom - y
    wide = EYE_CONSTANTS["wide"]
    x, y = x - wide * dx, y - wide * dy
    width = (1 + 2 * wide) * math.hypot(dx, dy)
    if width < _LEAST:
        return None
    ex, ey = (1 + 2 * wide) * dx / width, (1 + 2 * wide) * dy / width

    def place(name: int) -> tuple[float, float]:
        along, across = landmarks[name]
        return ((along - x) * ex + (across - y) * ey) / width, (across - y) * ex - (along - x) * ey

    above = [place(name) for name in names.upper]
    upper, lower = _through(*above), _through(*(place(name) for name in names.lower))
    brow = sum(place(name)[1] for name in names.brow) / len(names.brow)
    room = EYE_CONSTANTS["brow"] * ((above[0][1] + above[1][1]) / 2 - brow)
    return Eye(
        *(x, y, ex, ey, width),
        upper=(upper[0] - 4 * EYE_CONSTANTS["edge"] * width, upper[1]),
        lower=lower,
        skin=min(max(room, 0.05 * width), EYE_CONSTANTS["skin"] * width),
        lid=lid,
        side=layer.gaze_x * EYE_CONSTANTS["side"],
        down=layer.gaze_y * EYE_CONSTANTS["down"] * width,
    )


def _through(one: tuple[float, float], two: tuple[float, float]) -> tuple[float, float]:
    """c0, c1 of the curve through two points (s, t)."""
    s1, s2 = (min(max(s, 0.1), 0.9) for s, _ in (one, two))
    k1, k2 = one[1] / (s1 * (1 - s1)), two[1] / (s2 * (1 - s2))
    if s2 - s1 < 0.1:
        return (k1 + k2) / 2, 0.0
    slope = (k2 - k1) / (s2 - s1)
    return k1 - slope * s1, slope


def _curve(coefficients: tuple[float, float], s: float) -> float:
    return s * (1 - s) * (coefficients[0] + coefficients[1] * s)


class Eyes:
    """Touches the eyes of one frame (height, width, 3), and can take it back: a frame is drawn to again and again.

    `kernel`: by the C kernel, else by numpy and OpenCV.
    """

    def __init__(self, frame: Image, *, kernel: bool) -> None:
        self._frame = frame
        self._call = EyeCall(frame) if kernel and library() is not None else None
        self._before: list[tuple[Rectangle, Image]] = []

    def undo(self) -> None:
        """Put back what was there before the last `draw`."""
        for (y0, x0, y1, x1), pixels_before in reversed(self._before):
            self._frame[y0:y1, x0:x1] = pixels_before
        self._before = []

    def draw(self, landmarks: npt.NDArray[Any], layer: Layer) -> None:
        """Landmarks (68, 2) or more points, in the frame, in which the face is drawn already."""
        for eye in eyes(landmarks, layer):
            y0, x0, y1, x1 = rectangle = eye.rectangle((self._frame.shape[0], self._frame.shape[1]))
            if y1 - y0 < 2 or x1 - x0 < 2:
                continue
            before = self._frame[y0:y1, x0:x1].copy()
            if self._call is None:
                self._frame[y0:y1, x0:x1] = pixels(before, eye, (y0, x0))
            else:
                self._call.draw(before, rectangle, eye.numbers())
            self._before.append((rectangle, before))


def pixels(before: Image, eye: Eye, corner: tuple[int, int]) -> Image:
    """A part of a picture (h, w, 3), its upper left pixel at `corner` (y, x), with the eye as it is to be."""
    c, width = EYE_CONSTANTS, eye.width
    y, x = np.mgrid[: before.shape[0], : before.shape[1]].astype(np.float32)
    x, y = x + np.float32(corner[1] - eye.x), y + np.float32(corner[0] - eye.y)
    along, t = (x * eye.ex + y * eye.ey) / width, y * eye.ex - x * eye.ey
    s = np.clip(along, 0, 1)
    hill = s * (1 - s)
    upper, lower = hill * (eye.upper[0] + eye.upper[1] * s), hill * (eye.lower[0] + eye.lower[1] * s)
    opening = np.maximum(lower - upper, 0)

    # The iris moves as a whole; beside it the white is drawn out to the corners. Along the lids what is drawn keeps its distance.
    left, right, rest = 0.5 + eye.side - c["iris"], 0.5 + eye.side + c["iris"], 0.5 - c["iris"]
    share = np.minimum(np.minimum(s / left, (1 - s) / (1 - right)), 1)
    ball_s = np.where(s < left, share * rest, np.where(s > right, 1 - share * rest, s - eye.side))
    there = ball_s * (1 - ball_s)
    top, bottom = there * (eye.upper[0] + eye.upper[1] * ball_s), there * (eye.lower[0] + eye.lower[1] * ball_s)
    part = np.clip((t - upper) / np.maximum(opening, 1e-3), 0, 1)
    free = np.clip(np.minimum(part, 1 - part) / c["hem"], 0, 1)
    along_lids = t + top - upper + part * part * (3 - 2 * part) * (bottom - lower - top + upper)
    straight = np.clip(t - eye.down * share, np.minimum(top, bottom), bottom)
    along_lids = np.clip(along_lids, np.minimum(top, bottom), bottom)
    ball_t = along_lids + share * free * free * (3 - 2 * free) * (straight - along_lids)
    inside = (t > upper) & (t < lower)
    ball = _sampled(before, eye, corner, np.where(inside, ball_s, along), np.where(inside, ball_t, t))

    # A lid follows the iris that comes near it.
    open_ = 1 - eye.lid
    rise = np.minimum(c["meet"] * eye.lid * opening + open_ * max(-eye.down, 0.0) * share, opening)
    fall = np.minimum((1 - c["meet"]) * eye.lid * opening + open_ * max(eye.down, 0.0) * share, opening)
    low, high = lower - rise, upper + fall
    reach = c["cheek"] * width
    below = _sampled(before, eye, corner, along, t + rise * np.clip((reach + rise - (t - low)) / (reach + rise), 0, 1))

    # The skin above the upper lid: as it was at the lid's edge, drawn out from there on, as it was above `skin`; its lashes go.
    shut, fades = eye.lid * (2 - eye.lid), np.minimum(12 * hill, 1)
    lash = shut * min(c["lash"] * width, 0.4 * eye.skin) * fades
    bend = _slope(eye.upper, s) / width
    bent = bend + (1 - c["meet"]) * eye.lid * (_slope(eye.lower, s) / width - bend)
    thin = np.clip(np.sqrt((1 + bend**2) / (1 + bent**2)), 1, 2)
    above, far = high - t, eye.skin + fall
    q = np.clip(above / far, 0, 1)
    drawn = upper - lash * (1 - q) ** 2 * (1 + 2 * q) - far * thin * q * (1 - q) ** 2
    drawn += far * q * q * (1 - q) - eye.skin * q * q * (3 - 2 * q)
    skin_t = np.where(above > far, t, np.where(above < 0, upper - lash - above * thin, drawn))
    skin = _sampled(before, eye, corner, along, skin_t)

    under = np.clip(0.5 + t - low, 0, 1)[..., None]
    over = np.clip(0.5 + above, 0, 1)[..., None]
    fine = c["fine"] * width
    mark = np.maximum(1 - ((0.25 * fine - above) / fine) ** 2, 0) ** 2 * fades
    line = [_sampled(before, eye, corner, along, upper + way * c["near"] * width) for way in (-1, 0, 1)]
    darkest = (1 - c["line"]) * np.minimum.reduce(line)
    colour = ball + under * (below - ball)
    colour += over * (skin - colour)
    colour += (shut * mark)[..., None] * (np.minimum(darkest, colour) - colour)
    here = ((along > 0) & (along < 1))[..., None]
    return np.where(here, np.rint(np.clip(colour, 0, 255)), before).astype(np.uint8)


def _slope(coefficients: tuple[float, float], s: Array) -> Array:
    return coefficients[0] * (1 - 2 * s) + coefficients[1] * s * (2 - 3 * s)


def _sampled(before: Image, eye: Eye, corner: tuple[int, int], s: Array, t: Array) -> Array:
    along = s * eye.width
    x = (eye.x - corner[1] + along * eye.ex - t * eye.ey).astype(np.float32)
    y = (eye.y - corner[0] + along * eye.ey + t * eye.ex).astype(np.float32)
    return cv2.remap(before, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)
