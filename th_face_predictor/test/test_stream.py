"""A stream gives the codes of the whole recording, whatever the portions, a bounded number of frames late."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from th_common.errors import InputError
from th_face_predictor import Predictor, PredictorStream
from th_face_predictor.architecture import NAMES
from th_face_predictor.engine import BLOCK, Engine

TOLERANCE = 1e-5

quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@quick
@given(data=st.data(), name=st.sampled_from(NAMES), lookahead=st.sampled_from([0, 1, 3, 8, 30]))
def test_any_portions_give_the_offline_codes(
    data: st.DataObject,
    name: str,
    lookahead: int,
    make_predictor: Callable[..., Predictor],
    make_features: Callable[..., np.ndarray],
) -> None:
    predictor = make_predictor(name, lookahead=lookahead)
    portions = data.draw(st.lists(st.integers(0, 12) | st.sampled_from([BLOCK, 2 * BLOCK + 1]), max_size=12))
    features = make_features(sum(portions))
    stream = PredictorStream(predictor)
    codes, begin = [], 0
    for size in portions:
        codes.append(stream.push(features[begin : begin + size]))
        begin += size
    codes.append(stream.flush())
    assert np.abs(np.concatenate(codes) - predictor.predict(features)).max(initial=0) < TOLERANCE


def test_a_code_comes_as_soon_as_its_window_is_in(
    make_predictor: Callable[..., Predictor], make_features: Callable[..., np.ndarray]
) -> None:
    stream = PredictorStream(make_predictor(lookahead=3))
    counts = [len(stream.push(frame[None])) for frame in make_features(10)]
    assert counts == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]
    assert stream.pending == 3
    assert stream.flush().shape == (3, 16)
    assert stream.flush().shape == (0, 16)


def test_a_flush_begins_anew(
    make_predictor: Callable[..., Predictor], make_features: Callable[..., np.ndarray]
) -> None:
    predictor = make_predictor()
    stream = PredictorStream(predictor)
    for seed in range(2):
        features = make_features(20, seed)
        codes = np.concatenate((stream.push(features), stream.flush()))
        assert np.abs(codes - predictor.predict(features)).max() < TOLERANCE


def test_another_lookahead_than_the_models(
    make_predictor: Callable[..., Predictor], make_features: Callable[..., np.ndarray]
) -> None:
    features = make_features(40)
    stream = PredictorStream(make_predictor(lookahead=None), lookahead=5)
    codes = np.concatenate((stream.push(features), stream.flush()))
    assert np.abs(codes - make_predictor(lookahead=5).predict(features)).max() < TOLERANCE
    assert np.abs(codes - make_predictor(lookahead=None).predict(features)).max() > 100 * TOLERANCE


def test_a_full_context_model_needs_a_lookahead(make_predictor: Callable[..., Predictor]) -> None:
    with pytest.raises(InputError, match="explicit lookahead"):
        PredictorStream(make_predictor(lookahead=None))
    with pytest.raises(InputError, match="lookahead"):
        PredictorStream(make_predictor(), lookahead=-1)


def test_bad_features_leave_the_stream_as_it_was(
    make_predictor: Callable[..., Predictor], make_features: Callable[..., np.ndarray]
) -> None:
    predictor = make_predictor()
    features = make_features(30)
    stream = PredictorStream(predictor)
    codes = [stream.push(features[:15])]
    for bad in (features[:, :39], np.full((2, 40), np.nan)):
        with pytest.raises(InputError):
            stream.push(bad)
    codes += [stream.push(features[15:]), stream.flush()]
    assert np.abs(np.concatenate(codes) - predictor.predict(features)).max() < TOLERANCE


def test_memory_does_not_grow(
    make_predictor: Callable[..., Predictor], make_features: Callable[..., np.ndarray]
) -> None:
    stream = PredictorStream(make_predictor(lookahead=8))

    def held(engine: Engine) -> int:
        arrays = [v for v in vars(engine).values() if isinstance(v, np.ndarray)]
        # A view keeps the whole of its base alive.
        return sum(sys.getsizeof(a.base if a.base is not None else a) + a.nbytes for a in arrays)

    stream.push(make_features(40))
    for frame in make_features(5):
        stream.push(frame[None])
    before = held(stream._engine)
    for frame in make_features(500):
        stream.push(frame[None])
    assert held(stream._engine) == before


def test_long_silence_leaves_no_denormal_state(make_predictor: Callable[..., Predictor]) -> None:
    stream = PredictorStream(make_predictor(lookahead=0))
    stream.push(np.zeros((2000, 40), np.float32))
    state = np.concatenate([a.ravel() for pair in stream._engine._states for a in pair])
    assert not ((state != 0) & (np.abs(state) < np.finfo(np.float32).tiny)).any()
