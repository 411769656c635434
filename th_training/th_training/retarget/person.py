"""A person's own rest and range, and the way from what this person does to what a face is to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, percentile_filter

from th_common.errors import InputError
from th_training.retarget.frontal import frontal, own_shape
from th_training.retarget.measures import LIDS, MEASURES, OPENING, SPEECH, measure
from th_training.retarget.puppet import Puppet

LEAST_FRAMES = 25
"""Pictures with a face from which a person's range can be told."""
LEAST_OPENING = 0.03
"""IOD by which lips must part (2 to 98 %): speech has 0.1 and more, a tracker's noise 0.01."""
GAIN = 1.5
"""At most so much more, or less, than the person: a face keeps its own range, but noise is not made to motion."""
_CLOSED = 0.2  # of the range of the opening above its bottom: so far apart a tracker draws lips that touch
_RANGE = 0.05, 0.95
_BOTTOM, _TOP = 0.02, 0.98
_BLINK = 0.8, 70  # s of which the wider part is taken, percentile: a blink is over in 0.4 s, and no sound foretells it
_MOST_FRAMES = 1000  # that a person's shape is found from


@dataclass(frozen=True, eq=False)
class Person:
    """shape (68, 2) IOD from the front; rest (K,) IOD: measures with closed lips; range (K,) between 5 and 95 % quantile;
    closed: IOD, the opening up to which lips touch."""

    shape: np.ndarray
    rest: np.ndarray
    range: np.ndarray
    closed: float

    @classmethod
    def of(cls, tracks: list[tuple[np.ndarray, float]]) -> Person:
        """Of videos' landmarks (T, 68, 2) px without NaN and their pictures per second.

        Raises InputError where they are too few, or the lips hardly move: what is closed and what is open is not known then.
        """
        frames = sum(len(points) for points, _ in tracks)
        if frames < LEAST_FRAMES:
            raise InputError(f"{frames} pictures with a face do not tell a person's range, it takes {LEAST_FRAMES}")
        some = np.concatenate([points for points, _ in tracks])[:: max(1, frames // _MOST_FRAMES)]
        shape = own_shape(some)
        found = np.concatenate([measure(frontal(points, shape, fps)) for points, fps in tracks])
        opening = found[:, OPENING]
        bottom, top = np.quantile(opening, (_BOTTOM, _TOP))
        if top - bottom < LEAST_OPENING:
            raise InputError(
                f"the lips part by only {top - bottom:.3f} of the eyes' distance, speech by 0.1: too little movement to learn from"
            )
        closed = bottom + _CLOSED * (top - bottom)
        calm = opening <= max(closed, np.quantile(opening, 0.05))
        rest = np.where(SPEECH, np.median(found[calm], 0), np.median(found, 0))
        rest[OPENING] = closed
        low, high = np.quantile(found, _RANGE, axis=0)
        low[OPENING] = closed
        return cls(shape, rest, np.maximum(high - low, 1e-6), float(closed))

    def gains(self, puppet: Puppet) -> np.ndarray:
        """(K,) what a movement of this person is multiplied with: range by range in speech, lids by how open they are at rest, brows alike."""
        gains = np.where(SPEECH, puppet.range / self.range, 1.0)
        gains[LIDS] = puppet.at_rest[LIDS] / max(self.rest[LIDS], 1e-6)
        return np.clip(gains, 1 / GAIN, GAIN)

    def wanted(self, landmarks: np.ndarray, fps: float, puppet: Puppet) -> np.ndarray:
        """Landmarks (T, 68, 2) px of successive pictures -> measures (T, K) IOD that the face is to show.

        Rest goes to rest; lips that touch to lips that touch.
        """
        found = measure(frontal(landmarks, self.shape, fps))
        window = 2 * round(_BLINK[0] * fps / 2) + 1
        found[:, LIDS] = percentile_filter(found[:, LIDS], _BLINK[1], size=window, mode="nearest")
        for k, one in enumerate(MEASURES):
            if one.slow:
                found[:, k] = gaussian_filter1d(found[:, k], one.slow * fps, mode="nearest")
        moved = found - self.rest
        moved[:, OPENING] = np.maximum(moved[:, OPENING], 0.0)
        return puppet.at_rest + self.gains(puppet) * moved


__all__ = ["GAIN", "LEAST_FRAMES", "LEAST_OPENING", "Person"]
