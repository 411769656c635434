"""How often the streams' F0 differs from SPTK's over the whole utterance, in percent of all frames, for lack of future and past.

Beside it, how often the same sound 40 dB quieter gets another voicing, from ours and from SPTK. Give it recordings of your own
(any sound or video file); a recorded sentence where none are given.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import soxr

from th_audio_features import PROFILES, FeatureStream, Profile
from th_audio_features.pitch import SHORTEST, rapt
from th_audio_io.sources import FileSource, example_path

QUIET = 0.01
LAST = 3  # frames at the end of a file that RAPT itself gives up on


def sound_of(path: Path, rate: int) -> np.ndarray:
    """float (N,) on the int16 scale, rounded, mono, at the rate."""
    source = FileSource(path)
    samples = np.concatenate([block.mean(axis=1) for block in source.blocks()]).astype(float)
    return np.round(np.clip(soxr.resample(samples, source.rate, rate), -1, 1) * 32767)


def streamed(sound: np.ndarray, profile: Profile) -> np.ndarray:
    """F0 of every frame (T,)."""
    stream = FeatureStream(profile.analysis_rate, profile)
    samples = sound / 32768
    return np.concatenate([stream.push(samples), stream.flush()])[:-LAST, -1]


def percent(differs: list[np.ndarray]) -> float:
    return 100.0 * float(np.concatenate(differs).mean())


def main(paths: list[Path]) -> None:
    result: dict[str, float] = {}
    for name, profile in PROFILES.items():
        voicing, value, quieter, sptk_quieter = [], [], [], []
        for path in paths:
            sound = sound_of(path, profile.analysis_rate)
            if len(sound) < (SHORTEST + LAST) * profile.hop:
                continue
            ours = streamed(sound, profile)
            whole = rapt(sound, profile.analysis_rate, profile.hop)[1 : len(ours) + 1]
            hushed = rapt(sound * QUIET, profile.analysis_rate, profile.hop)[1 : len(ours) + 1]
            voicing.append((ours > 0) != (whole > 0))
            value.append((ours > 0) & (whole > 0) & (np.abs(ours - whole) > 0.2))
            quieter.append((streamed(sound * QUIET, profile) > 0) != (ours > 0))
            sptk_quieter.append((hushed > 0) != (whole > 0))
        result[f"f0_frames_{name}"] = sum(map(len, voicing))
        result[f"f0_voicing_differs_pct_{name}"] = percent(voicing)
        result[f"f0_beyond_0.2hz_pct_{name}"] = percent(value)
        result[f"f0_voicing_40db_quieter_pct_{name}"] = percent(quieter)
        result[f"f0_voicing_40db_quieter_pct_sptk_{name}"] = percent(sptk_quieter)
    print(json.dumps({key: round(value, 4) for key, value in result.items()}))


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or [example_path()])
