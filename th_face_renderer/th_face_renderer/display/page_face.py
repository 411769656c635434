"""The face as the page gets it: one file from which the browser's graphics card draws codes as FaceDecoder does.

A safetensors file: the tensors of face.safetensors (8-bit modes), with the triangles in the order in which they are drawn,
and what depends on the mesh alone. Its metadata names the face and the constants of its mouth and eyes.

triangles (T, 3): turned to their front, those that can change first. page.lively (1,): how many these are.
page.rim (E, 2): the mesh's outline, its inside on the right. page.nudge (P, 2): steps of -1, 0, 1 away from the mesh.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import save

from th_face_renderer.decoder import FEATHER
from th_face_renderer.eyes import EYE_CONSTANTS
from th_face_renderer.face_model import MOUTH_CONSTANTS, FaceModel
from th_face_renderer.lips import ROWS
from th_face_renderer.mesh import outline, outwards
from th_face_renderer.stage import Stage
from th_face_renderer.texture import active_texels

FORMAT = "talking-head-page/3"


@dataclass(frozen=True)
class PageFace:
    """The file, and names for it that change with every bit of it."""

    data: bytes
    digest: str

    @property
    def name(self) -> str:
        """The file's name on the page's server."""
        return f"face-{self.digest[:16]}.bin"

    @property
    def tag(self) -> int:
        """32 bits that every code on the page's wire carries: a page that has another face drops it."""
        return int(self.digest[:8], 16)


def page_face(model: FaceModel, *, model_id: str, feather: float = FEATHER) -> PageFace:
    """What a page needs to draw `model`, its outline softened over `feather` px as FaceDecoder does."""
    stage = Stage(model, model.canvas, active=active_texels(model))
    order = np.concatenate([np.flatnonzero(stage.lively), np.flatnonzero(~stage.lively)])
    rim = outline(stage.triangles)
    tensors = {
        **model.to_tensors(quantise=True),
        "triangles": stage.triangles[order].astype(np.int32),
        "page.lively": np.array([stage.lively.sum()], np.int32),
        "page.rim": rim.astype(np.int32),
        "page.nudge": outwards(stage.mean, rim),
    }
    eyes = {f"eye_{name}": value for name, value in EYE_CONSTANTS.items()}
    about = {"format": FORMAT, "face": model_id, **MOUTH_CONSTANTS, **eyes, "feather": float(feather), "lip_rows": ROWS}
    # One entry, because safetensors writes several in any order, and the same face must give the same file.
    metadata = {"page": json.dumps(about)}
    data = save({name: np.ascontiguousarray(tensor) for name, tensor in sorted(tensors.items())}, metadata)
    return PageFace(data, hashlib.sha256(data).hexdigest())
