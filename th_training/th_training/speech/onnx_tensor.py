"""Open an ONNX model with one of its inner tensors as a further output: where a voice keeps the durations of its phones.

A protobuf message may come in pieces that are merged when read, so that `graph { output { name } }` appended to the file's
bytes declares the output; the onnx package is not needed for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

_GRAPH, _OUTPUT, _NAME = (
    7,
    12,
    1,
)  # field numbers in onnx.proto: ModelProto.graph, GraphProto.output, ValueInfoProto.name


def _field(number: int, payload: bytes) -> bytes:
    length, size = len(payload), b""
    while True:
        low, length = length & 0x7F, length >> 7
        size += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([number << 3 | 2]) + size + payload


def session_with(path: str | Path, tensor: str) -> onnxruntime.InferenceSession:
    """A session of one thread whose last output is `tensor`."""
    import onnxruntime

    declared = _field(_GRAPH, _field(_OUTPUT, _field(_NAME, tensor.encode())))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = Path(path).read_bytes() + declared
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
