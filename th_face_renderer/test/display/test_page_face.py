"""The file that a page draws codes with: whole, the same for the same face, another for another."""

import json
import struct

import numpy as np
from safetensors.numpy import load

from th_face_renderer.display.page_face import FORMAT, page_face
from th_face_renderer.mesh import double_areas
from th_face_renderer.testing import synthetic_model

MODEL = synthetic_model(side=64)


def test_the_file_holds_the_model_ready_to_draw() -> None:
    face = page_face(MODEL, model_id="me", feather=2.0)
    length = struct.unpack("<Q", face.data[:8])[0]
    about = json.loads(json.loads(face.data[8 : 8 + length])["__metadata__"]["page"])
    assert (about["format"], about["face"], about["feather"]) == (FORMAT, "me", 2.0)
    tensors = load(face.data)
    for name, tensor in MODEL.to_tensors().items():
        if name != "triangles":
            np.testing.assert_array_equal(tensors[name], tensor)
    assert (double_areas(MODEL.reference[tensors["triangles"]].astype(float)) >= 0).all()
    assert {tuple(sorted(t)) for t in tensors["triangles"]} == {tuple(sorted(t)) for t in MODEL.triangles}
    assert 0 < tensors["page.lively"][0] <= len(MODEL.triangles)
    corners = MODEL.shape_mean[tensors["page.rim"]]
    assert np.isin(corners, (0, 63)).any(axis=2).all()  # a portrait's outline is its border


def test_the_same_face_is_the_same_file_and_another_has_another_name() -> None:
    first, again = page_face(MODEL, model_id="me"), page_face(MODEL, model_id="me")
    other = page_face(MODEL, model_id="another")
    assert (first.data, first.name, first.tag) == (again.data, again.name, again.tag)
    assert first.name != other.name
    assert first.tag != other.tag
    assert 0 <= first.tag < 1 << 32
