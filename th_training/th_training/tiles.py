"""Pictures made of pictures: labelled tiles in rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from th_common.errors import InputError

Image = np.ndarray
"""uint8 BGR (height, width, 3)."""


def shrink(image: Image, side: int) -> Image:
    """Resized to side x side px."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_CUBIC)


def label(image: Image, text: str, *, line: int = 0) -> Image:
    """A picture with words in its upper left corner (on line 0, 1 ...), in place: light on a dark rim, seen on anything."""
    at = (5, 15 + 15 * line)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 3, cv2.LINE_AA)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (245, 245, 245), 1, cv2.LINE_AA)
    return image


def grid(tiles: Sequence[Image], columns: int) -> Image:
    """Tiles of one size, row by row, the last row filled with white."""
    filled = list(tiles)
    columns = min(columns, len(filled))
    while len(filled) % columns:
        filled.append(np.full_like(filled[0], 255))
    return np.vstack([np.hstack(filled[k : k + columns]) for k in range(0, len(filled), columns)])


def write_picture(path: Path, picture: Image) -> None:
    """Write a picture in the format of its name. Raises InputError where that cannot be done."""
    make_folder(path.parent)
    try:
        done = cv2.imwrite(os.fspath(path), picture)
    except cv2.error:
        raise InputError(
            f"cannot write the picture {path}: {path.suffix or 'no suffix'} is no format of pictures"
        ) from None
    if not done:
        raise InputError(f"cannot write the picture {path}")


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless it is there. Raises InputError where that cannot be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path} ({error.strerror})") from error


def read_picture(path: str | os.PathLike[str]) -> Image:
    """A picture file as uint8 BGR. Raises InputError, naming the file, where it is none."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"{os.fspath(path)}: not readable ({error.strerror})") from error
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    except cv2.error:
        picture = None
    if picture is None:
        raise InputError(f"{os.fspath(path)}: not a picture")
    return picture
