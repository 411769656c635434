"""A head that speaks as one glTF 2.0 file (.glb): mesh, the 52 blendshapes as named morph targets, an animation of their weights."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

_KINDS = {"f": 5126, "u1": 5121, "u2": 5123, "u4": 5125}  # glTF's component types
_WIDTHS = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}
_VERTICES, _INDICES = 34962, 34963  # buffer view targets
_STILL = 5e-5  # m: a vertex that a target moves less is left out of it


@dataclass(frozen=True)
class Mesh:
    """`vertices` (N, 3) m, y up, z to the viewer; `normals` (N, 3); `colours` (N, 4) u8; `triangles` (M, 3); `targets` (K, N, 3) m by
    what each weight moves the vertices, named by `names`."""

    vertices: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    triangles: np.ndarray
    targets: np.ndarray
    names: tuple[str, ...]


class _Buffer:
    """The binary part, and the accessors that say what lies where."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, array: np.ndarray, target: int | None = None) -> int:
        self.data += bytes(-len(self.data) % 4)
        raw = np.ascontiguousarray(array).tobytes()
        described: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw)}
        if target is not None:
            described["target"] = target
        self.data += raw
        self.views.append(described)
        return len(self.views) - 1

    def accessor(self, array: np.ndarray, target: int | None = None, *, bounds: bool = False, **more: Any) -> int:
        described = _described(array, bounds) | {"bufferView": self.view(array, target)} | more
        self.accessors.append(described)
        return len(self.accessors) - 1

    def moved(self, target: np.ndarray) -> int:
        """(N, 3) of which most is 0, as a sparse accessor."""
        target = target.astype("<f4")
        kept = np.flatnonzero(np.abs(target).max(1) > _STILL)
        kept = kept if len(kept) else np.array([0])  # an empty one is not allowed
        sparse = {
            "count": len(kept),
            "indices": {"bufferView": self.view(kept.astype("<u4")), "componentType": _KINDS["u4"]},
            "values": {"bufferView": self.view(target[kept])},
        }
        said = np.zeros_like(target)
        said[kept] = target[kept]
        self.accessors.append(_described(said, bounds=True) | {"sparse": sparse})
        return len(self.accessors) - 1


def speaking_head(mesh: Mesh, weights: np.ndarray, fps: int, *, name: str = "head", licence: str = "") -> bytes:
    """The file: `weights` (T, K) in 0..1, one row per 1/fps s, T > 0."""
    buffer = _Buffer()
    primitive = {
        "attributes": {
            "POSITION": buffer.accessor(mesh.vertices.astype("<f4"), _VERTICES, bounds=True),
            "NORMAL": buffer.accessor(mesh.normals.astype("<f4"), _VERTICES),
            "COLOR_0": buffer.accessor(mesh.colours.astype("u1"), _VERTICES, normalized=True),
        },
        "indices": buffer.accessor(mesh.triangles.astype("<u4").ravel(), _INDICES),
        "material": 0,
        "targets": [{"POSITION": buffer.moved(target)} for target in mesh.targets],
    }
    times = buffer.accessor((np.arange(len(weights)) / fps).astype("<f4"), bounds=True)
    curves = buffer.accessor(np.ascontiguousarray(weights, "<f4").ravel())
    still = [0.0] * len(mesh.names)
    asset = {"version": "2.0", "generator": "talking head, th export"}
    described = {
        "asset": asset | ({"copyright": licence} if licence else {}),
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": name}],
        "meshes": [
            {"name": name, "primitives": [primitive], "weights": still, "extras": {"targetNames": list(mesh.names)}}
        ],
        "materials": [{"name": "face", "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.7}}],
        "animations": [
            {
                "name": "speech",
                "samplers": [{"input": times, "output": curves, "interpolation": "LINEAR"}],
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "weights"}}],
            }
        ],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.data) + -len(buffer.data) % 4}],
    }
    return _packed(json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode(), bytes(buffer.data))


def _described(array: np.ndarray, bounds: bool) -> dict[str, Any]:
    kind = "f" if array.dtype.kind == "f" else f"{array.dtype.kind}{array.dtype.itemsize}"
    width = array.shape[1] if array.ndim == 2 else 1
    described: dict[str, Any] = {"componentType": _KINDS[kind], "count": len(array), "type": _WIDTHS[width]}
    if bounds:
        table = array.reshape(len(array), width)
        described |= {"min": table.min(0).tolist(), "max": table.max(0).tolist()}
    return described


def _packed(text: bytes, data: bytes) -> bytes:
    """The two chunks of a .glb, each filled up to four bytes."""
    text += b" " * (-len(text) % 4)
    data += bytes(-len(data) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
