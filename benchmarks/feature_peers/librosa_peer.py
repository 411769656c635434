"""librosa with the profile's windows, band and number of coefficients; its mel bank and DCT are its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from th_audio_features import Profile
from th_audio_features.pitch import HIGH, LOW


def librosa(profile: Profile, *, full: bool) -> Callable[[np.ndarray], np.ndarray] | None:
    """int16 (N,) at the profile's rate -> (T, 13), or with deltas and F0 by pYIN (T, 40) if `full`; None if it is not installed."""
    try:
        from librosa import feature, pyin
    except ImportError:
        return None
    rate, window, hop = profile.analysis_rate, profile.window, profile.hop

    def work(samples: np.ndarray) -> np.ndarray:
        sound = samples.astype(np.float32) / 32768
        statics = feature.mfcc(
            y=sound,
            sr=rate,
            n_mfcc=13,
            n_mels=20,
            n_fft=1 << (window - 1).bit_length(),
            win_length=window,
            hop_length=hop,
            window="hamming",
            center=False,
            htk=True,
            fmax=profile.mel_high,
        )
        if not full:
            return statics.T
        delta = feature.delta(statics, width=5, mode="nearest")
        # two periods of the lowest voice must fit
        f0, _, _ = pyin(sound, fmin=LOW, fmax=HIGH, sr=rate, frame_length=2 * window, hop_length=hop, center=False)
        count = min(len(f0), statics.shape[1])
        parts = [statics, delta, feature.delta(delta, width=5, mode="nearest")]
        return np.concatenate([*(part[:, :count] for part in parts), np.nan_to_num(f0[None, :count])]).T

    return work
