"""Model folders from strangers: the card, and safetensors files whose hashes are right all the same.

A stranger who writes a model writes its hashes, too, so that behind them nothing may be trusted. What loads is drawn and run once: past
the checks stands a kernel in C.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from fuzz.target import Target, scratch
from th_common.model_folder import CARD, FACE, PREDICTOR, read_card
from th_face_predictor.architecture import Architecture
from th_face_predictor.predictor import load_predictor
from th_face_renderer.decoder import load_face
from th_face_renderer.testing import synthetic_face

FILLED = 1 << 20  # bytes of tensors that a header may ask for
NETWORK = {"name": "BBF", "units": 4, "inputs": 40, "outputs": 16}


@cache
def _folder() -> Path:
    """A small model that is whole."""
    folder = scratch("model")
    architecture = Architecture.from_card(NETWORK)
    rng = np.random.default_rng(0)
    tensors = {f"net.{k}": rng.normal(0, 0.3, s).astype(np.float32) for k, s in architecture.tensor_shapes().items()}
    for name, size in (("feature", 40), ("code", 16)):
        tensors |= {f"{name}.mean": np.zeros(size, np.float32), f"{name}.sd": np.ones(size, np.float32)}
    synthetic_face(folder, side=32, network=NETWORK, predictor=tensors)
    return folder


def run_card(data: bytes) -> str:
    """Read a card, and the network that it describes."""
    (_card_folder() / CARD).write_bytes(data)
    card = read_card(_card_folder())
    assert 0 < card.shape <= 64
    assert 0 < card.appearance <= 64
    assert all(np.isfinite(code).all() and len(code) == card.dimensions for code in card.expressions.values())
    Architecture.from_card(card.network)
    return "card read"


@cache
def _card_folder() -> Path:
    return scratch("card")


def _card_seeds() -> list[bytes]:
    whole = json.loads((_folder() / CARD).read_text())
    return [
        (_folder() / CARD).read_bytes(),
        json.dumps(whole | {"lookahead": None, "expressions": {"happy": [0.5] * 16, "sad": [0] * 16}}).encode(),
    ]


def with_tensors(filename: str, data: bytes) -> Path:
    """A folder like the whole one but for one file, the card's hashes and id set to what it now is.

    First byte `h`: the rest is the header, which gets its length, and as many of the whole file's bytes as it asks for; else it is the file.
    """
    source, folder = _folder(), _tensor_folder(filename)
    if data[:1] == b"h":
        whole = (source / filename).read_bytes()
        begin = 8 + struct.unpack_from("<Q", whole)[0]
        data = struct.pack("<Q", len(data) - 1) + data[1:] + _filling(whole[begin:], data[1:])
    else:
        data = data[1:]
    card = json.loads((source / CARD).read_text())
    for name in (FACE, PREDICTOR):
        content = data if name == filename else (source / name).read_bytes()
        (folder / name).write_bytes(content)
        card["files"][name] = hashlib.sha256(content).hexdigest()
    card["id"] = card["files"][FACE]
    (folder / CARD).write_text(json.dumps(card))
    return folder


@cache
def _tensor_folder(filename: str) -> Path:
    return scratch(filename.split(".")[0])


def _filling(whole: bytes, header: bytes) -> bytes:
    try:
        ends = [int(tensor["data_offsets"][1]) for name, tensor in json.loads(header).items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        return whole
    size = min(max(ends, default=0), FILLED)
    return (whole * (size // max(1, len(whole)) + 1))[: max(0, size)]


def run_face(data: bytes) -> str:
    """Load a face; draw one that loads, at rest and open, by the kernel and without it."""
    decoder = load_face(with_tensors(FACE, data))
    for code in (decoder.rest_code, np.linspace(-4, 4, len(decoder.rest_code), dtype=np.float32)):
        assert np.isfinite(decoder.landmarks(code)).all()
        picture = decoder.render(code, (24, 40))
        assert picture.shape == (24, 40, 3)
        assert picture.dtype == np.uint8
    return "face drawn"


def run_predictor(data: bytes) -> str:
    """Load a predictor; run one that loads."""
    codes = load_predictor(with_tensors(PREDICTOR, data)).predict(np.zeros((12, 40), np.float32))
    assert codes.shape == (12, 16)
    assert codes.dtype == np.float32
    return "predictor run" if np.isfinite(codes).all() else "predictor run, codes not finite"


def _tensor_seeds(filename: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        whole = (_folder() / filename).read_bytes()
        size = struct.unpack_from("<Q", whole)[0]
        return [b"h" + whole[8 : 8 + size], b"f" + whole]

    return seeds


_WORDS = tuple(f'"{kind}"'.encode() for kind in ("F16", "F32", "F64", "BF16", "F8_E5M2", "I8", "I32", "U64", "BOOL"))
_WORDS += (
    b'"shape":[',
    b'"data_offsets":[',
    b'"__metadata__":{',
    b"0,",
    b"-1",
    b"18446744073709551615",
    b"[]",
    b"null",
)

CARD_TARGET = Target(
    "card",
    "model cards (card.json)",
    _card_seeds,
    run_card,
    ("th_common", "th_face_predictor.architecture"),
    (b"null", b"true", b"NaN", b"1e999", b"-1", b"9" * 40, b'"format"', b"\\ud800", b"[[", b'"expressions"', b"{}"),
    8192,
)
FACE_TARGET = Target(
    "face",
    "face.safetensors: header and tensors, and what is drawn of them",
    _tensor_seeds(FACE),
    run_face,
    ("th_common", "th_face_renderer"),
    _WORDS,
    60_000,
)
PREDICTOR_TARGET = Target(
    "predictor",
    "predictor.safetensors: header and tensors, and the network",
    _tensor_seeds(PREDICTOR),
    run_predictor,
    ("th_common", "th_face_predictor"),
    _WORDS,
    30_000,
)
