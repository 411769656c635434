from __future__ import annotations

import gc
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from th_audio_features import PROFILES, FeatureStream, extract
from th_audio_features.pitch import rapt

from .golden import golden, recording, sound

ENERGY, F0 = 12, 39
RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000]


def in_chunks(samples: np.ndarray, rate: int, profile: str, size: int) -> np.ndarray:
    stream = FeatureStream(rate, profile)
    parts = [stream.push(samples[i : i + size]) for i in range(0, len(samples), size)]
    return np.concatenate([*parts, stream.flush()])


# --- exactness --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["synth", "espeak"])
def test_the_paper_profile_is_htk_and_sptk(kind: str) -> None:
    features = extract(golden(f"{kind}_44100_wav"), 44_100, "paper")
    expected = golden(f"{kind}_44100_htk341")
    assert features.dtype == np.float32
    assert features.shape == (len(expected), 40)
    np.testing.assert_allclose(features[:, :39], expected, atol=5e-4)
    pitch = golden(f"{kind}_44100_sptk39_rapt")[1 : len(features) + 1]
    inner = slice(0, len(features) - 3)
    assert ((features[inner, F0] > 0) == (pitch[inner] > 0)).all()
    np.testing.assert_allclose(features[inner, F0], pitch[inner], atol=0.2)


@pytest.mark.parametrize("swing", [16_000, 3_000])
def test_f0_of_the_paper_profile_is_sptks_over_the_whole_recording(swing: int) -> None:
    """Real speech, as loud as most files are, and 14 dB quieter."""
    rate, samples = recording()
    speech = soxr.resample(samples.astype(float), rate, 44_100)
    speech = np.round(speech * swing / (np.ptp(speech) / 2)).astype(np.int16)
    found = extract(speech, 44_100, "paper")[:, F0]
    whole = rapt(speech, 44_100, 735)[1 : len(found) + 1]
    assert (whole > 0).any()
    assert ((found > 0) == (whole > 0))[:-3].all()
    np.testing.assert_allclose(found[:-3], whole[:-3], atol=0.2)


@pytest.mark.parametrize("profile", PROFILES)
def test_there_are_as_many_frames_as_windows_fit(profile: str) -> None:
    p = PROFILES[profile]
    for extra in (-1, 0, 1, p.hop - 1, p.hop, 5 * p.hop + 3):
        samples = sound(p.analysis_rate)[: p.window + extra]
        expected = max(0, (len(samples) - p.window) // p.hop + 1)
        assert len(extract(samples, p.analysis_rate, p)) == expected


# --- chunks -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("size", [512, 735, 4001])
def test_a_stream_gives_the_bits_of_the_whole(rate: int, profile: str, size: int) -> None:
    samples = sound(rate)
    whole = extract(samples, rate, profile)
    assert len(whole) >= 22
    assert (whole[:, F0] > 0).any()
    assert np.array_equal(in_chunks(samples, rate, profile, size), whole)


@pytest.mark.parametrize("profile", PROFILES)
def test_sample_by_sample_is_the_same_too(profile: str) -> None:
    samples = sound(16_000, 0.25)
    assert np.array_equal(in_chunks(samples, 16_000, profile, 1), extract(samples, 16_000, profile))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_long_stream_gives_the_bits_of_the_whole(profile: str) -> None:
    """Long enough for every ring to go round several times."""
    rate, speech = recording()
    samples = np.tile(speech, 3)
    sizes = np.random.default_rng(0).integers(0, 3000, 400)
    stream = FeatureStream(rate, profile)
    parts = [stream.push(piece) for piece in np.split(samples, np.cumsum(sizes).clip(max=len(samples)))]
    assert np.array_equal(np.concatenate([*parts, stream.flush()]), extract(samples, rate, profile))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(RATES),
    st.sampled_from(sorted(PROFILES)),
    st.lists(st.integers(0, 5000), max_size=20),
    st.sampled_from(["int16", "float32", "stereo"]),
)
def test_any_chunking_gives_the_same_bits(rate: int, profile: str, sizes: list[int], kind: str) -> None:
    samples = sound(rate, 0.3)
    if kind == "float32":
        samples = (samples / 32768).astype(np.float32)
    elif kind == "stereo":
        samples = np.stack([samples, samples[::-1]], axis=1)
    stream = FeatureStream(rate, profile)
    pieces = np.split(samples, np.cumsum(sizes).clip(max=len(samples)))
    parts = [stream.push(piece) for piece in pieces]
    assert np.array_equal(np.concatenate([*parts, stream.flush()]), extract(samples, rate, profile))


