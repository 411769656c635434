"""Model folders: what is written is read back; every kind of damage is refused by name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from th_common.errors import ModelError
from th_common.model_folder import (
    CARD,
    FACE,
    PREDICTOR,
    Card,
    add_expressions,
    read_card,
    read_tensors,
    require,
    write_model,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "m")
    return tmp_path / "m"


def write(path: Path, *, value: float = 1.0) -> Card:
    return write_model(
        path,
        name="probe",
        profile="robot",
        shape=8,
        appearance=8,
        lookahead=6,
        licence="CC0-1.0",
        network={"name": "BBF"},
        training={"clips": 3},
        face={"rest": np.full(16, value, np.float32)},
        predictor={"code.mean": np.zeros(16, np.float32)},
    )


def test_round_trip(folder: Path) -> None:
    card = read_card(folder)
    assert (card.name, card.dimensions, card.lookahead) == ("probe", 16, 6)
    assert card.id == card.files[FACE]
    np.testing.assert_array_equal(read_tensors(folder, FACE, card)["rest"], np.ones(16))
    assert not list(folder.glob("*.partial"))


def test_the_same_content_has_the_same_id(tmp_path: Path) -> None:
    assert write(tmp_path / "a").id == write(tmp_path / "b").id
    assert write(tmp_path / "a").id != write(tmp_path / "b", value=2.0).id


def test_missing_folder_and_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        read_card(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"card\.json"):
        read_card(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other"}', "\x00\xff", "[" * 100_000])
def test_bad_cards(folder: Path, text: str) -> None:
    (folder / CARD).write_text(text)
    with pytest.raises(ModelError, match=r"card\.json"):
        read_card(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", 3), ("fps", 25), ("lookahead", -1), ("lookahead", "x"), ("files", [])],
)
def test_bad_fields_are_named(folder: Path, field: str, value: object) -> None:
    raw = json.loads((folder / CARD).read_text())
    raw[field] = value
    (folder / CARD).write_text(json.dumps(raw))
    with pytest.raises(ModelError, match=field):
        read_card(folder)


@pytest.mark.parametrize("filename", [FACE, PREDICTOR])
def test_truncated_changed_and_missing_files(folder: Path, filename: str) -> None:
    card = read_card(folder)
    data = (folder / filename).read_bytes()
    for bad in (data[:-1], b"", data[:-1] + bytes([data[-1] ^ 1])):
        (folder / filename).write_bytes(bad)
        with pytest.raises(ModelError, match="SHA-256"):
            read_tensors(folder, filename, card)
    (folder / filename).unlink()
    with pytest.raises(ModelError, match="no such file"):
        read_tensors(folder, filename, card)


def test_nan_is_refused(tmp_path: Path) -> None:
    write(tmp_path, value=float("nan"))
    with pytest.raises(ModelError, match="rest"):
        read_tensors(tmp_path, FACE, read_card(tmp_path))


def test_require_names_the_tensor() -> None:
    tensors = {"a": np.zeros((3, 2))}
    assert require(tensors, "a", (None, 2), source="f") is tensors["a"]
    with pytest.raises(ModelError, match="'b' is missing"):
        require(tensors, "b", (1,), source="f")
    with pytest.raises(ModelError, match="shape"):
        require(tensors, "a", (3, 3), source="f")


def test_expressions_are_added_without_touching_anything_else(folder: Path) -> None:
    before, files = json.loads((folder / CARD).read_text()), {n: (folder / n).read_bytes() for n in (FACE, PREDICTOR)}
    assert read_card(folder).expressions == {}
    assert "expressions" not in before, "a card without them is as it always was"
    card = add_expressions(folder, {"happy": np.linspace(-1, 1, 16).tolist(), "sad": [0] * 16})
    assert card.expressions["happy"][:2] == [-1.0, -0.8667]
    after = json.loads((folder / CARD).read_text())
    assert {k: v for k, v in after.items() if k != "expressions"} == before
    assert {n: (folder / n).read_bytes() for n in (FACE, PREDICTOR)} == files
    assert "\n    " + json.dumps("sad") + ": [0.0, 0.0" in (folder / CARD).read_text(), "one line each"
    assert add_expressions(folder, {}).expressions == {}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"happy": 3},
        {"happy": [0.0] * 15},
        {"happy": ["0"] * 16},
        {"happy": [float("nan")] * 16},
        {"a": [10**400] * 16},
    ],
)
def test_expressions_that_are_no_codes_are_refused(folder: Path, value: object) -> None:
    raw = json.loads((folder / CARD).read_text())
    raw["expressions"] = value
    (folder / CARD).write_text(json.dumps(raw))
    with pytest.raises(ModelError, match="expression"):
        read_card(folder)


def test_expressions_of_another_length_are_not_written(folder: Path) -> None:
    before = (folder / CARD).read_bytes()
    with pytest.raises(ModelError, match="'happy' must be 16 numbers"):
        add_expressions(folder, {"happy": [0.0] * 3})
    assert (folder / CARD).read_bytes() == before


def test_numbers_of_thousands_of_digits_are_refused(folder: Path) -> None:
    text = (folder / CARD).read_text().replace('"fps": 60', '"fps": ' + "9" * 5000)
    (folder / CARD).write_text(text)
    with pytest.raises(ModelError, match=r"card\.json"):
        read_card(folder)


@pytest.mark.parametrize("filename", [FACE, PREDICTOR])
def test_another_models_file_is_refused(folder: Path, tmp_path: Path, filename: str) -> None:
    card = write(tmp_path / "other", value=2.0)
    assert read_card(folder).files[FACE] != card.files[FACE]
    (folder / filename).write_bytes((tmp_path / "other" / FACE).read_bytes())
    with pytest.raises(ModelError, match="SHA-256"):
        read_tensors(folder, filename, read_card(folder))


def test_links_are_followed_and_what_they_lead_to_is_verified(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", value=2.0)
    face, other = folder / FACE, tmp_path / "other" / FACE
    kept = face.rename(tmp_path / "kept")
    face.symlink_to(kept)
    assert read_tensors(folder, FACE, read_card(folder))["rest"][0] == 1.0, (
        "colcon build --symlink-install makes such folders"
    )
    face.unlink()
    face.symlink_to(other)
    with pytest.raises(ModelError, match="SHA-256"):
        read_tensors(folder, FACE, read_card(folder))


@pytest.mark.parametrize("target", ["/dev/zero", "/nowhere", ".", "pipe", "itself"])
@pytest.mark.parametrize("filename", [CARD, FACE])
def test_links_to_what_is_no_file_end_with_a_sentence(folder: Path, filename: str, target: str) -> None:
    card = read_card(folder)
    (folder / filename).unlink()
    if target == "pipe":
        os.mkfifo(folder / filename)
    else:
        (folder / filename).symlink_to(filename if target == "itself" else target)
    with pytest.raises(ModelError, match=filename):
        read_card(folder) if filename == CARD else read_tensors(folder, filename, card)
