"""Speech to motion: timed visemes, loudness, intonation and an emotion become a pose per frame.

Coarticulation by dominance functions (Cohen and Massaro, 1993): every segment pulls at its own
strength, falling off with time around it, and a frame's pose is the weighted mean of all targets.
What speech must not lose (lips that meet, teeth on the lip) is then enforced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from th_common.errors import InputError

from . import poses
from .units import INDEX, UNITS, weights

Segment = tuple[float, float, str]
"""(start, end, viseme), seconds."""

# viseme: (dominance over lips and jaw, reach in s). What is seen is strong. Tongue sounds take the lips of their neighbours
# (JALI: Edwards et al., 2016; so do the lips of VocalTractLab's speaker for t, d, n, l, k, g)
_STRENGTH: dict[str, tuple[float, float]] = {
    "sil": (0.35, 0.110), "MM": (1.0, 0.030), "FF": (1.5, 0.040), "TH": (1.2, 0.060),
    "LL": (0.30, 0.060), "DD": (0.15, 0.060), "SS": (1.0, 0.060), "CH": (1.4, 0.075),
    "KK": (0.15, 0.060), "RR": (1.8, 0.080), "WW": (2.2, 0.090), "AA": (1.3, 0.085),
    "AE": (1.2, 0.080), "EH": (1.1, 0.075), "AH": (0.6, 0.070), "EE": (1.3, 0.080),
    "IH": (1.0, 0.070), "OH": (1.4, 0.090), "OO": (1.6, 0.090), "breath": (0.6, 0.060),
}  # fmt: skip
_TONGUE_STRENGTH = {"LL": 0.9, "DD": 0.8, "KK": 0.6}  # dominance over the tongue where it is not that over the lips
_TONGUE = np.array([name.startswith("tongue") for name in UNITS])
_PART_TIME = {"MM": 0.045, "FF": 0.050, "sil": 0.12}  # s that the lips take to meet and to part
_HELD = (
    0.1,
    0.8,
)  # shares of a lip sound between which the lips are in place: a stop's burst and breath are with open lips
_GAP = 0.05  # s without a segment that count as silence
_PAUSE = 0.16  # s; shorter silences are gaps inside words, in which the lips need not meet
# Who begins to speak parts the lips before: 100 to 300 ms (Chandrasekaran et al., 2009), for breath even before m, b, p
_BREATH, _BREATH_PAUSE = 0.20, 0.30  # s that it takes, s of silence that leave time for it
_SMOOTHING = np.array([1, 4, 6, 4, 1]) / 16  # frames; takes out corners, not movements

# What parts the lips: kept from an emotion where they must meet
_PARTING = np.array([INDEX[n] for n in UNITS if n.startswith(
    ("jawOpen", "mouthLowerDown", "mouthUpperUp", "mouthFunnel", "mouthShrugUpper"))])  # fmt: skip
_SNEER = np.array([INDEX["noseSneerLeft"], INDEX["noseSneerRight"]])
_MOUTH = np.array([i for name, i in INDEX.items() if name.startswith(("mouth", "jaw"))])


class Animation(NamedTuple):
    """weights (T, U) float32, one row per frame; units: the U names of the columns."""

    weights: np.ndarray
    units: tuple[str, ...]


def animate(
    segments: Sequence[Segment],
    energy: np.ndarray,
    f0: np.ndarray,
    emotion: str = "neutral",
    *,
    intensity: float = 1.0,
    fps: float = 60.0,
    lead: float = 0.03,
    blink_seed: int | None = None,
) -> Animation:
    """Poses of a spoken sentence.

    Args:
        segments: visemes in the order of time; where there is none, silence.
        energy: (T,) linear RMS of the sound per frame, any scale (its loud frames set the scale).
        f0: (T,) Hz, 0 where unvoiced.
        emotion: name in poses.EMOTIONS; intensity: 0 none .. 1 full.
        lead: s by which the mouth is ahead of the sound.
        blink_seed: None for no blinks, else the seed of their times.

    In pauses and on m, b, p the lips meet whatever the emotion; before speech they part for breath.

    Raises InputError for an unknown viseme or emotion, for segments that end before they start,
    and for arrays that are not finite or not of one length.
    """
    energy, f0 = _series(energy, "energy"), _series(f0, "f0")
    if energy.shape != f0.shape:
        raise InputError(f"energy has {len(energy)} frames and f0 has {len(f0)}")
    feeling = weights(poses.emotion(emotion)) * float(intensity)
    time = np.arange(len(energy)) / fps + lead
    spans = _filled(segments, time)
    loudness = _loudness(energy)

    speech = _coarticulated(spans, time)
    speech[:, INDEX["jawOpen"]] *= 0.75 + 0.30 * loudness
    speech = _smooth(speech)
    contact = np.zeros(len(time))
    for name in _PART_TIME:
        meets = _contact(spans, time, name)
        speech += meets[:, None] * (weights(poses.viseme(name)) - speech)
        contact = np.maximum(contact, meets)

    talking = _smooth(np.clip(loudness * 1.2, 0, 1)[:, None])[:, 0] * (1 - contact)
    expression = np.repeat(feeling[None], len(time), 0)
    expression[:, _MOUTH] *= (1 - 0.4 * talking)[:, None]
    expression[:, _PARTING] *= talking[:, None]
    expression[:, _SNEER] *= (1 - 0.5 * contact)[:, None]
    motion = speech + expression
    _raise_brows(motion, f0, fps)
    if blink_seed is not None:
        _blink(motion, time - lead, blink_seed)
    return Animation(np.clip(motion, -0.5, 1.5).astype(np.float32), UNITS)


def _series(values: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise InputError(f"{name} must be one finite number per frame")
    return array


def _filled(segments: Sequence[Segment], time: np.ndarray) -> list[Segment]:
    """The segments with silence where there is none, from before the first frame to the end, and breath before speech."""
    start, end = (time[0] - 1.0, time[-1] + 1.0) if len(time) else (0.0, 0.0)
    spans: list[Segment] = []
    for t0, t1, name in [*segments, (end, end, "sil")]:
        poses.viseme(name)
        if not (np.isfinite(t0) and np.isfinite(t1) and t0 <= t1):
            raise InputError(f"segment '{name}' runs from {t0} to {t1} s")
        before = spans[-1][1] if spans else start
        if t0 - before > _GAP:
            _append(spans, (before, t0, "sil"))
        _append(spans, (t0, t1, name))
    return spans[:-1] if spans[-1][0] == spans[-1][1] else spans


def _append(spans: list[Segment], span: Segment) -> None:
    """Silence goes on after silence; speech after a pause takes breath at the pause's end."""
    if spans and spans[-1][2] == "sil":
        begin, end, _ = spans[-1]
        if span[2] == "sil":
            spans[-1] = (begin, span[1], "sil")
            return
        if end - begin > _BREATH_PAUSE:
            spans[-1] = (begin, end - _BREATH, "sil")
            spans.append((end - _BREATH, end, "breath"))
    spans.append(span)