def test_streams_in_several_threads_do_not_disturb_each_other() -> None:
    samples = sound(16_000, 1.0)
    whole = extract(samples, 16_000, "robot")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda size: in_chunks(samples, 16_000, "robot", size), [160, 161, 320, 533] * 3))
    assert all(np.array_equal(features, whole) for features in found)


def test_after_a_flush_a_new_sound_begins() -> None:
    samples = sound(16_000)
    stream = FeatureStream(16_000, "robot")
    first = np.concatenate([stream.push(samples), stream.flush()])
    second = np.concatenate([stream.push(samples), stream.flush()])
    assert np.array_equal(first, second)
    assert stream.frames == 0


# --- delay ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_no_frame_comes_later_than_the_profile_says(profile: str) -> None:
    p = PROFILES[profile]
    stream = FeatureStream(p.analysis_rate, profile)
    step = p.hop // 5
    samples = sound(p.analysis_rate, 1.0)
    pushed, waits = 0, []
    for i in range(0, len(samples) - step, step):
        before = stream.frames
        stream.push(samples[i : i + step])
        pushed += step
        waits += [pushed / p.analysis_rate - (frame + 1) / 60 for frame in range(before, stream.frames)]
    assert p.delay - 1e-9 <= max(waits) < p.delay + step / p.analysis_rate


@pytest.mark.parametrize("profile", PROFILES)
def test_an_impulse_reaches_no_frame_further_back_than_the_delay(profile: str) -> None:
    p = PROFILES[profile]
    quiet = sound(p.analysis_rate, 1.0)
    impulse = quiet.copy()
    at = 40 * p.hop + 17
    impulse[at] = 30_000
    changed = (extract(quiet, p.analysis_rate, p) != extract(impulse, p.analysis_rate, p)).any(axis=1)
    centres = (np.arange(len(changed)) + 1) / 60
    reach = at / p.analysis_rate - centres[changed].min()
    assert reach <= p.delay
    deltas = (
        1 + p.delta_lookahead
    ) / 60  # the deltas' reach is certain; F0 moves only where the impulse changes a decision
    assert reach > deltas - 1 / 60


@pytest.mark.parametrize(("rate", "bound"), [(24_000, 0.0), (48_000, 0.006), (16_000, 0.016), (8_000, 0.031)])
def test_resampling_adds_little_delay_and_says_how_much(rate: int, bound: float) -> None:
    stream = FeatureStream(rate, "robot")
    added = stream.delay - stream.profile.delay
    assert 0 <= added <= bound
    step = rate // 500
    samples = sound(rate, 1.0)
    pushed, waits = 0, []
    for i in range(0, len(samples) - step, step):
        before = stream.frames
        stream.push(samples[i : i + step])
        pushed += step
        waits += [pushed / rate - (frame + 1) / 60 for frame in range(before, stream.frames)]
    assert max(waits) <= stream.delay + 2 * step / rate


# --- physics ----------------------------------------------------------------------------------------------------------------


def test_float_and_int16_and_stereo_are_the_same_sound() -> None:
    samples = sound(24_000)
    whole = extract(samples, 24_000, "robot")
    as_float = (samples / 32768).astype(np.float32)
    for other in (as_float, as_float.astype(float), np.stack([samples] * 2, 1), np.stack([as_float] * 3, 1)):
        assert np.array_equal(extract(other, 24_000, "robot"), whole)


@pytest.mark.parametrize("profile", PROFILES)
def test_twice_as_loud_adds_2_ln_2_to_the_energy_alone(profile: str) -> None:
    p = PROFILES[profile]
    samples = sound(p.analysis_rate)
    once, twice = extract(samples, p.analysis_rate, p), extract(samples * 2, p.analysis_rate, p)
    np.testing.assert_allclose(twice[:, ENERGY] - once[:, ENERGY], 2 * np.log(2), atol=1e-4)
    np.testing.assert_allclose(twice[:, 13 + ENERGY], once[:, 13 + ENERGY], atol=1e-4)


@pytest.mark.parametrize("profile", PROFILES)
def test_silence_is_steady(profile: str) -> None:
    features = extract(np.zeros(16_000, np.int16), 16_000, profile)
    assert np.isfinite(features).all()
    assert (features == features[0]).all()


# --- memory --------------------------------------------------------------------------------------------------------------------


def test_memory_does_not_grow() -> None:
    rate, samples = recording()
    stream = FeatureStream(rate, "robot")
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(8):
            for i in range(0, len(samples) // 2, 640):
                stream.push(samples[i : i + 640])
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(sizes[4:]) < max(sizes[:4]) + 10_000  # bytes; a second of sound would be 32,000
