"""Sentences come from a table or a corpus; what is wrong with them is said with file and row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from th_common.errors import InputError
from th_training.corpus.format import Clip, write_clip, write_manifest
from th_training.study.table import read_sentences


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for name in ("a1", "a2", "s1", "x y"):
        (tmp_path / f"{name}.wav").write_bytes(b"")
    return tmp_path / "sentences.csv"


def test_a_table_is_read_one_of_each_emotion_in_turn(table: Path) -> None:
    table.write_text("sound,emotion\na1.wav,anger\na2.wav,anger\ns1.wav,sadness\n", encoding="utf-8")
    found = read_sentences(table)
    assert [(s.id, s.emotion) for s in found] == [("a1", "anger"), ("s1", "sadness"), ("a2", "anger")]
    assert found[0].sound == table.parent / "a1.wav"
    table.write_text("\ufeffsound,id\nx y.wav,xy\n", encoding="utf-8")
    assert [(s.id, s.emotion) for s in read_sentences(table)] == [("xy", "")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "columns"),
        ("file\na1.wav\n", "columns"),
        ("sound\n", "no sentence"),
        ("sound\na1.wav\nmissing.wav\n", "row 3.*missing.wav"),
        ("sound,emotion\na1.wav,angry\n", "row 2.*'angry'"),
        ("sound\nx y.wav\n", "row 2.*'x_y'"),
        ("sound\na1.wav\na1.wav\n", "called 'a1'"),
        ("sound,id\na1.wav,../up\n", "plain name"),
    ],
)
def test_a_bad_table_is_named_with_its_row(table: Path, words: str, said: str) -> None:
    table.write_text(words, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_sentences(table)
    with pytest.raises(InputError, match="neither a table"):
        read_sentences(table.parent / "nothing.csv")


def test_a_corpus_gives_its_test_clips(tmp_path: Path) -> None:
    clips = []
    for name, split, emotion in (("one", "test", "fear"), ("two", "train", "fear"), ("three", "test", "anger")):
        (tmp_path / f"{name}.wav").write_bytes(b"")
        clip = Clip(
            id=name,
            speaker="me",
            frames=9,
            split=split,
            emotion=emotion,
            extra={"sound": f"{name}.wav", "sound_start": 0.1},
        )
        arrays = {"features": np.zeros((9, 40), np.float32), "codes": np.zeros((9, 16), np.float32)}
        clips.append(write_clip(tmp_path, clip, **arrays))
    write_manifest(tmp_path, clips, profile="paper", face="f" * 64)
    found = read_sentences(tmp_path)
    assert [(s.id, s.emotion, s.start) for s in found] == [("three", "anger", 0.1), ("one", "fear", 0.1)]
    assert [s.id for s in read_sentences(tmp_path, every=True)] == ["three", "one", "two"]
    (tmp_path / "one.wav").unlink()
    with pytest.raises(InputError, match="clip one"):
        read_sentences(tmp_path)
