"""`th export`: from a sound, an array or a bag to files, and what is said where that cannot be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from th_audio_io.sources import example_path
from th_common.errors import InputError
from th_common.model_folder import BLENDSHAPES, CARD, add_tensors, read_card
from th_face_predictor.architecture import Architecture
from th_face_renderer.blendshapes import monomials
from th_face_renderer.testing import synthetic_face
from th_training import cli
from th_training.export.animation import FILES, export_animation
from th_training.export.sequence import read_codes, regular


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A face that knows blendshapes; it has no predictor to speak of."""
    synthetic_face(tmp_path / "model", side=64, network=Architecture(name="BBF", units=8).to_card())
    coefficients = np.random.default_rng(0).normal(0, 0.1, (monomials(16), 52)).astype(np.float32)
    add_tensors(tmp_path / "model", BLENDSHAPES, {"coefficients": coefficients})
    return tmp_path / "model"


@pytest.fixture
def codes(tmp_path: Path) -> Path:
    np.save(tmp_path / "codes.npy", np.random.default_rng(1).normal(0, 1, (30, 16)).astype(np.float32))
    return tmp_path / "codes.npy"


def test_a_sound_becomes_curves(tmp_path: Path) -> None:
    sound, rate = soundfile.read(example_path())
    soundfile.write(tmp_path / "hello.wav", sound[: rate // 2], rate)
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", str(tmp_path / "hello.wav"), str(tmp_path / "out" / "face.json")])
    assert stop.value.code == 0
    fields = json.loads((tmp_path / "out" / "face.json").read_text())
    assert fields["trackPath"] == "hello"
    assert 28 <= fields["numFrames"] <= 31
    assert np.ptp(np.array(fields["weightMat"]), axis=0).max() > 0.02


def test_all_formats_of_an_array(model: Path, codes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, files, left_out = export_animation(
        codes, tmp_path / "out", model=model, formats=["bvh", "landmarks", "arkit-csv"]
    )
    assert [file.name for file in files] == ["jaw.bvh", "landmarks.csv", "arkit.csv"]
    assert not left_out
    assert all(file.stat().st_size > 1000 for file in files)
    assert found.weights.shape == (31, 52)
    np.testing.assert_array_equal(found.codes[1:], np.load(codes))
    np.testing.assert_array_equal(found.codes[0], found.codes[1])


def test_a_model_without_blendshapes_gives_what_it_can(model: Path, codes: Path, tmp_path: Path) -> None:
    raw = json.loads((model / CARD).read_text())
    del raw["files"][BLENDSHAPES]
    (model / CARD).write_text(json.dumps(raw))
    _, files, left_out = export_animation(codes, tmp_path / "out", model=model)
    assert sorted(file.name for file in files) == ["jaw.bvh", "landmarks.csv"]
    assert left_out == ["arkit-csv", "arkit-json", "glb"]
    with pytest.raises(InputError, match="knows nothing of blendshapes"):
        export_animation(codes, tmp_path / "face.glb", model=model)


def test_what_cannot_be_exported(model: Path, codes: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", faces=np.zeros(3))
    np.save(tmp_path / "narrow.npy", np.zeros((4, 8)))
    np.save(tmp_path / "nan.npy", np.full((4, 16), np.nan))
    np.save(tmp_path / "objects.npy", np.array([None, {}]), allow_pickle=True)
    (tmp_path / "text.npy").write_text("no array")
    for name, words in (
        ("other.npz", "no array named codes"),
        ("narrow.npy", r"\(4, 8\) are not \(frames, 16\)"),
        ("nan.npy", "NaN or infinite"),
        ("objects.npy", "cannot be read"),
        ("text.npy", "cannot be read"),
        ("none.npy", "there is no sound file"),
    ):
        with pytest.raises(InputError, match=words):
            export_animation(tmp_path / name, tmp_path / "out", model=model)
    with pytest.raises(InputError, match="there is no format 'fbx'"):
        export_animation(codes, tmp_path / "out", model=model, formats=["fbx"])
    with pytest.raises(InputError, match="name a folder for 2 formats"):
        export_animation(codes, tmp_path / "out.csv", model=model, formats=["bvh", "landmarks"])
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        export_animation(codes, tmp_path / "file" / "face.bvh", model=model)
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", str(tmp_path), str(tmp_path / "out"), "--face", str(model)])
    assert stop.value.code == 1, "no finished training"


def test_codes_at_any_times_become_60_per_second_and_gaps_are_spent_at_rest() -> None:
    stamps = 100 + np.arange(120) / 60
    codes = np.sin(np.arange(120) / 10)[:, None] * np.ones(16)
    kept = np.r_[0:40, 41:60, 100:120]
    shuffled = np.random.default_rng(0).permutation(np.r_[kept, kept[:5]])
    found = regular(stamps[shuffled], codes[shuffled], np.full(16, 5.0))
    assert found.shape == (120, 16)
    np.testing.assert_allclose(found[:40], codes[:40], atol=1e-4)
    np.testing.assert_allclose(found[40], (codes[39] + codes[41]) / 2, atol=1e-4)
    np.testing.assert_allclose(found[70:92], 5.0, atol=1e-4)
    np.testing.assert_allclose(found[100:], codes[100:], atol=1e-4)
    with pytest.raises(InputError, match="s apart: not one recording"):
        regular(np.array([0.0, 1e9]), codes[:2], codes[0])


def test_a_bag(model: Path, tmp_path: Path) -> None:
    reader = pytest.importorskip("th_audio_io.bag_reader", reason="bags are not read here")
    assert reader.BagReader
    pytest.importorskip("rosbags.rosbag2", reason="bags need the Python package rosbags")
    from rosbags.rosbag2 import StoragePlugin, Writer

    from th_audio_io.bag_types import typestore

    store, card = typestore(), read_card(model)
    types = store.types
    codes = np.random.default_rng(2).normal(0, 1, (40, 16)).astype(np.float32)
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        connection = bag.add_connection("/robot/face/code", "th_msgs/msg/FacialCode", typestore=store)
        for frame, code in enumerate(codes):
            stamp = types["builtin_interfaces/msg/Time"](sec=50, nanosec=round(frame * 1e9 / 60))
            message = types["th_msgs/msg/FacialCode"](
                header=types["std_msgs/msg/Header"](stamp=stamp, frame_id=""),
                frame=frame,
                after_stop=0,
                present_at=stamp,
                shape=code[:8],
                appearance=code[8:],
                face_model=card.id,
                timing=types["th_msgs/msg/Timing"](captured=0.0, needed=0.0, heard=0.0, features=0.0, predicted=0.0),
            )
            bag.write(connection, frame, store.serialize_cdr(message, "th_msgs/msg/FacialCode"))
    np.testing.assert_allclose(read_codes(tmp_path / "bag", model), codes, atol=1e-3)
    with pytest.raises(InputError, match="no facial codes on a topic that ends in mouth"):
        read_codes(tmp_path / "bag", model, topic="mouth")
    other = tmp_path / "other"
    shutil.copytree(model, other)
    synthetic_face(other, side=64, seed=7)
    with pytest.raises(InputError, match="holds codes of the face"):
        read_codes(tmp_path / "bag", other)


def test_formats_are_files() -> None:
    assert len(set(FILES.values())) == len(FILES)
