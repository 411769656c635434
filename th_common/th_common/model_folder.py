"""A face model is one folder: card.json beside safetensors files, verified by SHA-256, nothing executed.

models/default/card.json              name, id, profile, lookahead, licence, expressions, figures of the training
models/default/face.safetensors       active appearance model (its SHA-256 is the model's id)
models/default/predictor.safetensors  network, and statistics that standardise features and codes
models/default/blendshapes.safetensors  from codes to ARKit's blendshapes; not every model has it
models/default/expression.safetensors   what predicted codes express (th_face_renderer.readout); not every model has it
models/default/voices.safetensors     what voices it was trained on (th_face_predictor.known_voices); a model may lack it
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as _load_tensors
from safetensors.numpy import save as _save_tensors

from th_common.errors import ModelError

FORMAT = "talking-head-face/1"
CARD = "card.json"
FACE = "face.safetensors"
PREDICTOR = "predictor.safetensors"
BLENDSHAPES = "blendshapes.safetensors"
EXPRESSION = "expression.safetensors"
VOICES = "voices.safetensors"
MAX_CARD_BYTES = 1 << 20
MAX_TENSOR_BYTES = 256 << 20

_FAR = 1e6  # no code is that far, nor is NaN nearer

Tensors = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What card.json says of a face model.

    `id` is the SHA-256 (hex) of face.safetensors: codes carry it, and only a renderer with the same face draws them.
    `lookahead` is the predictor's right context in frames, None for the whole utterance.
    `expressions`: the code of the face that shows one and is silent, by name; none where a model has none.
    """

    name: str
    id: str
    fps: int
    profile: str
    shape: int
    appearance: int
    lookahead: int | None
    licence: str
    network: Mapping[str, Any]
    files: Mapping[str, str]
    training: Mapping[str, Any] = field(default_factory=dict)
    expressions: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def dimensions(self) -> int:
        """Length of a facial code: shape and appearance parameters together."""
        return self.shape + self.appearance


def read_card(folder: str | os.PathLike[str]) -> Card:
    """Read and check card.json of a model folder.

    Raises:
        ModelError: the folder or card is missing, is not JSON, or lacks or mistypes a field (named in the text).
    """
    path = Path(folder) / CARD
    if not Path(folder).is_dir():
        raise ModelError(f"model folder {os.fspath(folder)!r} does not exist")
    data = _read(path, MAX_CARD_BYTES, missing=f"{os.fspath(folder)!r} is not a face model")
    try:
        raw = json.loads(data.decode())
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or a number of thousands of digits
        raise ModelError(f"{path}: not a readable model card ({error})") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        found = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
        raise ModelError(f"{path}: format is {found!r}, this software reads {FORMAT!r}")
    code = _field(path, raw, "code", dict)
    lookahead = raw.get("lookahead")
    if lookahead is not None and (type(lookahead) is not int or lookahead < 0):
        raise ModelError(f"{path}: lookahead must be frames >= 0 or null, not {lookahead!r}")
    card = Card(
        name=_field(path, raw, "name", str),
        id=_field(path, raw, "id", str),
        fps=_field(path, raw, "fps", int),
        profile=_field(path, raw, "profile", str),
        shape=_field(path, code, "shape", int),
        appearance=_field(path, code, "appearance", int),
        lookahead=lookahead,
        licence=_field(path, raw, "licence", str),
        network=_field(path, raw, "network", dict),
        files=_field(path, raw, "files", dict),
        training=_field(path, raw, "training", dict),
        expressions=raw.get("expressions", {}),
    )
    if card.fps != 60:
        raise ModelError(f"{path}: fps is {card.fps}, this software speaks 60 frames per second")
    if not (0 < card.shape <= 64 and 0 < card.appearance <= 64):
        raise ModelError(f"{path}: code of {card.shape} + {card.appearance} dimensions is out of range 1..64")
    _check_expressions(path, card.expressions, card.dimensions)
    return card


def add_expressions(folder: str | os.PathLike[str], expressions: Mapping[str, Sequence[float]]) -> Card:
    """Write codes of expressions into the card of a model folder, in place of those there; all else, ids too, stays as it is.

    Raises:
        ModelError: the folder is no face model, or the expressions are not codes of it.
    """
    card, path = read_card(folder), Path(folder) / CARD
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["expressions"] = _rounded(expressions)
    _check_expressions(path, raw["expressions"], card.dimensions)
    try:
        _replace(path, _text(raw))
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror or error})") from error
    return read_card(folder)


def add_tensors(folder: str | os.PathLike[str], filename: str, tensors: Tensors) -> Card:
    """Write one more safetensors file into a model folder, and its SHA-256 into the card; all else, ids too, stays as it is.

    Raises:
        ModelError: the folder is no face model, or cannot be written, or the file is one of those that every model has.
    """
    card, path = read_card(folder), Path(folder) / CARD
    if filename in (FACE, PREDICTOR, CARD):
        raise ModelError(f"{path}: {filename} is not to be replaced")
    raw = json.loads(path.read_text(encoding="utf-8"))
    data = _save_tensors({k: np.ascontiguousarray(v) for k, v in sorted(tensors.items())})
    raw["files"] = {**card.files, filename: hashlib.sha256(data).hexdigest()}
    try:
        _replace(Path(folder) / filename, data)
        _replace(path, _text(raw))
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror or error})") from error
    return read_card(folder)


