"""Farthest-point sampling: what is unlike everything chosen before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def farthest(features: np.ndarray, start: Iterable[int], count: int) -> list[int]:
    """At most `count` indices of features (F, D), each the one farthest from all before it and from those of `start`."""
    distance = np.full(len(features), np.inf)
    for index in start:
        distance = np.minimum(distance, ((features - features[index]) ** 2).sum(1))
    found = []
    for _ in range(min(count, len(features))):
        index = int(distance.argmax())
        found.append(index)
        distance = np.minimum(distance, ((features - features[index]) ** 2).sum(1))
    return found
