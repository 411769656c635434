"""Curves as other programs read them: read back here from their bytes alone."""

from __future__ import annotations

import csv
import io
import json
import struct
from typing import Any

import numpy as np
import pytest

from th_face_renderer.blendshapes import ARKIT
from th_face_renderer.testing import synthetic_model
from th_training.actor.head import Head
from th_training.actor.units import pair
from th_training.export.bvh import WIDEST, jaw_angles, jaw_bvh
from th_training.export.gltf import Mesh, speaking_head
from th_training.export.head import head_mesh
from th_training.export.tables import landmarks_csv, live_link_csv, timecode, weights_json


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(0).random((130, 52)).astype(np.float32)


def test_live_link_face(weights: np.ndarray) -> None:
    header, *rows = csv.reader(io.StringIO(live_link_csv(weights, 60)))
    assert header[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[53:57] == ["TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"]
    assert len(header) == 63
    assert {len(row) for row in rows} == {63}
    assert rows[0][:2] == ["00:00:00:00.000", "61"]
    assert rows[129][0] == "00:00:02:09.000"
    np.testing.assert_allclose(np.array([row[2:54] for row in rows], float), weights, atol=1e-9)
    assert timecode(60 * 3661 + 7, 60) == "01:01:01:07.000"


def test_audio2face(weights: np.ndarray) -> None:
    fields = json.loads(weights_json(weights, 60, "hello"))
    assert (fields["exportFps"], fields["numPoses"], fields["numFrames"]) == (60, 52, 130)
    assert fields["facsNames"] == list(ARKIT)
    np.testing.assert_allclose(fields["weightMat"], weights, atol=1e-6)


def test_landmarks() -> None:
    points = np.random.default_rng(0).random((3, 68, 2)) * 500
    header, *rows = csv.reader(io.StringIO(landmarks_csv(points, 60)))
    assert header[:4] == ["frame", "time", "x0", "y0"]
    assert header[-1] == "y67"
    table = np.array(rows, float)
    np.testing.assert_allclose(table[:, 1], [0, 1 / 60, 2 / 60], atol=1e-6)
    np.testing.assert_allclose(table[:, 2:].reshape(3, 68, 2), points, atol=1e-3)


def test_a_jaw() -> None:
    model = synthetic_model(side=256)
    rest = model.shape_mean[:68]
    points = np.stack([rest + step * model.shape_modes[0][:68] for step in (-1.0, 0.0, 1.0, 2.0, 99.0)])
    angles = jaw_angles(points, rest)
    assert angles[0] == angles[1] == 0.0
    assert 0.0 < angles[2] < angles[3] < np.radians(20)
    assert angles[4] == pytest.approx(WIDEST)
    bone = np.array([np.cos(angles[2]), np.sin(angles[2])]) * 0.63 * np.ptp(rest[:17, 0])
    assert bone[1] == pytest.approx(points[2][8, 1] - rest[8, 1], abs=1e-3), "the bone's end moves as the chin does"
    head, motion = jaw_bvh(angles, 60).split("MOTION\n")
    assert head.startswith("HIERARCHY\nROOT Head\n")
    assert head.count("{") == head.count("}") == 3
    frames, time, *rows = motion.splitlines()
    assert (frames, float(time.split(":")[1])) == ("Frames: 5", pytest.approx(1 / 60, abs=1e-8))
    values = np.array([row.split() for row in rows], float)
    assert values.shape == (5, 9)
    np.testing.assert_allclose(values[:, 7], np.degrees(angles), atol=1e-4)


class Glb:
    """Just enough of a reader."""

    def __init__(self, data: bytes) -> None:
        magic, version, length, size, kind = struct.unpack_from("<4sIII4s", data)
        assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON")
        self.json: dict[str, Any] = json.loads(data[20 : 20 + size])
        binary, kind = struct.unpack_from("<I4s", data, 20 + size)
        assert kind == b"BIN\0"
        self.binary = data[28 + size :]
        assert len(self.binary) == binary == self.json["buffers"][0]["byteLength"]

    def view(self, number: int, kind: int) -> np.ndarray:
        view = self.json["bufferViews"][number]
        assert view["byteOffset"] % 4 == 0
        types = {5126: "<f4", 5125: "<u4", 5121: "u1"}
        return np.frombuffer(self.binary[view["byteOffset"] :][: view["byteLength"]], types[kind])

    def array(self, number: int) -> np.ndarray:
        about = self.json["accessors"][number]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[about["type"]]
        if "sparse" in about:
            found = np.zeros((about["count"], width), np.float32)
            sparse = about["sparse"]
            kept = self.view(sparse["indices"]["bufferView"], sparse["indices"]["componentType"])
            assert (np.diff(kept.astype(int)) > 0).all()
            assert len(kept) == sparse["count"]
            found[kept] = self.view(sparse["values"]["bufferView"], 5126).reshape(-1, 3)
        else:
            found = self.view(about["bufferView"], about["componentType"]).reshape(about["count"], width)
        if "min" in about:
            np.testing.assert_allclose(found.min(0), about["min"])
            np.testing.assert_allclose(found.max(0), about["max"])
        return found


def test_a_head_that_speaks(weights: np.ndarray) -> None:
    """The file alone gives the vertices of the actor's own head in the pose of a frame."""
    head = Head()
    file = Glb(speaking_head(head_mesh(head), weights, 60, name="hello"))
    mesh = file.json["meshes"][0]
    primitive = mesh["primitives"][0]
    assert mesh["extras"]["targetNames"] == list(ARKIT)
    base = file.array(primitive["attributes"]["POSITION"])
    triangles = file.array(primitive["indices"])
    assert triangles.max() == len(base) - 1
    assert len(file.array(primitive["attributes"]["COLOR_0"])) == len(base)
    np.testing.assert_allclose(np.linalg.norm(file.array(primitive["attributes"]["NORMAL"]), axis=1), 1, atol=1e-3)
    sampler = file.json["animations"][0]["samplers"][0]
    times, curves = file.array(sampler["input"])[:, 0], file.array(sampler["output"]).reshape(-1, 52)
    np.testing.assert_allclose(times, np.arange(130) / 60, atol=1e-6)
    np.testing.assert_array_equal(curves, weights)

    frame = dict.fromkeys(ARKIT, 0.0) | pair(jawOpen=0.5, mouthSmile=0.7, eyeBlink=1.0)
    posed = base + sum(
        weight * file.array(target["POSITION"])
        for weight, target in zip((frame[name] for name in ARKIT), primitive["targets"], strict=True)
    )
    wanted = head.vertices({k: v for k, v in frame.items() if v}) / 100
    distance = np.abs(
        np.sort(posed, 0) - np.sort(wanted[np.unique(head.triangles[: 2 * np.sum(head.material != 8)])], 0)
    )
    assert distance.max() < 5e-4, "m; what moves less than 0.05 mm is left out of a target"


def test_a_target_that_moves_nothing_is_still_a_target() -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    mesh = Mesh(corners, corners, np.zeros((3, 4)), np.array([[0, 1, 2]]), np.zeros((1, 3, 3)), ("nothing",))
    file = Glb(speaking_head(mesh, np.zeros((2, 1)), 60))
    assert not file.array(file.json["meshes"][0]["primitives"][0]["targets"][0]["POSITION"]).any()
