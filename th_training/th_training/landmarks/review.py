"""Which frames want a human look, and why.

Every figure is in inter-ocular distances (iod), so that it holds for faces of any size. A threshold is a floor that people
can see plus several robust standard deviations (1.48 median absolute deviations) of what the clip, or the person, does anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from th_training.landmarks.measures import inter_ocular
from th_training.landmarks.pose import align_all, move, similarity
from th_training.landmarks.scheme import MIRROR
from th_training.landmarks.track import Track

CONFIDENCE = 0.6
"""Below, jittered boxes disagree about the landmarks by more than 1 % iod."""
_STEP = 0.10  # iod per frame, mean over the points
_SKEW = 0.04  # iod rms between a face and its mirror image, beyond the clip's median (a head may be turned)
_ODD = 0.02  # iod rms of what a shape model of the person cannot explain
_DEVIATIONS = 6.0
_ENOUGH = 40  # frames that a shape model is worth being made from
_KEPT = 0.97  # of the variance
_MOST_AXES = 16
_FOLDS = 6


@dataclass(frozen=True)
class Doubt:
    """A frame of a clip that wants a look; severity in units of the threshold that it passed (at least 1)."""

    clip: str
    frame: int
    reason: str
    severity: float


def review(tracks: Sequence[tuple[str, Track]]) -> list[Doubt]:
    """Frames of one person's clips that want a human look, the worst first; a frame may come for several reasons.

    Frames that a person annotated are not doubted.
    """
    odd = _implausible([track.landmarks for _, track in tracks])
    found = []
    for (clip, track), strange in zip(tracks, odd, strict=True):
        for frame, reason, severity in [*_single(track), *_moving(track), *_marked(strange, "implausible shape")]:
            if frame not in track.by_hand:
                found.append(Doubt(clip, frame, reason, round(float(severity), 2)))
    return sorted(found, key=lambda doubt: (-doubt.severity, doubt.clip, doubt.frame, doubt.reason))


def _single(track: Track) -> list[tuple[int, str, float]]:
    """What one frame says by itself."""
    found = [(int(k), "no face found", 10.0) for k in np.flatnonzero(track.lost)]
    found += [(int(k), "filled: the detector saw no face", 5.0) for k in np.flatnonzero(track.filled)]
    known = ~track.lost & (track.confidence > 0)
    for k in np.flatnonzero(known & (track.confidence < CONFIDENCE)):
        found.append((int(k), f"low confidence {track.confidence[k]:.2f}", 1 + CONFIDENCE - track.confidence[k]))
    height, width = track.size
    if height and width:
        beyond = np.maximum(-0.5 - track.landmarks, track.landmarks - [width - 0.5, height - 0.5]).max((1, 2))
        for k in np.flatnonzero(beyond > 0):
            found.append((int(k), f"out of the picture by {beyond[k]:.1f} px", 2 + beyond[k] / 10))
    return found + _marked(_skew(track.landmarks), "asymmetric")


def _moving(track: Track) -> list[tuple[int, str, float]]:
    """Jumps: points that go far from one frame to the next."""
    points = track.landmarks
    if len(points) < 3:
        return []
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(1) / inter_ocular(points[1:])
    limit = _STEP + _DEVIATIONS * _spread(steps)
    return [(int(k) + 1, f"jump of {steps[k]:.2f} iod", steps[k] / limit) for k in np.flatnonzero(steps > limit)]


def _skew(points: np.ndarray) -> np.ndarray:
    """(T,) how far a face is from its mirror image, over the limit of this clip."""
    skew = np.full(len(points), np.nan)
    for k in np.flatnonzero(np.isfinite(points).all((1, 2))):
        mirrored = points[k][MIRROR] * [-1, 1]
        back = move(mirrored, similarity(mirrored, points[k]))
        skew[k] = np.sqrt(((back - points[k]) ** 2).sum(-1).mean()) / inter_ocular(points[k])
    if np.isnan(skew).all():
        return skew
    return skew / (np.nanmedian(skew) + _SKEW + _DEVIATIONS * _spread(skew))


def _implausible(clips: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Per clip (T,): what the principal components of the person's shapes leave unexplained, over its limit."""
    lengths = np.cumsum([len(points) for points in clips])[:-1]
    points = np.concatenate(list(clips)).astype(np.float64)
    result = np.full(len(points), np.nan)
    known = np.flatnonzero(np.isfinite(points).all((1, 2)))
    if len(known) >= _ENOUGH:
        aligned = align_all(points[known])
        flat = (aligned / np.median(inter_ocular(aligned))).reshape(len(known), -1)
        odd = np.empty(len(known))
        for fold in np.array_split(np.arange(len(known)), _FOLDS):  # nothing is judged by a model that it is part of
            odd[fold] = _unexplained(np.delete(flat, fold, 0), flat[fold])
        result[known] = odd / (_ODD + np.median(odd) + _DEVIATIONS * _spread(odd))
    return np.split(result, lengths)


def _unexplained(known: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """(N, 136) rms per point of what the principal components of other shapes (M, 136) leave of shapes."""
    mean = known.mean(0)
    values, axes = np.linalg.eigh(np.cov(known.T))
    share = np.cumsum(values[::-1]) / max(float(values.sum()), 1e-12)
    kept = axes[:, ::-1][:, : min(int(np.searchsorted(share, _KEPT)) + 1, _MOST_AXES)]
    rest = flat - mean
    rest = rest - rest @ kept @ kept.T
    return np.sqrt((rest**2).sum(1) / (flat.shape[1] // 2))


def _marked(relative: np.ndarray, reason: str) -> list[tuple[int, str, float]]:
    with np.errstate(invalid="ignore"):
        return [
            (int(k), f"{reason} ({relative[k]:.1f} of the limit)", relative[k]) for k in np.flatnonzero(relative > 1)
        ]


def _spread(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(1.4826 * np.median(np.abs(known - np.median(known)))) if len(known) else 0.0
