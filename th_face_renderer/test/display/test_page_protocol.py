import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from th_common.errors import InputError
from th_face_renderer.display import page_protocol as protocol
from th_face_renderer.layer import Layer

times = st.floats(allow_nan=False, allow_infinity=False)


@given(st.binary(min_size=1, max_size=200), times, st.booleans())
def test_a_picture_comes_out_as_it_went_in(jpeg: bytes, present_at: float, still: bool) -> None:
    message = protocol.unpack(protocol.pack_picture(jpeg, present_at, still=still))
    assert (message.kind, message.present_at, message.still) == (protocol.Kind.PICTURE, present_at, still)
    assert bytes(message.payload) == jpeg


def test_a_picture_made_still_changes_in_nothing_else() -> None:
    message = protocol.unpack(protocol.as_still(protocol.pack_picture(b"jpeg", 12.5)))
    assert message.still
    assert (message.present_at, bytes(message.payload)) == (12.5, b"jpeg")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sound_comes_out_to_half_a_step(dtype: type) -> None:
    samples: NDArray[np.floating] = np.linspace(-1, 1, 1001).astype(dtype)
    message = protocol.unpack(protocol.pack_sound(samples, 24000, 7.0))
    assert (message.kind, message.word, message.present_at) == (protocol.Kind.SOUND, 24000, 7.0)
    heard = np.frombuffer(message.payload, "<i2") / 32767
    np.testing.assert_allclose(heard, samples, atol=0.51 / 32767)


def test_impossible_samples_become_silence_and_full_scale() -> None:
    message = protocol.unpack(protocol.pack_sound(np.array([np.nan, np.inf, -np.inf, 7.0], np.float32), 16000, 0.0))
    assert np.frombuffer(message.payload, "<i2").tolist() == [0, 32767, -32767, 32767]


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros((4, 2), np.float32), 16000),
        (np.zeros(4, np.int16), 16000),
        (np.zeros(4, np.float32), 0),
        (np.zeros(4, np.float32), 1 << 33),
    ],
)
def test_sound_of_another_kind_is_refused(samples: np.ndarray, rate: int) -> None:
    with pytest.raises(InputError):
        protocol.pack_sound(samples, rate, 0.0)


@pytest.mark.parametrize("present_at", [math.nan, math.inf, -math.inf])
def test_an_impossible_time_is_refused(present_at: float) -> None:
    with pytest.raises(InputError):
        protocol.pack_picture(b"jpeg", present_at)


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(InputError):
        protocol.pack_picture(b"", 0.0)


@given(st.binary(max_size=64))
def test_any_bytes_unpack_or_are_refused(data: bytes) -> None:
    try:
        message = protocol.unpack(data)
    except InputError:
        return
    assert message.kind in protocol.Kind
    assert math.isfinite(message.present_at)
    assert len(message.payload) == len(data) - protocol.HEADER.size


@given(times)
def test_a_ping_keeps_the_time_it_left_at(t0: float) -> None:
    assert protocol.parse_request(json.dumps({"type": "ping", "t0": t0})) == protocol.Ping(t0)


def test_an_action_is_asked_for_by_name() -> None:
    assert protocol.parse_request('{"type": "do", "action": "stop"}') == protocol.Do("stop")


def test_a_code_comes_out_as_it_went_in() -> None:
    code = np.linspace(-4, 4, 16, dtype=np.float32)
    layer = Layer(0.25, 1.0, -0.5, 0.75, 0.0078125)
    packed = protocol.pack_code(code, 12.25, tag=0xFEDCBA98, layer=layer)
    assert len(packed) == 16 + 4 * (16 + 5)
    message = protocol.unpack(protocol.as_still(packed))
    assert (message.kind, message.present_at, message.word, message.still) == (
        protocol.Kind.CODE,
        12.25,
        0xFEDCBA98,
        True,
    )
    np.testing.assert_array_equal(np.frombuffer(message.payload, "<f4"), [*code, *layer])


def test_a_layer_out_of_range_is_cut_off_on_its_way() -> None:
    payload = protocol.unpack(protocol.pack_code([1.0, 2.0], 0.0, tag=1, layer=Layer(9, math.nan, 5, -5, 0))).payload
    assert np.frombuffer(payload, "<f4").tolist() == [1, 2, 1, 0, 1, -1, 0]


@pytest.mark.parametrize("code", [[], [1.0], [[1.0, 2.0]], [0.0, math.nan], [math.inf] * 16, [0.0] * 129])
def test_what_is_no_code_is_refused(code: list[float]) -> None:
    with pytest.raises(InputError):
        protocol.pack_code(code, 0.0, tag=1)


@pytest.mark.parametrize("payload", [b"", b"123", bytes(20), bytes(30)])
def test_a_code_message_with_half_a_number_is_refused(payload: bytes) -> None:
    with pytest.raises(InputError):
        protocol.unpack(protocol.HEADER.pack(protocol.VERSION, protocol.Kind.CODE, 0, 1, 0.0) + payload)


@pytest.mark.parametrize("on", [True, False])
def test_sound_is_asked_for_by_true_and_false(on: bool) -> None:
    assert protocol.parse_request(json.dumps({"type": "sound", "on": on})) == protocol.Listen(on)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "t0", "on", "x"]), inner),
)


@given(st.text(max_size=50) | json_values.map(json.dumps))
def test_any_text_is_a_request_or_refused(text: str) -> None:
    try:
        request = protocol.parse_request(text)
    except InputError:
        return
    assert isinstance(request, protocol.Ping | protocol.Listen | protocol.Do)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 1000,
        '{"type": "ping"}',
        '{"type": "ping", "t0": true}',
        '{"type": "ping", "t0": NaN}',
        '{"type": "ping", "t0": 1e999}',
        '{"type": "ping", "t0": ' + "9" * 900 + "}",
        '{"type": "sound", "on": 1}',
        '{"type": ["ping"], "t0": 1}',
        '{"type": "do"}',
        '{"type": "do", "action": 1}',
        '{"type": "quit"}',
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        protocol.parse_request(text)


def test_info_takes_small_values() -> None:
    values = {"state": "speaking", "skew_ms": np.float32(1.5), "n": 3, "ok": True, "nothing": None, "bad": math.nan}
    message = json.loads(protocol.pack_info(values))
    assert message == {"type": "info", "values": {**values, "skew_ms": 1.5, "bad": None}}


@pytest.mark.parametrize("values", [{"a": [1]}, {"a": "x" * 5000}])
def test_info_refuses_large_and_nested_ones(values: dict[str, object]) -> None:
    with pytest.raises(InputError):
        protocol.pack_info(values)
