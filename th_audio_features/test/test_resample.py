import numpy as np
import pytest

from th_audio_features.resample import Resampler, resampling_delay


def resample(samples: np.ndarray, rate: int, to: int, size: int) -> np.ndarray:
    resampler = Resampler(rate, to)
    parts = [resampler.push(samples[i : i + size]) for i in range(0, len(samples), size)]
    return np.concatenate([*parts, resampler.push(np.zeros(0, np.float32), last=True)])


@pytest.mark.parametrize("to", [24_000, 44_100])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_099, 48_000, 192_000])
def test_tones_pass_unchanged_in_size_and_time(rate: int, to: int) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)
    out = resample(tone, rate, to, 1000)
    assert abs(len(out) - to) <= 1
    inner = slice(to // 4, to // 2)
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(out)) / to)
    # 100 microseconds, 0.6 % of a frame, is what the engine may be off in time
    assert np.abs(out - expected)[inner].max() < 2 * np.pi * 1000 * 100e-6


def test_chunks_do_not_matter() -> None:
    noise = np.random.default_rng(0).normal(size=9000).astype(np.float32)
    for size in (1, 333, 4096):
        assert np.array_equal(resample(noise, 44_100, 24_000, size), resample(noise, 44_100, 24_000, 9000))


def test_what_lies_above_the_band_does_not_fold_back() -> None:
    high = np.sin(2 * np.pi * 17_000 * np.arange(48_000) / 48_000).astype(np.float32)
    assert np.abs(resample(high, 48_000, 24_000, 4800)[2400:-2400]).max() < 1e-4


def test_the_delay_is_zero_without_resampling_and_falls_with_the_rate() -> None:
    assert resampling_delay(24_000, 24_000) == 0.0
    delays = [resampling_delay(rate, 24_000) for rate in (8_000, 16_000, 48_000)]
    assert delays == sorted(delays, reverse=True)
    assert delays[0] < 0.031
