"""Where the time goes: how long each stage of the graph takes, as percentiles of the last seconds."""

from __future__ import annotations

import math
import threading
from collections import deque

import numpy as np

from th_common.health import Health

PREFIX = "latency "
UNIT = " ms"
PERCENTILES = (50, 95, 99)
REMEMBERED = 600  # times per stage: 10 s of frames


class StageTimes:
    """Durations by the name of their stage; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}

    def add(self, stage: str, seconds: float) -> None:
        """A frame spent so long in a stage; what is no number (a foreign message's time) is left out."""
        if not math.isfinite(seconds):
            return
        with self._lock:
            self._times.setdefault(stage, deque(maxlen=REMEMBERED)).append(seconds)

    def percentiles(self, stage: str) -> tuple[float, ...] | None:
        """`PERCENTILES` of a stage's durations, s; None before the first."""
        with self._lock:
            times = list(self._times.get(stage, ()))
        return tuple(float(p) for p in np.percentile(times, PERCENTILES)) if times else None

    def write(self, health: Health) -> None:
        """Show every stage as one value, `latency STAGE ms`: its percentiles, separated by blanks."""
        with self._lock:
            stages = list(self._times)
        for stage in stages:
            shown = self.percentiles(stage)
            if shown is not None:
                health.set(f"{PREFIX}{stage}{UNIT}", " ".join(f"{1e3 * p:.1f}" for p in shown))


def read_stage(key: str, value: str) -> tuple[str, tuple[float, ...]] | None:
    """What `write` wrote: stage and percentiles in ms; None for any other value of a health."""
    if not (key.startswith(PREFIX) and key.endswith(UNIT)):
        return None
    try:
        numbers = tuple(float(word) for word in value.split())
    except ValueError:
        return None
    return (key[len(PREFIX) : -len(UNIT)], numbers) if len(numbers) == len(PERCENTILES) else None