def _loudness(energy: np.ndarray) -> np.ndarray:
    """0 silence .. 1 loud speech of this utterance (its 90th percentile) .. 1.3."""
    loud = np.percentile(energy, 90) if len(energy) else 0.0
    return np.clip(energy / loud, 0, 1.3) if loud > 0 else np.zeros_like(energy)


def _coarticulated(spans: Sequence[Segment], time: np.ndarray) -> np.ndarray:
    """(T, U): the mean of all targets, weighted by their dominance at each time, of lips and jaw and of the tongue."""
    total = np.zeros((len(time), len(UNITS)))
    strength = np.zeros((len(time), len(UNITS)))
    for t0, t1, name in spans:
        alpha, reach = _STRENGTH[name]
        outside = np.maximum(np.maximum(t0 - time, time - t1), 0)
        inside = np.clip(np.minimum(time - t0, t1 - time) / max(0.35 * (t1 - t0), 1e-3), 0, 1)
        # Vowels and tongue sounds ramp up within their time; what must be seen is there at once
        ramp = 1.0 if name in _PART_TIME else 0.55 + 0.45 * inside
        course = (ramp * np.exp(-((outside / reach) ** 1.5)))[:, None]
        dominance = course * np.where(_TONGUE, _TONGUE_STRENGTH.get(name, alpha), alpha)
        total += dominance * _target(name)
        strength += dominance
    return total / np.maximum(strength, 1e-6)


def _target(name: str) -> np.ndarray:
    return weights(poses.BREATH if name == "breath" else poses.viseme(name))


def _contact(spans: Sequence[Segment], time: np.ndarray, name: str) -> np.ndarray:
    """(T,) 0 apart .. 1 in place, for segments of one viseme; pauses take their time inside."""
    part_time = _PART_TIME[name]
    result = np.zeros(len(time))
    for t0, t1, viseme in spans:
        if viseme != name:
            continue
        if name == "sil":
            if t1 - t0 < _PAUSE:
                continue
            slack = min(part_time, 0.4 * (t1 - t0))
            t0, t1 = t0 + slack, t1 - slack
        else:
            t0, t1 = (t0 + share * (t1 - t0) for share in _HELD)
        outside = np.maximum(np.maximum(t0 - time, time - t1), 0) / part_time
        x = np.clip(1 - outside, 0, 1)
        result = np.maximum(result, x * x * (3 - 2 * x))
    return result


def _smooth(motion: np.ndarray) -> np.ndarray:
    padded = np.pad(motion, ((2, 2), (0, 0)), "edge") if len(motion) else motion
    return sum(
        (weight * padded[k : k + len(motion)] for k, weight in enumerate(_SMOOTHING)),
        start=np.zeros_like(motion),
    )


def _raise_brows(motion: np.ndarray, f0: np.ndarray, fps: float) -> None:
    """Brows rise with the pitch: a quarter of an octave above the speaker's median is all the way."""
    voiced = f0 > 0
    if not voiced.any():
        return
    octaves = np.zeros(len(f0))
    octaves[voiced] = np.log2(f0[voiced] / np.median(f0[voiced]))
    width = max(3, round(0.4 * fps))
    window = np.hanning(width + 2)[1:-1]
    smooth = np.convolve(octaves, window / window.sum(), "full")[width // 2 :][: len(f0)]
    lift = np.clip(smooth / 0.25, 0, 1.5)
    motion[:, INDEX["browInnerUp"]] += 0.22 * lift
    for side in ("Left", "Right"):
        motion[:, INDEX["browOuterUp" + side]] += 0.18 * lift


def _blink(motion: np.ndarray, time: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    closed = np.zeros(len(time))
    at = rng.uniform(0.3, 1.5)
    while len(time) and at < time[-1]:
        closed = np.maximum(closed, np.interp(time, at + np.array([0, 0.07, 0.11, 0.25]), [0, 1, 1, 0]))
        at += rng.uniform(1.6, 4.0)
    for side in ("Left", "Right"):
        for unit in ("eyeWide", "eyeSquint", "cheekSquint"):
            motion[:, INDEX[unit + side]] *= 1 - closed
        lid = INDEX["eyeBlink" + side]
        motion[:, lid] = np.maximum(motion[:, lid], closed)
