"""How loud speech is, by ITU-R BS.1770-4 (gated, in LUFS) as FFmpeg's filter `ebur128` measures it, and one level for many sounds."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from th_audio_io.sources import FileSource
from th_common.errors import InputError

MEASURE = "ITU-R BS.1770-4, integrated, LUFS; a single channel counts as heard from two loudspeakers"
LEVEL = -20.0
"""LUFS that speech is brought to where its peaks allow it."""
PEAK = -1.0
"""dB of full scale (true peak) that no sound goes beyond."""
FAINTEST = -65.0
"""LUFS; what is softer is no speech (the gate of the measure is at -70)."""
SHORTEST = 0.4
"""s: one block of the measure."""


@dataclass(frozen=True)
class Loudness:
    """`level` in LUFS, `peak` in dB of full scale (true peak)."""

    level: float
    peak: float


def loudness(path: str | os.PathLike[str]) -> Loudness:
    """The loudness of a sound file's first two channels.

    Raises:
        InputError: it cannot be read, is shorter than 0.4 s, or as good as silent.
    """
    source = FileSource(path)
    layout = "mono" if source.channels == 1 else "stereo"
    graph = av.filter.Graph()
    first = graph.add_abuffer(sample_rate=source.rate, format="flt", layout=layout, time_base=Fraction(1, source.rate))
    rate = graph.add("aresample", "48000")
    meter = graph.add("ebur128", f"metadata=1:peak=true:dualmono={'true' if layout == 'mono' else 'false'}")
    last = graph.add("abuffersink")
    for one, other in ((first, rate), (rate, meter), (meter, last)):
        one.link_to(other)
    graph.configure()
    read = 0
    told: dict[str, str] = {}
    for block in source.blocks():
        packed = np.ascontiguousarray(block[:, :2], np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = source.rate, read, Fraction(1, source.rate)
        read += len(block)
        first.push(frame)
        told = _drain(last) or told
    first.push(None)
    told = _drain(last) or told
    if read < SHORTEST * source.rate:
        raise InputError(f"{source.path}: {read / source.rate:.2f} s are too short for a loudness")
    level, peak = (float(told.get(f"lavfi.r128.{key}", "nan")) for key in ("I", "true_peak"))
    if not level > FAINTEST or not peak > 0:
        raise InputError(f"{source.path}: is as good as silent")
    return Loudness(level, 20 * math.log10(peak))


def one_level(sounds: Mapping[str, Loudness], *, wanted: float = LEVEL) -> tuple[float, dict[str, float]]:
    """The level (LUFS) that all sounds are brought to, and each one's gain (a factor).

    It is `wanted`, or lower where that would bring a peak beyond PEAK.
    """
    level = min([wanted, *(sound.level + PEAK - sound.peak for sound in sounds.values())])
    return level, {name: float(10 ** ((level - sound.level) / 20)) for name, sound in sounds.items()}


def _drain(sink: av.filter.context.FilterContext) -> dict[str, str]:
    """What the last of the frames that are ready says of all until then; {} if none is."""
    told: dict[str, str] = {}
    while True:
        try:
            told = dict(sink.pull().metadata)
        except (av.error.BlockingIOError, av.error.EOFError):
            return told
