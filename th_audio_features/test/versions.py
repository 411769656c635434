"""One recording as other microphones and files would hold it, and how far the features are from each other."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import soxr

ENERGY, DELTAS, F0 = 12, slice(13, 39), 39


def at_rate(samples: np.ndarray, rate: int, to: int) -> np.ndarray:
    """int16 (N,) at one rate -> int16 (M,) at another, all of its band kept that fits."""
    return _int16(soxr.resample(samples.astype(np.float32), rate, to, quality="VHQ"))


def through_mp3(samples: np.ndarray, rate: int, kbits: int) -> np.ndarray:
    """int16 (N,) -> the same after LAME at a constant bit rate, aligned: the decoder skips the priming samples that the file's
    LAME tag announces, and what follows the last sample is cut off."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=rate, layout="mono")
        stream.bit_rate = kbits * 1000
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=rate)
        for piece in (*resampler.resample(frame), None):
            container.mux(stream.encode(piece))
    file.seek(0)
    with av.open(file, "r") as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        sound = [even.to_ndarray()[0] for f in container.decode(audio=0) for even in resampler.resample(f)]
    return _int16(np.concatenate(sound)[: len(samples)] * 32768.0)


def difference(own: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """How far two feature arrays (T, 40) of the same sound are apart.

    Mean absolute difference in standard deviations of the first, coefficient by coefficient: `mfcc` (c1..c12), `e`, `deltas`
    (delta and delta-delta), `all` (40 numbers, F0 with its zeros). `voicing`: share of frames where both are voiced or both are
    not. `f0_hz`: mean absolute difference where both are voiced.
    """
    count = min(len(own), len(other))
    own, other = own[:count].astype(float), other[:count].astype(float)
    spread = own.std(axis=0)
    apart = np.abs(other - own).mean(axis=0) / np.where(spread > 0, spread, 1.0)
    voiced, also = own[:, F0] > 0, other[:, F0] > 0
    both = voiced & also
    return {
        "mfcc": float(apart[:ENERGY].mean()),
        "e": float(apart[ENERGY]),
        "deltas": float(apart[DELTAS].mean()),
        "all": float(apart.mean()),
        "voicing": float((voiced == also).mean()),
        "f0_hz": float(np.abs(own - other)[both, F0].mean()) if both.any() else float("nan"),
    }


def _int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
