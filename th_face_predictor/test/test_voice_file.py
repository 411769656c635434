"""A voice's file comes back as it was; whatever else lies there is refused in words."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from th_common.errors import InputError
from th_face_predictor.voice import Voice
from th_face_predictor.voice_file import MAX_BYTES, check_name, find_voice, parse_voice, read_voice, write_voice

ANNA = Voice(
    profile="robot", place=(*range(12), 20.5, 5.25), spread=0.2, speech=12.25, voiced=0.75, snr=31.5, name="anna"
)
WORDS = ("format", "name", "features", "place", "f0_spread", "speech_s", "voiced", "snr_db")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=15) | st.dictionaries(st.sampled_from(WORDS), inner),
    max_leaves=30,
)


def fields() -> dict[str, Any]:
    return {
        "format": "talking-head-voice/1",
        "name": "anna",
        "features": "robot",
        "place": [0.0] * 14,
        "f0_spread": 0.2,
        "speech_s": 10.0,
        "voiced": 0.7,
        "snr_db": 30.0,
    }


def test_it_comes_back(tmp_path: Path) -> None:
    write_voice(tmp_path / "new" / "anna.json", ANNA)
    assert read_voice(tmp_path / "new" / "anna.json") == ANNA
    assert os.listdir(tmp_path / "new") == ["anna.json"]


@settings(max_examples=40)
@given(st.binary(max_size=200) | JSON.map(lambda x: json.dumps(x).encode()))
def test_anything_else_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError):
        parse_voice(data)


@settings(max_examples=60)
@given(st.sampled_from(WORDS), JSON)
def test_a_field_of_anything_is_a_voice_or_an_input_error(word: str, value: Any) -> None:
    try:
        voice = parse_voice(json.dumps(fields() | {word: value}).encode())
    except InputError:
        return
    assert len(voice.place) == 14


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("format", "talking-head-face/1"),
        ("place", [0.0] * 13),
        ("place", [0.0] * 13 + [float("nan")]),
        ("place", [0.0] * 13 + [float("inf")]),
        ("place", [0.0] * 13 + [True]),
        ("place", [0.0] * 13 + [10**400]),
        ("features", "../../etc"),
        ("name", "a\nb"),
        ("name", "x" * 1000),
        ("voiced", 1.5),
        ("speech_s", -1.0),
    ],
)
def test_a_bad_field_is_named(word: str, value: Any) -> None:
    with pytest.raises(InputError, match=word):
        parse_voice(json.dumps(fields() | {word: value}).encode())


def test_files_that_are_none(tmp_path: Path) -> None:
    whole = json.dumps(fields()).encode()
    (tmp_path / "cut.json").write_bytes(whole[:-20])
    (tmp_path / "large.json").write_bytes(whole + b" " * MAX_BYTES)
    (tmp_path / "deep.json").write_bytes(b"[" * 10000)
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("cut.json", "large.json", "deep.json", "pipe.json", "missing.json", ".", "x" * 5000, "nul\0"):
        with pytest.raises(InputError):
            read_voice(tmp_path / name)


def test_names_and_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    assert find_voice("anna") == tmp_path / "talking_head" / "voices" / "anna.json"
    assert find_voice("/some/anna.json") == Path("/some/anna.json")
    assert check_name("anna-2") == "anna-2"
    for name in ("", "../anna", "a/b", ".hidden", "a" * 65, "anna.json", "a b"):
        with pytest.raises(InputError, match="name"):
            check_name(name)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_voice(tmp_path / "file" / "anna.json", ANNA)
