"""The same recording at several rates and through MP3: how far the features are from those at the recording's own rate.

usage: python benchmarks/feature_rates.py [SOUND ...]     (default: a sentence of espeak-ng at 44.1 kHz, a man's voice at 16 kHz)

Prints a table per profile, in mean absolute difference in standard deviations, and JSON for `make bench`, which shows the mean over
all 40 numbers: `features_rate_16k_sd` for robot, `features_rate_16k_sd_live` for live. Each recording counts alike, 60 s at most;
its own rate is left out, as the difference is 0. MP3 is made by LAME at the recording's own rate, decoded by FFmpeg; both ends of
it are aligned by what the file says about its padding.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "th_audio_features" / "test"))

from golden import golden, recording
from versions import at_rate, difference, through_mp3

from th_audio_features import PROFILES, extract
from th_audio_io.sources import FileSource
from th_common.errors import InputError

RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000)
KBITS = (128, 64)
LONGEST = 60  # s
COLUMNS = {
    "mfcc": "c1..c12",
    "e": "e",
    "deltas": "deltas",
    "all": "all 40",
    "voicing": "voicing agrees",
    "f0_hz": "F0, Hz",
}


def load(path: str) -> tuple[int, np.ndarray]:
    """(rate, int16 samples) of the mean of a sound file's channels, its first minute."""
    source = FileSource(path)
    blocks, count = [], 0
    for block in source.blocks():
        blocks.append(block.mean(axis=1))
        count += len(block)
        if count >= LONGEST * source.rate:
            break
    sound = np.concatenate(blocks or [np.zeros(0)])[: LONGEST * source.rate]
    if len(sound) < source.rate // 2:
        raise InputError(f"{path!r} is too short: half a second at least")
    return source.rate, np.clip(np.rint(sound * 32768.0), -32768, 32767).astype(np.int16)


def versions(samples: np.ndarray, rate: int) -> dict[str, tuple[int, np.ndarray]]:
    """Name -> (rate, int16 samples) of every version but the recording itself."""
    found = {f"{r / 1000:g} kHz": (r, at_rate(samples, rate, r)) for r in RATES if r != rate}
    mp3_rate = rate if rate in (16_000, 22_050, 24_000, 32_000, 44_100, 48_000) else 44_100
    source = samples if mp3_rate == rate else at_rate(samples, rate, mp3_rate)
    return found | {f"MP3 {k} kbit/s": (mp3_rate, through_mp3(source, mp3_rate, k)) for k in KBITS}


def main(paths: list[str]) -> None:
    try:
        recordings = [load(path) for path in paths] or [(44_100, golden("espeak_44100_wav")), recording()]
    except InputError as error:
        raise SystemExit(str(error)) from None
    found: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for rate, samples in recordings:
        others = versions(samples, rate)
        for profile in PROFILES:
            own = extract(samples, rate, profile)
            for name, (other_rate, other) in others.items():
                found[profile, name].append(difference(own, extract(other, other_rate, profile)))

    names = [f"{r / 1000:g} kHz" for r in RATES] + [f"MP3 {k} kbit/s" for k in KBITS]
    keys = {**{f"{r / 1000:g} kHz": f"{r // 1000}k" for r in RATES}, **{f"MP3 {k} kbit/s": f"mp3_{k}k" for k in KBITS}}
    result: dict[str, float] = {}
    for profile in PROFILES:
        print(f"\n`{profile}`, {len(recordings)} recording{'s' * (len(recordings) > 1)}\n")
        print("| the same at | " + " | ".join(COLUMNS.values()) + " |")
        print("|---" * (len(COLUMNS) + 1) + "|")
        for name in names:
            if not found[profile, name]:
                continue
            mean = {column: float(np.mean([row[column] for row in found[profile, name]])) for column in COLUMNS}
            cells = [f"{mean[c]:.3f}" for c in ("mfcc", "e", "deltas", "all")]
            print(
                f"| {name} | " + " | ".join([*cells, f"{100 * mean['voicing']:.1f} %", f"{mean['f0_hz']:.2f}"]) + " |"
            )
            if profile in ("robot", "live"):
                result[f"features_rate_{keys[name]}_sd{'' if profile == 'robot' else '_live'}"] = mean["all"]
    print("\n" + json.dumps({key: round(value, 4) for key, value in result.items()}))


if __name__ == "__main__":
    main(sys.argv[1:])
