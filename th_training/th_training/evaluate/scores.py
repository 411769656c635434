"""Every figure of one method on every test clip, kept by clip: means and intervals are another matter (summary.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import FaceModel
from th_training.corpus.format import Clip, Corpus, read_arrays
from th_training.evaluate.methods import Method
from th_training.landmarks import measures
from th_training.learn.metrics import change, correlation, rms_ratio, still

MEASURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lip_opening": measures.lip_opening,
    "lip_width": measures.lip_width,
    "corner_height": measures.corner_height,
    "brow_height": measures.brow_height,
    "eye_opening": measures.eye_opening,
}
"""What is measured at landmarks; the first two are the lips' of speech, the others an expression's."""


@dataclass(frozen=True)
class Truth:
    """A test clip as it was recorded.

    codes (T, D); drawn (T, 68, 2): the landmarks of the codes, or None without a face; seen (T, 68, 2): those that were measured
    on the picture, or None. Canvas px. `of_drawn`, `of_seen`: MEASURES of them, (T,) each.
    """

    clip: Clip
    codes: np.ndarray
    drawn: np.ndarray | None
    seen: np.ndarray | None
    of_drawn: dict[str, np.ndarray]
    of_seen: dict[str, np.ndarray]


def read_truths(corpus: Corpus, clips: Iterable[Clip], face: FaceModel | None) -> tuple[list[Truth], dict[str, str]]:
    """Test clips with their landmarks; those that cannot be used are left out by name, with the reason."""
    truths, left_out = [], {}
    for clip in clips:
        try:
            _, codes = corpus.load(clip)
            if len(codes) < 5:
                raise InputError(f"{len(codes)} frames are no movement")
            drawn = None if face is None else face.landmark_track(codes)
            seen = read_arrays(corpus.folder, clip.id).get("landmarks")
            if seen is not None and (seen.shape != (len(codes), 68, 2) or not np.isfinite(seen).all()):
                raise InputError(f"landmarks {seen.shape} are not {(len(codes), 68, 2)} finite numbers")
        except InputError as error:
            left_out[clip.id] = str(error)
            continue
        truths.append(Truth(clip, codes, drawn, seen, measure(drawn), measure(seen)))
    return truths, left_out


def measure(landmarks: np.ndarray | None) -> dict[str, np.ndarray]:
    """All MEASURES (T,) of landmarks (T, 68, 2); of none, none."""
    return {} if landmarks is None else {name: of(landmarks) for name, of in MEASURES.items()}


@dataclass(frozen=True)
class Scores:
    """Figures of one method: `values` has an array (N,) or (N, D) by name, row n being clip n; NaN where undefined.

    corr, velocity_corr, jerk_corr (N, D): correlation over time of codes and of their first and third differences
    velocity_ratio, jerk_ratio (N,): rms of the predicted differences over that of the true ones
    rmse, rmse_centred (N,): root mean square error of the codes in sd; `_centred`: without each clip's own mean error
    px, px_centred, seen_px, seen_px_centred (N,): the same of landmarks, canvas px: against the true codes' and the picture's
    MEASURE, seen_MEASURE (N,): correlation over time of a measure of the landmarks
    mean_MEASURE, true_MEASURE (N,): its mean over the clip, predicted and true: what `Bootstrap.across` compares
    undefined: pairs of clip and dimension whose truth does not move; still: whose prediction does not, though the truth does.
    """

    values: dict[str, np.ndarray]
    undefined: int
    still: int


def score(method: Method, truths: Sequence[Truth], face: FaceModel | None) -> Scores:
    """All figures of a method. Raises InputError where its predictions do not fit a clip."""
    rows = []
    unmoved = 0
    for truth in truths:
        predicted = method.of(truth.clip, truth.codes.shape[1])
        rows.append(_codes(predicted, truth.codes) | _face(predicted, truth, face))
        unmoved += int((still(predicted) & ~still(truth.codes)).sum())
    values = {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}
    return Scores(values, int(np.isnan(values["corr"]).sum()), unmoved)


def _codes(predicted: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray | float]:
    error = predicted.astype(np.float64) - true
    found: dict[str, np.ndarray | float] = {
        "corr": correlation(predicted, true),
        "rmse": _rms(error),
        "rmse_centred": _rms(error - error.mean(0)),
    }
    for name, order in (("velocity", 1), ("jerk", 3)):
        a, b = change(predicted, order), change(true, order)
        found |= {f"{name}_corr": correlation(a, b), f"{name}_ratio": rms_ratio(a, b)}
    return found


def _face(predicted: np.ndarray, truth: Truth, face: FaceModel | None) -> dict[str, np.ndarray | float]:
    if face is None or truth.drawn is None:
        return {}
    points = face.landmark_track(predicted)
    measured = measure(points)
    found: dict[str, np.ndarray | float] = {}
    nothing = float("nan")
    for prefix, there, of_there in (("", truth.drawn, truth.of_drawn), ("seen_", truth.seen, truth.of_seen)):
        if there is None:
            found |= {f"{prefix}px": nothing, f"{prefix}px_centred": nothing}
        else:
            way = points.astype(np.float64) - there
            found |= {f"{prefix}px": _distance(way), f"{prefix}px_centred": _distance(way - way.mean(0))}
        for name in MEASURES:
            found[prefix + name] = _corr(measured[name], of_there[name]) if of_there else nothing
    for name in MEASURES:
        found |= {f"mean_{name}": measured[name].mean(), f"true_{name}": truth.of_drawn[name].mean()}
    return found


def _rms(error: np.ndarray) -> float:
    return float(np.sqrt((error**2).mean()))


def _distance(way: np.ndarray) -> float:
    """Root mean square length of (T, 68, 2)."""
    return float(np.sqrt((way**2).sum(-1).mean()))


def _corr(predicted: np.ndarray, true: np.ndarray) -> float:
    return float(correlation(predicted[:, None], true[:, None])[0])
