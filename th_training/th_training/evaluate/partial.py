"""What one method knows that another does not: partial correlation.

The correlation over time of truth and prediction once what another prediction says of both is taken out (linearly). A comparative
network that is told phones and emotion may be nearer to the truth and yet know nothing of loudness and pitch: then the proposed one adds
to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from th_face_renderer.face_model import FaceModel
from th_training.evaluate.intervals import Bootstrap
from th_training.evaluate.methods import Method
from th_training.evaluate.scores import MEASURES, Truth, measure
from th_training.learn.metrics import correlation


def partial_correlation(predicted: np.ndarray, true: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlation over time of predicted and true (T, D) without what `other` (T, D) says of them, float64 (D,).

    0 where the prediction says nothing that the other does not; NaN where the truth does not move, or the other says it all.
    """
    to_truth, others, shared = correlation(predicted, true), correlation(other, true), correlation(predicted, other)
    shared = np.nan_to_num(shared)
    left = (1 - others**2) * (1 - shared**2)
    found = (to_truth - others * shared) / np.sqrt(np.maximum(left, 1e-12))
    return np.where(1 - shared**2 < 1e-6, 0.0, np.where(1 - others**2 < 1e-6, np.nan, np.clip(found, -1, 1)))


def what_it_adds(
    method: Method, other: Method, truths: Sequence[Truth], face: FaceModel | None, bootstrap: Bootstrap
) -> dict[str, Any]:
    """Mean partial correlations of a method beside another: `corr` over all dimensions, and each of MEASURES."""
    rows: dict[str, list[np.ndarray]] = {"corr": []}
    for truth in truths:
        mine, theirs = (np.asarray(m.codes[truth.clip.id], np.float32) for m in (method, other))
        rows["corr"].append(partial_correlation(mine, truth.codes, theirs))
        if face is None:
            continue
        of_mine, of_theirs = (measure(face.landmark_track(codes)) for codes in (mine, theirs))
        for name in MEASURES:
            columns = (values[name][:, None] for values in (of_mine, truth.of_drawn, of_theirs))
            rows.setdefault(name, []).append(partial_correlation(*columns))
    return {name: bootstrap.mean(np.stack(values)) for name, values in rows.items()}
