"""The drawn lips against the lips of real speakers: does the face open its mouth when the person does?

For every video of a folder: sound -> features -> predictor -> landmarks of the face -> lip opening at 60 Hz, correlated with
the lip opening of the person in the video (dlib's landmarks). Beside it what the loudness alone would give.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from th_audio_features import extract
from th_audio_io.sources import FileSource
from th_common.errors import InputError
from th_face_predictor import load_predictor
from th_face_renderer import load_face
from th_training.landmarks import Track, cached_track
from th_training.landmarks.dlib68 import Landmarker
from th_training.landmarks.measures import lip_opening
from th_training.learn.metrics import correlation

FPS = 60.0
VIDEOS = (".mpg", ".mpeg", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
ENERGY = 12  # place of log energy in the 40-D feature (HTK's order)
PAUSE = 0.15  # s of quiet that count as a pause
QUIET = 3.0  # nepers of frame energy (13 dB) below the middle of the clip's range
_REPEATS = 2000


@dataclass(frozen=True)
class ClipScore:
    """One clip. Correlations with the real lip opening; mean gaps in inter-ocular distances, NaN without pauses.

    face: of the drawn lips; energy: of log energy; lag: s by which the drawn lips would have to come later for
    the highest correlation (within 0.2 s), and that correlation.
    """

    name: str
    face: float
    energy: float
    lag: float
    face_at_lag: float
    gap_speech: float
    gap_pause: float
    real_gap_speech: float
    real_gap_pause: float


@dataclass(frozen=True)
class Report:
    """All clips, those left out with the reason, and means with 95 % bootstrap intervals over clips (JSON-able)."""

    clips: list[ClipScore]
    left_out: dict[str, str]
    figures: dict[str, Any]


def evaluate_folder(
    model: str | os.PathLike[str],
    corpus: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] = "build/cache/landmarks",
    limit: int | None = None,
    seed: int = 0,
    progress: Callable[[Iterable[Path], int], Iterable[Path]] | None = None,
) -> Report:
    """Score a model folder on all videos below a corpus folder (the first `limit` by name).

    Clips that cannot be used (damaged video, no face, no sound) are left out by name.

    Raises:
        InputError: no video is there, or none can be used. ModelError: the model folder.
    """
    videos = sorted(path for path in Path(corpus).rglob("*") if path.suffix.lower() in VIDEOS)[:limit]
    if not videos:
        raise InputError(f"{corpus}: there is no video in this folder ({', '.join(VIDEOS)})")
    face, predictor = load_face(model), load_predictor(model)
    finder: Landmarker | None = None
    scores, left_out = [], {}
    for path in progress(videos, len(videos)) if progress else videos:
        try:
            finder = finder or Landmarker()
            track = cached_track(path, Path(cache), landmarker=finder)
            features = extract(*read_sound(path), profile=predictor.profile)
            if len(features) < FPS / 2:
                raise InputError(f"{path}: less than half a second of sound")
        except InputError as error:
            left_out[path.stem] = str(error)
            continue
        points = np.stack([face.landmarks(code) for code in predictor.predict(features)])
        scores.append(score_clip(path.stem, lip_opening(points), features[:, ENERGY], track))
    if not scores:
        raise InputError(f"{corpus}: none of {len(videos)} videos can be used; first: {next(iter(left_out.values()))}")
    rest = round(float(lip_opening(face.landmarks(face.rest_code))), 4)
    return Report(scores, left_out, {"gap_rest": rest, **summarise(scores, seed=seed)})


def read_sound(path: Path) -> tuple[np.ndarray, int]:
    """Samples (N, channels) float32 and rate of a video's sound; InputError where there is none."""
    source = FileSource(path)
    blocks = list(source.blocks())
    if not blocks:
        raise InputError(f"{path}: holds no sound")
    return np.concatenate(blocks), source.rate


