import math

import numpy as np
import pysptk
import pytest

from th_audio_features.deltas import Dynamics
from th_audio_features.mfcc import CHANNELS, Mfcc, liftered_dct, mel_bank
from th_audio_features.profiles import PROFILES

from .golden import golden, recording

TOLERANCE = 5e-4  # of a coefficient of standard deviation 3 to 15


def frames_of(samples: np.ndarray, window: int, hop: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("kind", ["synth", "espeak"])
def test_hcopy_of_htk_341_says_the_same(kind: str, rate: int) -> None:
    window, hop = map(int, golden(f"{kind}_{rate}_winhop"))
    expected = golden(f"{kind}_{rate}_htk341")
    statics = Mfcc(rate, window, period_quirk=True)(frames_of(golden(f"{kind}_{rate}_wav"), window, hop))
    dynamics = Dynamics()
    rows = np.concatenate([dynamics.push(statics), dynamics.flush()])
    assert rows.shape == expected.shape
    np.testing.assert_allclose(rows, expected, atol=TOLERANCE)


def test_without_htks_truncated_period_its_values_move_by_half_a_unit_at_most() -> None:
    frames = frames_of(golden("espeak_44100_wav"), 1470, 735)
    expected = golden("espeak_44100_htk341")[:, :13]
    error = np.abs(Mfcc(44_100, 1470)(frames) - expected).max()
    assert 0.05 < error < 0.5


@pytest.mark.parametrize("name", ["paper", "robot"])
def test_sptks_mfcc_says_the_same(name: str) -> None:
    profile = PROFILES[name]
    frames = frames_of(golden(f"espeak_{profile.analysis_rate}_wav"), profile.window, profile.hop).astype(float)
    mfcc = Mfcc(profile.analysis_rate, profile.window)
    expected = [
        pysptk.mfcc(
            frame,
            order=12,
            fs=profile.analysis_rate,
            num_filterbanks=20,
            window_len=profile.window,
            frame_len=mfcc.bins,
            use_hamming=True,
            power=True,
        )
        for frame in frames
    ]
    np.testing.assert_allclose(mfcc(frames), expected, atol=1e-6)


def by_the_book(frame: np.ndarray, rate: float, bins: int, low: float, high: float) -> np.ndarray:
    """c1..c12 of one frame, a transcription of the HTK Book's steps (5.2 to 5.6) bin by bin, for a bank that ends at HIPASS."""

    def mel(frequency: float) -> float:
        return 2595.0 * math.log10(1.0 + frequency / 700.0)

    emphasised = [frame[0] * (1 - 0.97)] + [frame[n] - 0.97 * frame[n - 1] for n in range(1, len(frame))]
    window = [0.54 - 0.46 * math.cos(2 * math.pi * n / (len(frame) - 1)) for n in range(len(frame))]
    spectrum = np.abs(np.fft.fft(np.array(emphasised) * window, bins))
    first, last = (
        max(2, int(low / rate * bins + 2.5)),
        min(bins // 2, int(high / rate * bins + 0.5)),
    )  # 1 is the bin at 0 Hz
    edges = [mel(low) + (mel(high) - mel(low)) * k / (CHANNELS + 1) for k in range(CHANNELS + 2)]
    outputs = [0.0] * CHANNELS
    for k in range(first, last + 1):
        position = mel((k - 1) * rate / bins)
        for channel in range(CHANNELS):
            left, middle, right = edges[channel : channel + 3]
            if left < position <= middle:
                outputs[channel] += (position - left) / (middle - left) * spectrum[k - 1]
            elif middle < position < right:
                outputs[channel] += (right - position) / (right - middle) * spectrum[k - 1]
    logs = [math.log(max(output, 1.0)) for output in outputs]
    return np.array(
        [
            (1 + 11 * math.sin(math.pi * j / 22))
            * math.sqrt(2 / CHANNELS)
            * sum(logs[k] * math.cos(math.pi * j / CHANNELS * (k + 0.5)) for k in range(CHANNELS))
            for j in range(1, 13)
        ]
    )


@pytest.mark.parametrize("name", ["paper", "robot"])
def test_the_book_says_the_same(name: str) -> None:
    """With HTK's edge of the band (robot) and its truncated period (paper): no reference tool in the tests has both."""
    profile = PROFILES[name]
    frames = frames_of(golden(f"espeak_{profile.analysis_rate}_wav"), profile.window, profile.hop)[::7].astype(float)
    mfcc = Mfcc.of(profile)
    rate = 1e7 / int(1e7 / profile.analysis_rate) if profile.period_quirk else profile.analysis_rate
    high = profile.mel_high or rate / 2
    expected = [by_the_book(frame, rate, mfcc.bins, 0.0, high) for frame in frames]
    np.testing.assert_allclose(mfcc(frames)[:, :12], expected, atol=2e-3)


@pytest.mark.parametrize("channel", [2, 8, 14, 19])
def test_a_tone_excites_the_channel_that_it_lies_in(channel: int) -> None:
    rate, window = 24_000, 800
    edge = 2595 * np.log10(1 + 7600 / 700) / (CHANNELS + 1)
    frequency = 700 * (10 ** (edge * channel / 2595) - 1)  # centre of the channel, counted from 1
    tone = 8000 * np.sin(2 * np.pi * frequency * np.arange(window) / rate)
    cepstra = Mfcc(rate, window, high=7600.0)(tone[None])[0, :12]
    # The liftered DCT of 20 channels loses the mean and the ripple only: its transpose shows which channel was loud.
    k = np.arange(1, CHANNELS + 1)
    j = np.arange(1, 13)[:, None]
    lifter = liftered_dct()[:, 0] / (np.sqrt(2 / CHANNELS) * np.cos(np.pi * j[:, 0] * 0.5 / CHANNELS))
    outline = (cepstra / lifter) @ np.cos(np.pi * j * (k - 0.5) / CHANNELS)
    assert int(outline.argmax()) + 1 == channel


def test_twice_the_amplitude_adds_2_ln_2_to_the_energy() -> None:
    rate, samples = recording()
    frames = frames_of(samples[8000:12_000] // 4, 533, 266).astype(float)
    mfcc = Mfcc(rate, 533)
    np.testing.assert_allclose(mfcc(2 * frames)[:, 12] - mfcc(frames)[:, 12], 2 * np.log(2), atol=1e-12)


def test_silence_is_finite() -> None:
    assert (Mfcc(24_000, 800)(np.zeros((3, 800))) == 0.0).all()


def test_a_frame_does_not_depend_on_its_neighbours() -> None:
    frames = frames_of(recording()[1], 800, 400)[:40]
    mfcc = Mfcc(24_000, 800, high=7600.0)
    one_by_one = np.concatenate([mfcc(frame[None]) for frame in frames])
    assert np.array_equal(mfcc(frames), one_by_one)


def test_the_filter_bank_ends_at_its_edge() -> None:
    bank = mel_bank(24_000, 1024, high=7600.0)
    frequencies = np.arange(513) * 24_000 / 1024
    assert bank.shape == (CHANNELS, 513)
    assert (bank[:, frequencies >= 7600] == 0).all()
    assert (bank[:, 0] == 0).all()
    assert (bank.sum(axis=1) > 1).all()
