"""By how much the pictures of a corpus come later than their sound.

Of the corpus as a whole: how far the measured lip opening lies behind the one that the default face would make of the sound.
The default face moves with the sound (its voices say when they speak what), so that what is found is the recording's own;
but speakers differ in when they move, and less than TELLABLE says nothing. GRID's s1, recorded by one camera, comes out at
0.028 s. Of single clips: against a ridge regression of the lips on the sound of the other clips, which knows this speaker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from th_audio_features import extract
from th_common.default_model import default_model_folder
from th_common.errors import InputError
from th_face_predictor import Predictor, load_predictor
from th_face_renderer.face_model import FaceModel, load
from th_training.aam.files import read_face
from th_training.corpus.clip_files import FPS, Clip, read_arrays
from th_training.corpus.sound import on_rows, recorded_sound
from th_training.landmarks.measures import lip_opening

TELLABLE = 0.045
"""s: a smaller lag cannot be told from a speaker's own way of moving, and sound so early is not noticed (ITU-R BT.1359)."""
MOST = 0.5
"""s that are searched each way."""
_CLIPS = 60  # of a corpus are looked at for its own lag
_LEAST = 20  # clips, from which on single ones are compared with the others
_AWAY = 0.1  # s from the others that a clip's lag is worth a word,
_BETTER = 0.15  # if the correlation gains so much there,
_SURE = 0.6  # and is at least this
_BLOCKS = 2  # that clips are divided into, each judged by a regression on the others
_AROUND = 6  # frames of sound before and after each that the regression sees
_REPEATS = 500


