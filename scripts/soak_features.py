"""An hour of sound through a FeatureStream, in chunks as a microphone gives them: does memory grow, do frames drift?

    python scripts/soak_features.py --minutes 60 --profile robot --rate 16000

Three seconds of speech are repeated, so that they meet the same hops each time: their cepstra, energy and deltas must be the same
numbers each time. (F0 sees SPTK's noise, which never repeats.)
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import soxr

from th_audio_features import PROFILES, FeatureStream
from th_audio_io.sources import FileSource, example_path

CHUNK, SPEECH = 0.016, 3  # s
STATICS_AND_DELTAS = slice(0, 39)


def speech(rate: int) -> np.ndarray:
    """int16 (SPEECH * rate,)."""
    source = FileSource(example_path())
    samples = soxr.resample(np.concatenate(list(source.blocks())).mean(axis=1), source.rate, rate)
    return np.round(samples[: SPEECH * rate] * 32767).astype(np.int16)


def resident_kb() -> int:
    """Memory of this process now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="robot")
    parser.add_argument("--rate", type=int, default=16_000)
    options = parser.parse_args()

    samples = speech(options.rate)
    frames = SPEECH * 60
    chunk = round(CHUNK * options.rate)
    stream = FeatureStream(options.rate, options.profile)
    rounds = max(24, round(options.minutes * 60 / SPEECH))
    pending = np.zeros((0, 40), np.float32)
    settled: np.ndarray | None = None
    worst = 0.0
    begin = time.process_time()
    print(f"{'min':>6} {'frames':>8} {'memory kB':>10} {'largest change':>15} {'ms/frame':>9}")
    for done in range(1, rounds + 1):
        rows = [stream.push(samples[i : i + chunk]) for i in range(0, len(samples), chunk)]
        pending = np.concatenate([pending, *rows])
        if len(pending) >= frames:
            this, pending = pending[:frames, STATICS_AND_DELTAS], pending[frames:]
            if done == 3:  # the first ones had silence before them
                settled = this
            elif settled is not None:
                worst = max(worst, float(np.abs(this - settled).max()))
        if done % (rounds // 12) == 0:
            spent = 1e3 * (time.process_time() - begin) / stream.frames
            minutes = done * SPEECH / 60
            print(f"{minutes:6.1f} {stream.frames:8d} {resident_kb():10d} {worst:15.2e} {spent:9.3f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
