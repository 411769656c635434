"""40-D features per frame, in ms of one core: a recording of a voice, in 16 ms chunks as live, and whole as offline.

Beside it, on the same sound in the same run, with the windows, hop, band and number of coefficients of the profile `robot`:

peer_librosa_mfcc, peer_opensmile_mfcc        12 or 13 coefficients and energy, as features_ms_robot_mfcc is ours
peer_librosa_full                             with deltas and F0 by pYIN
peer_opensmile_full                           with deltas and F0 by autocorrelation, far simpler than RAPT
peer_psf_mfcc, peer_sptk_mfcc                 python_speech_features, SPTK frame by frame
peer_sptk_rapt                                SPTK's F0 over the whole utterance, which cannot be had live

features_ratio_* is the peer's time by ours for the same amount of work, both offline. features_opensmile_difference is the largest
difference of openSMILE's 39 numbers from ours. A peer that is not installed is said to be so: `make bench` installs librosa
(requirements/bench.txt); openSMILE is installed by who may use it (requirements/opensmile.txt).
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pysptk
import python_speech_features
import soxr
from feature_peers.librosa_peer import librosa
from feature_peers.opensmile_peer import opensmile
from scipy.io import wavfile

from th_audio_features import PROFILES, FeatureStream, extract
from th_audio_features.mfcc import Mfcc
from th_audio_features.pitch import rapt

ROUNDS = 9
ABSENT = "not installed"
CHUNK = 0.016  # s


def per_frame_ms(work: Callable[[], object], frames: int, *, rounds: int = ROUNDS) -> float:
    """Processor time (a busy machine changes it little), median over rounds after one that does not count."""
    work()
    times = []
    for _ in range(rounds):
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


def yardsticks(sound: np.ndarray, windows: np.ndarray) -> dict[str, float | str]:
    """Time per frame of librosa and openSMILE, and by how much ours is quicker (above 1) or slower."""
    robot, frames = PROFILES["robot"], len(windows)
    ours = {
        "mfcc": per_frame_ms(lambda: Mfcc.of(robot)(windows), frames),
        "full": per_frame_ms(lambda: extract(sound, robot.analysis_rate, robot), frames),
    }
    result: dict[str, float | str] = {"features_ms_robot_mfcc": ours["mfcc"]}
    for name, make in {"librosa": librosa, "opensmile": opensmile}.items():
        for what, own in ours.items():
            work = make(robot, full=what == "full")
            if work is None:
                result[f"features_ms_peer_{name}_{what}"] = ABSENT
                continue
            slow = name == "librosa" and what == "full"
            time_of = per_frame_ms(partial(work, sound), frames, rounds=3 if slow else ROUNDS)
            result[f"features_ms_peer_{name}_{what}"] = time_of
            result[f"features_ratio_{name}_{what}"] = time_of / own
            if name == "opensmile" and what == "full":
                found, expected = work(sound)[:, :39], extract(sound, robot.analysis_rate, robot)[:, :39]
                inner = slice(8, min(len(found), len(expected)) - 8)  # its deltas end otherwise
                result["features_opensmile_difference"] = float(np.abs(found[inner] - expected[inner]).max())
    return result


def main() -> None:
    rate, samples = wavfile.read(pysptk.util.example_audio_file())
    result: dict[str, float | str] = {}
    for name in PROFILES:
        frames = len(extract(samples, rate, name))
        ms = per_frame_ms(partial(live, samples, rate, name), frames)
        result[f"features_ms_{name}"] = ms
        result[f"features_ms_{name}_offline"] = per_frame_ms(partial(extract, samples, rate, name), frames)
        result[f"features_core_share_{name}"] = ms * 60 / 1000
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
    result |= yardsticks(np.round(sound).astype(np.int16), windows)
    print(json.dumps({k: v if isinstance(v, str) else float(f"{v:.4g}") for k, v in result.items()}))


if __name__ == "__main__":
    main()