@dataclass(frozen=True)
class Lag:
    """seconds: the pictures come so much later than the sound; low, high: its 95 % interval (bootstrap over clips);
    correlation: of the lip openings at that lag; clips: how many were compared; outliers: clip id -> s from the others' lag.
    """

    seconds: float
    low: float
    high: float
    correlation: float
    clips: int
    outliers: dict[str, float] = field(default_factory=dict)

    @property
    def tellable(self) -> bool:
        """Whether there is a lag: it is larger than speakers differ, and than chance."""
        return abs(self.seconds) > TELLABLE and (self.low > 0 or self.high < 0)

    def figures(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "seconds": round(self.seconds, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "correlation": round(self.correlation, 3),
            "clips": self.clips,
            "outliers": self.outliers,
        }


def spread_evenly(names: Sequence[str]) -> list[str]:
    """The recordings whose curves (`clip_curve`) tell the lag: up to 60 of them."""
    return [names[k] for k in sorted(set(np.linspace(0, len(names) - 1, min(_CLIPS, len(names))).round().astype(int)))]


def estimate_lag(folder: Path, clips: Sequence[Clip], face: Path, curves: Sequence[np.ndarray]) -> Lag | None:
    """The lag of clips with the curves of some of them, and which are out of step with the others; None without curves.

    Raises ModelError where the corpus' face cannot be read.
    """
    if not len(curves):
        return None
    found = np.array(curves)
    rng = np.random.default_rng(0)
    seconds, correlation = peak(found.mean(0))
    draws = [peak(found[rng.integers(0, len(found), len(found))].mean(0))[0] for _ in range(_REPEATS)]
    low, high = np.percentile(draws, [2.5, 97.5])
    outliers = _outliers(folder, clips, face) if len(clips) >= _LEAST else {}
    return Lag(seconds, float(low), float(high), correlation, len(found), outliers)


def curve(heard: np.ndarray, seen: np.ndarray, *, most: float = MOST) -> np.ndarray | None:
    """Correlation (2 K + 1,) of two courses (T,) where `seen` comes later by -K .. K frames; None where one stands still."""
    reach = min(round(most * FPS), len(heard) // 3)
    if reach < 1 or min(heard.std(), seen.std()) < 1e-6:
        return None
    full = np.full(2 * round(most * FPS) + 1, np.nan)
    for k in range(-reach, reach + 1):
        x = heard[max(0, -k) : len(heard) - max(0, k)]
        y = seen[max(0, k) : len(seen) - max(0, -k)]
        both = float(x.std() * y.std())
        full[k + len(full) // 2] = ((x - x.mean()) * (y - y.mean())).mean() / both if both > 1e-12 else 0.0
    return np.where(np.isfinite(full), full, np.nanmin(full))


def peak(curve: np.ndarray) -> tuple[float, float]:
    """(s, correlation) at the top of a curve, by a parabola through the highest point and its neighbours."""
    best = int(curve.argmax())
    away = 0.0
    if 0 < best < len(curve) - 1:
        left, top, right = curve[best - 1 : best + 2]
        if left + right < 2 * top:
            away = 0.5 * float((left - right) / (left - 2 * top + right))
    return (best - len(curve) // 2 + away) / FPS, float(curve[best])


def lips(folder: Path, clip: Clip, face: FaceModel) -> np.ndarray:
    """(T,) lip opening of a clip in inter-ocular distances: as it was measured, else as its codes show it."""
    try:
        points = read_arrays(folder, clip.id, "landmarks")["landmarks"]
    except InputError:
        points = face.landmark_track(read_arrays(folder, clip.id, "codes")["codes"])
    return lip_opening(points)


@lru_cache(maxsize=1)
def _default() -> tuple[Predictor, FaceModel]:
    folder = default_model_folder()
    return load_predictor(folder), load(folder)[0]


def clip_curve(folder: Path, face: Path, clip: Clip) -> np.ndarray | None:
    """`curve` of a recorded clip (`extra` as `make_clip` writes it): the default face's lips against the measured ones.

    Raises ModelError where the default face or the corpus' own cannot be read.
    """
    predictor, drawn = _default()
    sound, first = on_rows(
        recorded_sound(Path(clip.extra["video"]), Path(clip.extra["sound"]) if "sound" in clip.extra else None),
        lag=float(clip.extra.get("lag", 0.0)),
    )
    features = extract(sound.samples, sound.rate, profile=predictor.profile)
    codes = predictor.predict(features)[round(clip.extra["start"] * FPS) - first :]
    seen = lips(folder, clip, read_face(face))
    count = min(len(seen), len(codes))
    return curve(lip_opening(drawn.landmark_track(codes[:count])), seen[:count])


def _outliers(folder: Path, clips: Sequence[Clip], face: Path) -> dict[str, float]:
    """Clips that are out of step with the others -> by how many s."""
    own = read_face(face)
    rows = [(_around(read_arrays(folder, clip.id, "features")["features"]), lips(folder, clip, own)) for clip in clips]
    found = {}
    for block in range(_BLOCKS):
        others = [row for k, row in enumerate(rows) if k % _BLOCKS != block]
        guess = _ridge(np.concatenate([x for x, _ in others]), np.concatenate([y - y.mean() for _, y in others]))
        for k in range(block, len(rows), _BLOCKS):
            x, y = rows[k]
            found_curve = curve(guess(x), y)
            if found_curve is None:
                continue
            seconds, correlation = peak(found_curve)
            gained = correlation - found_curve[len(found_curve) // 2]
            if abs(seconds) > _AWAY and gained > _BETTER and correlation > _SURE:
                found[clips[k].id] = round(seconds, 3)
    return dict(sorted(found.items()))


def _around(features: np.ndarray) -> np.ndarray:
    """(T, 40) -> (T, 13 x 13): cepstra and energy of a frame and those around it."""
    padded = np.pad(features[:, :13], ((_AROUND, _AROUND), (0, 0)), mode="edge").astype(np.float64)
    return np.concatenate([padded[k : k + len(features)] for k in range(2 * _AROUND + 1)], 1)


def _ridge(x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    mean, sd = x.mean(0), np.maximum(x.std(0), 1e-6)
    z = (x - mean) / sd
    weights = np.linalg.solve(z.T @ z + 0.01 * len(z) * np.eye(z.shape[1]), z.T @ y)
    return lambda rows: ((rows - mean) / sd) @ weights