def score_clip(name: str, drawn: np.ndarray, energy: np.ndarray, track: Track) -> ClipScore:
    """Compare drawn lip opening (T,) and log energy (T,), frame i at (i + 1)/60 s, with a real face's track."""
    real = resample(lip_opening(track.landmarks), track.fps, len(drawn))
    time = np.isfinite(real)
    drawn, energy, real = drawn[time], energy[time], real[time]
    lags = np.arange(-12, 13)
    at = [_corr(drawn[max(0, -k) : len(drawn) - max(0, k)], real[max(0, k) : len(real) - max(0, -k)]) for k in lags]
    best = int(np.argmax(at))
    quiet = pauses(energy)
    return ClipScore(
        name=name,
        face=_corr(drawn, real),
        energy=_corr(energy, real),
        lag=float(lags[best] / FPS),
        face_at_lag=at[best],
        gap_speech=_mean(drawn[~quiet]),
        gap_pause=_mean(drawn[quiet]),
        real_gap_speech=_mean(real[~quiet]),
        real_gap_pause=_mean(real[quiet]),
    )


def resample(values: np.ndarray, fps: float, count: int) -> np.ndarray:
    """Video frames, the k-th exposed around (k + 1/2)/fps, at the times (i + 1)/60 of audio frames; NaN outside."""
    at = (np.arange(len(values)) + 0.5) / fps
    wanted = (np.arange(count) + 1) / FPS
    return np.interp(wanted, at, values, left=np.nan, right=np.nan)


def pauses(energy: np.ndarray) -> np.ndarray:
    """(T,) log energy -> (T,) whether a frame lies in a pause: quiet for PAUSE or longer, its edges not counted."""
    low, high = np.percentile(energy, [5, 95])
    quiet = energy < min((low + high) / 2, high - QUIET)
    edges = np.flatnonzero(np.diff(np.r_[False, quiet, False].astype(int)))
    result = np.zeros(len(energy), bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= PAUSE * FPS:
            result[start + 3 : end - 3] = True
    return result


def summarise(scores: list[ClipScore], *, seed: int = 0) -> dict[str, Any]:
    """Mean of every figure over clips, with its 95 % interval (bootstrap over clips)."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(scores), (_REPEATS, len(scores)))
    figures: dict[str, Any] = {"clips": len(scores)}
    for name in [key for key in asdict(scores[0]) if key != "name"]:
        values = np.array([getattr(score, name) for score in scores])
        figures[name] = _interval(values, draws)
    gain = np.array([score.face - score.energy for score in scores])
    figures["face_minus_energy"] = _interval(gain, draws)
    return figures


def rows(figures: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what, value) lines of a report for people."""
    words = {
        "face": "lip opening, drawn against real: r",
        "energy": "log energy against real lip opening: r",
        "face_minus_energy": "difference",
        "lag": "lag of best agreement [s]",
        "face_at_lag": "r at that lag",
        "gap_pause": "drawn gap in pauses [inter-ocular distances]",
        "gap_speech": "drawn gap in speech",
        "real_gap_pause": "real gap in pauses",
        "real_gap_speech": "real gap in speech",
    }
    for key, text in words.items():
        mean, low, high = figures[key]
        yield text, f"{mean:.3f}  ({low:.3f} .. {high:.3f})"
    if "gap_rest" in figures:
        yield "drawn gap at rest", f"{figures['gap_rest']:.3f}"


def _interval(values: np.ndarray, draws: np.ndarray) -> list[float]:
    """[mean, low, high] of what is not NaN; NaN where nothing is."""
    good = np.isfinite(values)
    if not good.any():
        return [float("nan")] * 3
    picked = np.where(good, values, 0.0)[draws].sum(1) / np.maximum(good[draws].sum(1), 1)
    low, high = np.percentile(picked, [2.5, 97.5])
    return [round(float(x), 4) for x in (values[good].mean(), low, high)]


def _corr(a: np.ndarray, b: np.ndarray) -> float:
    return float(correlation(a[:, None], b[:, None])[0])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
