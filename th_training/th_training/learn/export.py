"""`th export RUN OUT --face F`: a trained predictor and the face that its codes move, as the model folder that the robot runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from th_common.errors import InputError
from th_common.model_folder import CARD, FACE, PREDICTOR, Card, read_card, write_model
from th_training.learn.recipes import SOUND

MAX_BYTES = 12_000_000
PRIVATE = "not licensed"


def export(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    face: str | os.PathLike[str],
    name: str = "",
    licence: str = PRIVATE,
) -> Card:
    """Write a model folder; returns its card.

    Args:
        face: a face file of `th aam build`, a model folder, or a corpus that holds its face.

    Raises:
        InputError: no finished training, one that hears phonemes, codes of another face, or a folder that cannot be written.
        ModelError: the face cannot be used.
    """
    from th_training.aam.encode_corpus import face_and_id
    from th_training.corpus.format import find_face_file
    from th_training.learn.trained import read_trained

    trained = read_trained(run)
    if trained.figures["inputs"] != SOUND:
        raise InputError(f"{os.fspath(run)}: hears {trained.figures['inputs']}, a face on a robot hears sound")
    model, face_id = face_and_id(find_face_file(Path(face)))
    if trained.figures["face"] not in ("", face_id):
        raise InputError(
            f"{os.fspath(face)}: is not the face whose codes were learnt (id {trained.figures['face'][:12]})"
        )
    shape, appearance = model.dimensions
    if shape + appearance != trained.network["outputs"]:
        raise InputError(
            f"{os.fspath(face)}: has {shape} + {appearance} modes, {os.fspath(run)} codes of {trained.network['outputs']}"
        )
    target = Path(out)
    try:
        card = write_model(
            target,
            name=name or target.resolve().name,
            profile=trained.profile,
            shape=shape,
            appearance=appearance,
            lookahead=trained.lookahead,
            licence=licence,
            network=trained.network,
            training={k: v for k, v in trained.figures.items() if k not in ("heard", "left_out", "start", "face")},
            face=model.to_tensors(),
            predictor=trained.tensors,
            expressions=_expressions(Path(face)),
        )
        (target / "LICENSE").write_text(licence + "\n", encoding="utf-8")
        size = sum((target / part).stat().st_size for part in (CARD, FACE, PREDICTOR, "LICENSE"))
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error})") from error
    if size > MAX_BYTES:
        raise InputError(f"{target}: {size / 1e6:.1f} MB, a face model may have {MAX_BYTES / 1e6:.0f}")
    return card


def _expressions(face: Path) -> Mapping[str, Sequence[float]]:
    """Those of the model folder that the face is taken from."""
    return read_card(face).expressions if (face / CARD).is_file() else {}
