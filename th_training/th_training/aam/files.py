"""Faces in files: a model folder, or the .safetensors file that `th aam build` writes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from th_common.errors import ModelError
from th_common.model_folder import MAX_TENSOR_BYTES
from th_face_renderer.face_model import FaceModel
from th_face_renderer.face_model import load as load_folder
from th_training.tiles import make_folder
from th_training.whole import replacing, sweep


def read_face(path: Path) -> FaceModel:
    """The face of a model folder (checked against its card), or of a file.

    Raises ModelError, naming the file, where it is missing, truncated, holds NaN, or its tensors do not fit each other.
    """
    if path.is_dir():
        return load_folder(path)[0]
    try:
        if path.stat().st_size > MAX_TENSOR_BYTES:
            raise ModelError(f"{path}: larger than {MAX_TENSOR_BYTES} bytes, not a face")
        tensors = load(path.read_bytes())
    except FileNotFoundError:
        raise ModelError(f"{path}: no such face") from None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: not a face, or truncated ({error})") from error
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise ModelError(f"{path}: tensor {name!r} holds NaN or infinity")
    return FaceModel.from_tensors(tensors, source=os.fspath(path))


def write_face(path: Path, model: FaceModel) -> None:
    """Write a face as .safetensors; it appears whole or not at all. Raises InputError where it cannot be written."""
    data = save({name: np.ascontiguousarray(tensor) for name, tensor in sorted(model.to_tensors().items())})
    make_folder(path.parent)
    sweep(path.parent)
    with replacing(path) as partial:
        partial.write_bytes(data)
