"""Which poses of the actor a face model is built from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from th_common.errors import InputError
from th_training.aam.farthest import farthest
from th_training.actor.animate import Segment, animate
from th_training.actor.poses import EMOTIONS, VISEMES
from th_training.actor.units import UNITS, pair, weights

FPS = 60.0
_SENTENCE = 3.0  # s


def babble(frames: int, *, seed: int, emotions: Sequence[str] = tuple(EMOTIONS)) -> np.ndarray:
    """(frames, U) poses of speech-like motion through all visemes, emotions, loudness and blinks, at 60 Hz.

    Stands in for the tracks of real sentences where there are none.
    """
    rng = np.random.default_rng(seed)
    tracks = []
    count = round(_SENTENCE * FPS)
    for sentence in range(-(-frames // count)):
        segments, energy = _sentence(rng, count)
        f0 = np.where(energy > 0.05, 180 * 2 ** np.interp(np.arange(count), np.arange(0, count + 20, 20),
                      rng.normal(0, 0.15, len(range(0, count + 20, 20)))), 0)  # fmt: skip
        motion = animate(
            segments,
            energy,
            f0,
            emotions[sentence % len(emotions)],
            intensity=float(rng.uniform(0.4, 1.0)),
            blink_seed=int(rng.integers(1 << 31)),
        )
        tracks.append(motion.weights)
    return np.concatenate(tracks)[:frames]


def choose_poses(tracks: np.ndarray, count: int, *, seed: int, shapes: np.ndarray | None = None) -> np.ndarray:
    """(count, U) poses to build a face from; the first is the rest pose.

    Rest, every viseme and emotion at full strength and a blink are always among them; two thirds of the others are
    drawn at random from `tracks` (F, U), which sets the standard deviations, and one third by farthest-point sampling
    in `shapes` (F, D) (default: the weights), so that rare faces are known too.

    Raises InputError where tracks are not poses or count is below 60.
    """
    if tracks.ndim != 2 or tracks.shape[1] != len(UNITS) or not np.isfinite(tracks).all():
        raise InputError(f"tracks must be (frames, {len(UNITS)}) finite weights, not {tracks.shape}")
    if count < 60:
        raise InputError(f"a face model needs at least 60 poses, not {count}")
    fixed = [{}, *EMOTIONS.values(), *VISEMES.values(), pair(eyeBlink=1.0), pair(eyeBlink=0.5), pair(jawOpen=0.6)]
    chosen = [weights(pose) for pose in fixed]
    rng = np.random.default_rng(seed)
    left = count - len(chosen)
    random = rng.choice(len(tracks), min(len(tracks), left * 2 // 3), replace=False)
    chosen.extend(tracks[random])
    far = farthest(tracks if shapes is None else shapes, random, count - len(chosen))
    chosen.extend(tracks[far])
    return np.stack(chosen).astype(np.float32)


def _sentence(rng: np.random.Generator, count: int) -> tuple[list[Segment], np.ndarray]:
    names = [name for name in VISEMES if name != "sil"]
    segments: list[Segment] = []
    energy = np.zeros(count)
    at, end = float(rng.uniform(0.1, 0.4)), count / FPS - 0.3
    level = rng.uniform(0.5, 1.2)
    while at < end:
        length = float(rng.uniform(0.05, 0.17))
        name = str(rng.choice(names)) if rng.random() > 0.06 else "sil"
        segments.append((at, at + length, name))
        if name != "sil":
            energy[int(at * FPS) : int((at + length) * FPS) + 1] = level * rng.uniform(0.4, 1.0)
        at += length
    return segments, np.convolve(energy, np.hanning(7) / np.hanning(7).sum(), "same")
