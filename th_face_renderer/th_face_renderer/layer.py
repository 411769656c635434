"""What lies over a code: lids, gaze and breath, numbers of their own that 8 + 8 modes need not carry."""

from __future__ import annotations

import math
from typing import NamedTuple

MOST_LIFT = 0.02


class Layer(NamedTuple):
    """Five numbers beside a facial code; all zero, the face is what its code says.

    lid_right, lid_left: how far the upper lids are down, 0 (where the code has them) to 1 (closed). Right and left are the face's
    own: the right eye is on the left of the picture.
    gaze_x, gaze_y: where the irises are, -1 to 1 of what the eyes can do; right and down in the picture.
    lift: how far breath lifts the face, in heights of the canvas, -MOST_LIFT to MOST_LIFT.
    """

    lid_right: float = 0.0
    lid_left: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    lift: float = 0.0

    def clamped(self) -> Layer:
        """The same within its ranges; what is no number counts as 0."""
        return Layer(
            _within(self.lid_right, 0.0, 1.0),
            _within(self.lid_left, 0.0, 1.0),
            _within(self.gaze_x, -1.0, 1.0),
            _within(self.gaze_y, -1.0, 1.0),
            _within(self.lift, -MOST_LIFT, MOST_LIFT),
        )


NEUTRAL = Layer()


def _within(value: float, low: float, high: float) -> float:
    value = float(value)
    return 0.0 if math.isnan(value) else min(max(value, low), high)
