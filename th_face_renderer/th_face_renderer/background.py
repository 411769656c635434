"""What is seen around the face: a colour, or a picture that fills the frame."""

from __future__ import annotations

import operator
import os
import re
import reprlib
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from th_common.errors import InputError

Colour = tuple[int, int, int]
Image = npt.NDArray[np.uint8]
Background = Colour | Image | str | os.PathLike[str]
"""(blue, green, red), a picture (h, w, 3) BGR, "#rrggbb", or the path of a picture."""


def read_background(background: Background) -> Colour | Image:
    """The colour or the picture (h, w, 3) BGR that a background names.

    Raises:
        InputError: it is neither a colour nor a picture that can be read; said in words.
    """
    if isinstance(background, np.ndarray):
        if background.ndim != 3 or background.shape[2] != 3 or background.dtype != np.uint8 or not background.size:
            raise InputError(
                f"background picture is {background.dtype} {background.shape}, expected uint8 (height, width, 3)"
            )
        return background
    if isinstance(background, (tuple, list)):
        return _colour(background)
    if not isinstance(background, (str, os.PathLike)):
        raise InputError(f"background {background!r} is neither a colour nor a picture nor the path of one")
    text = os.fsdecode(background)
    if re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        red, green, blue = bytes.fromhex(text[1:])
        return blue, green, red
    if text.startswith("#") or not text:
        raise InputError(f"background {text!r} is not a colour like #101820 and not the path of a picture")
    if not os.path.isfile(text):
        raise InputError(f"background {text!r} is neither a colour like #101820 nor a picture: there is no such file")
    try:
        # Decoded from memory: cv2.imread would print its own complaints.
        with open(text, "rb") as file:
            picture = _decode(file.read())
    except OSError as error:
        raise InputError(f"background picture {text!r} cannot be read: {error.strerror}") from None
    if picture is None:
        raise InputError(f"background {text!r} is not a picture that OpenCV can read (PNG, JPEG, ...)")
    return picture


def _colour(levels: Sequence[object]) -> Colour:
    try:
        blue, green, red = (operator.index(level) for level in levels)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        blue = green = red = -1
    if not all(0 <= level <= 255 for level in (blue, green, red)):
        text = reprlib.repr(levels)
        raise InputError(f"background {text} is not a colour (blue, green, red) of whole levels 0..255")
    return blue, green, red


def _decode(data: bytes) -> Image | None:
    """A picture file as uint8 BGR; what is transparent lies over black."""
    packed = np.frombuffer(data, np.uint8)
    try:
        picture = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
        if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
            picture = cv2.imdecode(packed, cv2.IMREAD_COLOR)  # turned as its camera was held, 8 bits
            return None if picture is None else np.asarray(picture, np.uint8)
    except cv2.error:  # empty, or larger than OpenCV reads
        return None
    if picture.dtype not in (np.uint8, np.uint16):
        return None
    full = 255 if picture.dtype == np.uint8 else 65535
    levels = picture[..., :3] * (picture[..., 3:] * np.float32(255 / full / full))
    return np.rint(levels).astype(np.uint8)


def paint(background: Colour | Image, size: tuple[int, int]) -> Image:
    """A frame (height, width, 3) of a colour, or of a picture scaled until it fills the frame and cut at its middle."""
    height, width = size
    frame = np.empty((height, width, 3), np.uint8)
    if not isinstance(background, np.ndarray):
        frame[...] = background
        return frame
    high, wide = background.shape[:2]
    scale = max(height / high, width / wide)
    # The part that is seen, in px of the picture; at least one.
    seen = max(1, min(high, round(height / scale))), max(1, min(wide, round(width / scale)))
    y, x = (high - seen[0]) // 2, (wide - seen[1]) // 2
    part = background[y : y + seen[0], x : x + seen[1]]
    cv2.resize(part, (width, height), dst=frame, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return frame
