"""Where code sequences come from: a sound file spoken by a model, an array, or a bag of a running graph."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from th_audio_features import FeatureStream
from th_audio_io.sources import FileSource
from th_common.errors import InputError
from th_common.model_folder import Card, read_card
from th_common.stamps import to_seconds
from th_face_predictor import load_predictor
from th_face_renderer import load_face

FPS = 60
ARRAYS = (".npy", ".npz")
CODE_TYPE = "th_msgs/msg/FacialCode"
BAGS = (".mcap", ".db3", ".bag")
GAP = 0.25  # s without a code after which the face is at rest
FURTHEST = 3600.0  # s between two codes of one bag
MOST = FPS * 3600 * 4  # frames


def read_codes(
    source: str | os.PathLike[str], model: str | os.PathLike[str], *, topic: str = "face/code"
) -> np.ndarray:
    """Codes (T, D) float32, row k the face at k / 60 s after the sound (or the bag's first code) begins.

    Raises:
        InputError: the source cannot be read, holds no codes, codes that are not finite, too many, or codes of another face.
        ModelError: the model cannot be used.
    """
    path, card = Path(source), read_card(model)
    if path.suffix.lower() in ARRAYS and path.is_file():
        codes = _at_frames(_from_array(path, card))
    elif path.is_dir() or path.suffix.lower() in BAGS:
        stamps, found = _from_bag(path, card, topic)
        codes = regular(stamps, found, load_face(model).rest_code)
    else:
        codes = _at_frames(_from_sound(path, model))
    if len(codes) > MOST:
        raise InputError(f"{path}: {len(codes)} frames are more than {MOST}")
    return codes


def regular(stamps: np.ndarray, codes: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Codes (N, D) at `stamps` (N,) s, in any order, at 60 per second from the first one on; gaps are spent at rest (D,)."""
    stamps, kept = np.unique(stamps, return_index=True)
    codes = codes[kept].astype(np.float64)
    steps = np.diff(stamps)
    if len(steps) and steps.max() > FURTHEST:
        raise InputError(f"two of the codes are {steps.max():.0f} s apart: not one recording")
    gaps = np.flatnonzero(steps > GAP)
    edges = np.concatenate([stamps[gaps] + 0.4 * GAP, stamps[gaps + 1] - 0.4 * GAP])
    order = np.argsort(np.concatenate([stamps, edges]), kind="stable")
    stamps = np.concatenate([stamps, edges])[order]
    codes = np.concatenate([codes, np.broadcast_to(rest, (len(edges), len(rest)))])[order]
    times = stamps[0] + np.arange(int((stamps[-1] - stamps[0]) * FPS + 1e-3) + 1) / FPS
    return np.stack([np.interp(times, stamps, column) for column in codes.T], 1).astype(np.float32)


def _at_frames(codes: np.ndarray) -> np.ndarray:
    """Row i is the face at (i + 1) / 60 s (th_audio_features.profiles): nothing earlier is known."""
    return np.concatenate([codes[:1], codes])


def _from_array(path: Path, card: Card) -> np.ndarray:
    try:
        found: Any = np.load(path, allow_pickle=False)
        if path.suffix.lower() == ".npz":
            with found:
                if "codes" not in found:
                    raise InputError(f"{path}: holds no array named codes")
                found = found["codes"]
    except (OSError, ValueError, EOFError, KeyError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cannot be read ({error})") from error
    return _checked(found, card, path)


def _checked(codes: np.ndarray, card: Card, path: Path) -> np.ndarray:
    if codes.ndim != 2 or codes.shape[1] != card.dimensions or codes.dtype.kind not in "fiu" or not len(codes):
        raise InputError(f"{path}: codes {codes.shape} are not (frames, {card.dimensions}) numbers of this model")
    if not np.isfinite(codes).all():
        raise InputError(f"{path}: holds codes that are NaN or infinite")
    return codes.astype(np.float32)


def _from_sound(path: Path, model: str | os.PathLike[str]) -> np.ndarray:
    source, predictor = FileSource(path), load_predictor(model)
    features = FeatureStream(source.rate, profile=predictor.profile)
    parts = [features.push(block) for block in source.blocks()] + [features.flush()]
    vectors = np.concatenate(parts)
    if not len(vectors):
        raise InputError(f"{path}: is shorter than one frame of sound (1/30 s)")
    return predictor.predict(vectors)


def _from_bag(path: Path, card: Card, topic: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        from th_audio_io.bag_reader import BagReader
    except ModuleNotFoundError as error:
        raise InputError(f"{path}: bags cannot be read here, no module {error.name!r}") from error
    stamps: list[float] = []
    codes: list[np.ndarray] = []
    with BagReader(path) as bag:
        topics = [name for name in bag.of_type(CODE_TYPE) if name.endswith(topic)]
        if len(topics) > 1:
            raise InputError(f"{path}: several topics hold codes, choose one by --topic: {', '.join(topics)}")
        for message in (m.content for m in bag.messages(topics)):
            code = np.concatenate([message.shape, message.appearance])
            if len(code) != card.dimensions or message.face_model not in ("", card.id):
                raise InputError(
                    f"{path}: holds codes of the face {message.face_model[:12]}, the model's is {card.id[:12]}: "
                    "name theirs by --model"
                )
            stamps.append(to_seconds(message.header.stamp))
            codes.append(code)
    if not codes:
        raise InputError(f"{path}: holds no facial codes on a topic that ends in {topic}")
    return np.array(stamps), _checked(np.stack(codes), card, path)