def read_tensors(folder: str | os.PathLike[str], filename: str, card: Card) -> Tensors:
    """Read one safetensors file of a model folder, verified against the card's SHA-256.

    Raises:
        ModelError: the file is missing, truncated, not the one that the card names, or holds NaN or infinity.
    """
    path = Path(folder) / filename
    wanted = card.files.get(filename)
    if not isinstance(wanted, str):
        raise ModelError(f"{Path(folder) / CARD}: names no SHA-256 for {filename}")
    data = _read(path, MAX_TENSOR_BYTES, missing="the model folder is not complete")
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        raise ModelError(
            f"{path}: SHA-256 {found[:12]}... is not the card's {wanted[:12]}...: truncated, changed, or of another model"
        )
    try:
        tensors = _load_tensors(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: not a safetensors file ({error})") from error
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise ModelError(f"{path}: tensor {name!r} holds NaN or infinity")
    return tensors


def require(tensors: Tensors, name: str, shape: tuple[int | None, ...], *, source: str) -> np.ndarray:
    """Return a tensor, its shape checked; None in `shape` accepts any length.

    Raises:
        ModelError: the tensor is missing or has another shape; the text names both.
    """
    if name not in tensors:
        raise ModelError(f"{source}: tensor {name!r} is missing")
    tensor = tensors[name]
    fits = len(tensor.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(tensor.shape, shape, strict=True)
    )
    if not fits:
        raise ModelError(f"{source}: tensor {name!r} has shape {tensor.shape}, expected {shape}")
    return tensor


def write_model(
    folder: str | os.PathLike[str],
    *,
    name: str,
    profile: str,
    shape: int,
    appearance: int,
    lookahead: int | None,
    licence: str,
    network: Mapping[str, Any],
    training: Mapping[str, Any],
    face: Tensors,
    predictor: Tensors,
    expressions: Mapping[str, Sequence[float]] | None = None,
) -> Card:
    """Write a whole model folder; the card goes last, so that a kill leaves no card without its files."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    files = {}
    for filename, tensors in ((FACE, face), (PREDICTOR, predictor)):
        data = _save_tensors({k: np.ascontiguousarray(v) for k, v in sorted(tensors.items())})
        _replace(target / filename, data)
        files[filename] = hashlib.sha256(data).hexdigest()
    card = Card(
        name=name,
        id=files[FACE],
        fps=60,
        profile=profile,
        shape=shape,
        appearance=appearance,
        lookahead=lookahead,
        licence=licence,
        network=dict(network),
        files=files,
        training=dict(training),
        expressions=_rounded(expressions or {}),
    )
    _check_expressions(target / CARD, card.expressions, card.dimensions)
    fields = asdict(card)
    fields["code"] = {"shape": fields.pop("shape"), "appearance": fields.pop("appearance")}
    if not card.expressions:
        del fields["expressions"]
    _replace(target / CARD, _text({"format": FORMAT, **fields}))
    return card


def _read(path: Path, limit: int, *, missing: str) -> bytes:
    """A file's bytes, read once: what is verified is what is used. Never more than `limit`, nor from what may never end (pipes, devices)."""
    try:
        if path.exists() and not path.is_file():
            raise ModelError(f"{path}: not a file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file, {missing}") from None
    except OSError as error:
        raise ModelError(f"{path}: not readable ({error})") from error
    if len(data) > limit:
        raise ModelError(f"{path}: larger than {limit} bytes")
    return data


def _text(raw: Mapping[str, Any]) -> bytes:
    text = json.dumps(raw, indent=2, ensure_ascii=False)
    # A code is one line.
    text = re.sub(r"\[\s+([-\d.,e\s]+?)\s+\]", lambda found: "[" + " ".join(found[1].split()) + "]", text)
    return (text + "\n").encode()


def _rounded(expressions: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    return {name: [round(float(number), 4) for number in code] for name, code in expressions.items()}


def _check_expressions(path: Path, expressions: object, dimensions: int) -> None:
    if not isinstance(expressions, dict):
        raise ModelError(f"{path}: field 'expressions' must be dict, not {type(expressions).__name__}")
    for name, code in expressions.items():
        numbers = isinstance(code, list) and all(type(n) in (int, float) and abs(n) < _FAR for n in code)
        if not numbers or len(code) != dimensions:
            raise ModelError(f"{path}: expression {name!r} must be {dimensions} numbers, a code of this face")


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    os.replace(partial, path)


def _field(path: Path, raw: Mapping[str, Any], name: str, kind: type) -> Any:
    value = raw.get(name)
    if type(value) is not kind:
        raise ModelError(f"{path}: field {name!r} must be {kind.__name__}, not {value!r}")
    return value
