"""Sound that is none, or badly recorded: finite features or an error in words."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from th_audio_features import PROFILES, FeatureStream, extract
from th_common.errors import InputError

from .golden import sound

ENERGY, F0 = 12, 39


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
