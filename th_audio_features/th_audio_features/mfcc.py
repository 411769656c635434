"""12 mel-frequency cepstral coefficients and log energy per frame, exactly as HTK's HCopy makes them (MFCC_E).

Written from the definitions in the HTK Book 3.4, section 5 (speech input/output); agrees with HCopy 3.4.1 to 5e-4.
Samples are on the int16 scale, as HTK sees them.
"""

from __future__ import annotations

import numpy as np

from th_audio_features.profiles import CEPSTRA, STATICS, Profile

CHANNELS = 20
PREEMPHASIS = 0.97
LIFTER = 22
FLOOR = 1.0  # of filter bank outputs and of the frame's energy: keeps silence finite


def mel(frequency: float | np.ndarray) -> np.ndarray:
    """Hz -> mel, HTK's natural-logarithm form."""
    return 1127.0 * np.log1p(np.asarray(frequency, float) / 700.0)


def mel_bank(rate: float, bins: int, *, high: float | None = None) -> np.ndarray:
    """Triangles, linear in mel, over the bins of a real FFT.

    Args:
        rate: sample rate in Hz that the bins are taken to have.
        bins: FFT size.
        high: upper edge in Hz, half the rate if None.

    Returns:
        (20, bins // 2 + 1) weights; the bins at 0 and half the rate are left out, as HTK does.
    """
    top = rate / 2 if high is None else high
    last = bins // 2 - 1 if high is None else min(bins // 2 - 1, int(high / rate * bins + 0.5) - 1)
    edges = float(mel(top)) * np.arange(CHANNELS + 2) / (CHANNELS + 1)
    position = mel(np.arange(bins // 2 + 1) * rate / bins)
    rising = (position - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - position) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.clip(np.minimum(rising, falling), 0.0, None)
    weights[:, 0] = 0.0
    weights[:, last + 1 :] = 0.0
    return weights


def liftered_dct() -> np.ndarray:
    """(12, 20): log filter bank outputs -> liftered cepstral coefficients 1..12."""
    j = np.arange(1, CEPSTRA + 1)[:, None]
    k = np.arange(1, CHANNELS + 1)[None, :]
    lifter = 1.0 + LIFTER / 2 * np.sin(np.pi * j / LIFTER)
    return lifter * np.sqrt(2.0 / CHANNELS) * np.cos(np.pi * j * (k - 0.5) / CHANNELS)


class Mfcc:
    """Frames of one length and rate -> c1..c12, e.

    Args:
        rate: sample rate in Hz.
        window: samples per frame.
        high: upper edge of the filter bank in Hz, half the rate if None.
        period_quirk: take the sample period as whole 100 ns in the filter bank, as HTK does (44.1 kHz -> 44,247.8 Hz).
    """

    def __init__(self, rate: int, window: int, *, high: float | None = None, period_quirk: bool = False) -> None:
        self.window = window
        self.bins = 1 << (window - 1).bit_length()
        bank_rate = 1e7 / int(1e7 / rate) if period_quirk else float(rate)
        self._bank = mel_bank(bank_rate, self.bins, high=high)
        self._dct = liftered_dct()
        self._hamming = np.hamming(window)

    @classmethod
    def of(cls, profile: Profile) -> Mfcc:
        """The analysis that a profile asks for."""
        return cls(profile.analysis_rate, profile.window, high=profile.mel_high, period_quirk=profile.period_quirk)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """(T, window) frames on the int16 scale -> float64 (T, 13): c1..c12, e.

        A frame's numbers do not depend on the frames beside it, to the last bit: sums over samples and bins are taken frame
        by frame (a matrix product over all would add in another order for another T).
        """
        x = frames.astype(np.float64)
        y = np.empty_like(x)
        y[:, 1:] = x[:, 1:] - PREEMPHASIS * x[:, :-1]
        y[:, 0] = x[:, 0] * (1.0 - PREEMPHASIS)
        y *= self._hamming
        spectrum = np.fft.rfft(y, self.bins)
        magnitude = np.sqrt(spectrum.real**2 + spectrum.imag**2)
        out = np.empty((len(x), STATICS))
        bank = np.empty((len(x), CHANNELS))
        for t in range(len(x)):
            np.dot(self._bank, magnitude[t], out=bank[t])
            out[t, CEPSTRA] = np.dot(x[t], x[t])
        bank = np.log(np.maximum(bank, FLOOR))
        for t in range(len(x)):
            out[t, :CEPSTRA] = np.dot(self._dct, bank[t])
        out[:, CEPSTRA] = np.log(np.maximum(out[:, CEPSTRA], FLOOR))
        return out
