"""The 68 points of iBUG/Multi-PIE: which lines they form, and which are each other's mirror image."""

from __future__ import annotations

import numpy as np

PARTS: dict[str, range] = {
    "jaw": range(17),
    "left_eyebrow": range(17, 22),
    "right_eyebrow": range(22, 27),
    "nose": range(27, 36),
    "left_eye": range(36, 42),
    "right_eye": range(42, 48),
    "mouth": range(48, 68),
}
"""Parts by the names that menpo's labelling gives them (left is the viewer's)."""

_OPEN = (range(17), range(17, 22), range(22, 27), range(27, 31), range(31, 36))
_CLOSED = (range(36, 42), range(42, 48), range(48, 60), range(60, 68))


def lines() -> list[tuple[int, int]]:
    """Pairs of points that a drawing connects."""
    pairs = [(k, k + 1) for line in (*_OPEN, *_CLOSED) for k in line[:-1]]
    return pairs + [(line[0], line[-1]) for line in _CLOSED]


def _mirror() -> np.ndarray:
    index = np.arange(68)
    for low, high in ((0, 17), (17, 27), (31, 36), (48, 55), (55, 60), (60, 65), (65, 68)):
        index[low:high] = np.arange(low, high)[::-1]
    index[36:48] = [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    return index


MIRROR = _mirror()
"""(68,): point k of a mirrored face is point MIRROR[k] of the face."""
