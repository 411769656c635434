from __future__ import annotations

import copy
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
from th_common.errors import InputError

from .golden import golden, recording

ENERGY, F0 = 12, 39
RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000]


def sound(rate: int, seconds: float = 0.4) -> np.ndarray:
    """A voice-like int16 sound with noise at any rate."""
    t = np.arange(int(rate * seconds)) / rate
    voice = sum(np.sin(2 * np.pi * 130 * k * t) / k for k in range(1, 20))
    noise = np.random.default_rng(rate).normal(size=len(t))
    return np.round(4000 * voice * (0.6 + 0.4 * np.sin(9 * t)) + 100 * noise).astype(np.int16)


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


# --- hostile sound ----------------------------------------------------------------------------------------------------------


def test_nan_and_infinity_are_silence_and_counted() -> None:
    samples = (sound(16_000) / 32768).astype(np.float32)
    samples[[100, 3000]] = np.nan, np.inf
    silent = samples.copy()
    silent[[100, 3000]] = 0.0
    stream = FeatureStream(16_000, "robot")
    features = np.concatenate([stream.push(samples), stream.flush()])
    assert stream.replaced == 2
    assert np.array_equal(features, extract(silent, 16_000, "robot"))


def test_ten_times_too_loud_is_survived() -> None:
    samples = (sound(16_000) / 32768).astype(np.float32)
    samples[2000:4000] *= 10
    samples[5000] = 3e38
    stream = FeatureStream(16_000, "robot")
    assert np.isfinite(np.concatenate([stream.push(samples), stream.flush()])).all()
    assert stream.limited == 1


SHAPES = {
    "nothing": lambda t: 0.0 * t,
    "constant": lambda t: 1.0 + 0.0 * t,
    "impulses": lambda t: (t % 77 == 0).astype(float),
    "square": lambda t: np.where(t // 90 % 2, 1.0, -1.0),
    "ramp": lambda t: t / 400.0 - 1.0,
    "nyquist": lambda t: (-1.0) ** t,
    "sine": lambda t: np.sin(0.03 * t),
    "noise": lambda t: np.random.default_rng(len(t)).normal(size=len(t)),
    "nan": lambda t: np.nan + t,
}
PIECES = st.tuples(
    st.sampled_from(sorted(SHAPES)),
    st.one_of(st.integers(0, 8).map(lambda hops: ("hops", hops)), st.integers(0, 3000).map(lambda n: ("samples", n))),
    st.sampled_from([1e-42, 1e-6, 1e-3, 0.1, 1.0, 5.0, 1e30]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=8), st.sampled_from(sorted(PROFILES)), st.sampled_from([None, 8_000, 16_000, 48_000]))
def test_any_sound_gives_finite_features(pieces: list, profile: str, rate: int | None) -> None:
    """Also at the profile's own rate (None), where pieces may begin exactly at a hop."""
    rate = rate or PROFILES[profile].analysis_rate
    hop = rate // 60
    parts = [SHAPES[shape](np.arange(n * hop if unit == "hops" else n)) * size for shape, (unit, n), size in pieces]
    stream = FeatureStream(rate, profile)
    features = np.concatenate([*(stream.push(part.astype(np.float32)) for part in parts), stream.flush()])
    assert np.isfinite(features).all()
    assert ((features[:, F0] == 0) | ((features[:, F0] > 55) & (features[:, F0] < 520))).all()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_step_between_two_hops_is_survived(profile: str) -> None:
    """Every hop is constant, so without a swing, but the sound is not."""
    p = PROFILES[profile]
    step = np.repeat(np.array([0, 100], np.int16), 20 * p.hop)
    features = extract(step, p.analysis_rate, p)
    assert np.isfinite(features).all()
    assert features[25, ENERGY] == pytest.approx(np.log(p.window * 100.0**2), abs=1e-3)


def test_clipped_sound_keeps_its_voice() -> None:
    clipped = np.clip(sound(24_000, 1.0).astype(int) * 10, -32768, 32767).astype(np.int16)
    assert (extract(clipped, 24_000, "robot")[5:-5, F0] > 0).mean() > 0.9


def test_no_sound_gives_no_frames() -> None:
    for empty in (np.zeros(0, np.int16), np.zeros((0, 2), np.float32)):
        assert extract(empty, 48_000, "paper").shape == (0, 40)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(9, np.int32), "int16, float32 or float64, not int32"),
        (np.zeros(9, np.uint8), "not uint8"),
        (np.zeros(9, complex), "not complex128"),
        (np.zeros(9, bool), "not bool"),
        (np.array(["a"]), "not <U1"),
        (np.zeros((2, 48_000), np.int16), r"not \(2, 48000\)"),
        (np.zeros((2, 2, 2), np.int16), r"not \(2, 2, 2\)"),
        (np.zeros((9, 0), np.int16), r"not \(9, 0\)"),
        (np.int16(3), "numpy array, not int16"),
        ([0.0, 0.1], "numpy array, not list"),
        (b"\0\0", "numpy array, not bytes"),
        (None, "numpy array, not NoneType"),
    ],
)
def test_what_is_no_sound_is_refused_and_leaves_the_stream_as_it_was(samples, reason: str) -> None:
    good = sound(16_000)
    stream = FeatureStream(16_000, "robot")
    first = stream.push(good[:3000])
    with pytest.raises(InputError, match=reason):
        stream.push(samples)
    rest = [stream.push(good[3000:]), stream.flush()]
    assert np.array_equal(np.concatenate([first, *rest]), extract(good, 16_000, "robot"))


@pytest.mark.parametrize("kind", [np.int16, np.float32, np.float64])
def test_the_order_of_bytes_does_not_matter(kind: type) -> None:
    samples = (sound(16_000) / (1 if kind is np.int16 else 32_768)).astype(kind)
    swapped = samples.astype(samples.dtype.newbyteorder())
    assert np.array_equal(extract(swapped, 16_000, "robot"), extract(samples, 16_000, "robot"))


def test_a_masked_array_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="masked"):
        extract(np.ma.masked_less(sound(16_000), 0), 16_000, "robot")


def test_a_file_of_nan_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="4000 of 4000 samples are NaN"):
        extract(np.full(4000, np.nan), 16_000, "robot")


def test_a_stream_cannot_be_copied() -> None:
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        copy.copy(FeatureStream(24_000, "robot"))


def test_floats_on_the_int16_scale_are_refused_in_words() -> None:
    with pytest.raises(InputError, match="floats go from -1 to 1"):
        extract(sound(16_000).astype(np.float32), 16_000, "robot")


@pytest.mark.parametrize("rate", [0, -1, 7999, 192_001, 16_000.0, float("nan"), "16000", None, True])
def test_rates_out_of_range_are_refused(rate) -> None:
    with pytest.raises(InputError, match="sample rate must be"):
        FeatureStream(rate, "robot")


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
