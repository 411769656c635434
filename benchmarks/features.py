"""40-D features per frame, in ms of one core: a recording of a voice, in 16 ms chunks as live, and whole as offline.

Beside it, on the same sound in the same run: the MFCC of python_speech_features and of SPTK (no F0, no deltas), and SPTK's F0 over the
whole utterance, which cannot be had live.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import pysptk
import python_speech_features
import soxr
from scipy.io import wavfile

from th_audio_features import PROFILES, FeatureStream, extract
from th_audio_features.pitch import rapt

ROUNDS = 9
CHUNK = 0.016  # s


def per_frame_ms(work: Callable[[], object], frames: int) -> float:
    """Processor time (a busy machine changes it little), median over rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        times.append((time.process_time() - begin) / frames * 1e3)
    return statistics.median(times)


def live(samples: np.ndarray, rate: int, profile: str) -> None:
    stream = FeatureStream(rate, profile)
    size = round(CHUNK * rate)
    for start in range(0, len(samples), size):
        stream.push(samples[start : start + size])
    stream.flush()


def sptk_mfcc(frames: np.ndarray, rate: int) -> None:
    for frame in frames:
        pysptk.mfcc(
            frame,
            order=12,
            fs=rate,
            num_filterbanks=20,
            window_len=frames.shape[1],
            frame_len=1024,
            use_hamming=True,
            power=True,
        )


def main() -> None:
    rate, samples = wavfile.read(pysptk.util.example_audio_file())
    result: dict[str, float] = {}
    for name in PROFILES:
        frames = len(extract(samples, rate, name))
        result[f"features_ms_{name}"] = per_frame_ms(lambda name=name: live(samples, rate, name), frames)
        result[f"features_ms_{name}_offline"] = per_frame_ms(lambda name=name: extract(samples, rate, name), frames)
        result[f"features_core_share_{name}"] = result[f"features_ms_{name}"] * 60 / 1000
        result[f"features_delay_ms_{name}"] = 1e3 * FeatureStream(rate, name).delay

    robot = PROFILES["robot"]
    sound = soxr.resample(samples, rate, robot.analysis_rate)
    windows = np.lib.stride_tricks.sliding_window_view(sound.astype(float), robot.window)[:: robot.hop]
    result["features_ms_peer_psf_mfcc"] = per_frame_ms(
        lambda: python_speech_features.mfcc(
            sound, robot.analysis_rate, winlen=1 / 30, winstep=1 / 60, nfilt=20, nfft=1024, winfunc=np.hamming
        ),
        len(windows),
    )
    result["features_ms_peer_sptk_mfcc"] = per_frame_ms(lambda: sptk_mfcc(windows, robot.analysis_rate), len(windows))
    result["features_ms_peer_sptk_rapt"] = per_frame_ms(
        lambda: rapt(sound, robot.analysis_rate, robot.hop), len(windows)
    )
    print(json.dumps({key: round(value, 4) for key, value in result.items()}))


if __name__ == "__main__":
    main()
