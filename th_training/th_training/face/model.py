"""The model folder: card, face, predictor, licence."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from th_common.errors import ModelError
from th_common.model_folder import CARD, FACE, PREDICTOR, Card, write_model
from th_training.face.characters import Character

if TYPE_CHECKING:
    from th_face_renderer.face_model import FaceModel
    from th_training.learn.train import Trained
    from th_training.speech.voices import Voice

MAX_BYTES = 12_000_000  # of a whole model folder

LICENCE = "CC0-1.0"
LICENCE_TEXT = """\
The face model in this folder (card.json, face.safetensors, predictor.safetensors) is dedicated to the public domain under
CC0 1.0 Universal (https://creativecommons.org/publicdomain/zero/1.0/).

It shows no living person. {who}
Its motion was learnt from sentences of this software's own, spoken by speech synthesisers; no recording of them is in the model.
The voices and their licences:

"""


def write_face(
    out: Path,
    name: str,
    character: Character,
    face: FaceModel,
    expressions: Mapping[str, list[float]],
    trained: Trained,
    speakers: Sequence[Voice],
    about: Mapping[str, Any],
) -> Card:
    """Write a model folder with its licence. Raises ModelError where it is larger than MAX_BYTES."""
    from th_training.speech import voices

    shape, appearance = face.dimensions
    used = sorted({voice.engine for voice in speakers})
    card = write_model(
        out,
        name=name,
        profile=trained.profile,
        shape=shape,
        appearance=appearance,
        lookahead=trained.lookahead,
        licence=LICENCE,
        network=trained.network,
        training={
            "summary": f"{character.summary} speaking our own sentences with synthetic voices",
            **about,
            "voices": {engine: [v.id for v in speakers if v.engine == engine] for engine in used},
            "voice_licences": {engine: voices.LICENCES[engine] for engine in used},
            "predictor": {k: v for k, v in trained.figures.items() if k not in ("corpus", "heard", "left_out")},
        },
        face=face.to_tensors(),
        predictor=trained.tensors,
        expressions=expressions,
    )
    notes = "".join(f"* {voices.LICENCES[engine]}\n" for engine in used)
    (out / "LICENSE").write_text(LICENCE_TEXT.format(who=character.who) + notes, encoding="utf-8")
    if size_of(out) > MAX_BYTES:
        raise ModelError(f"{os.fspath(out)}: {size_of(out) / 1e6:.1f} MB, a face model may have {MAX_BYTES / 1e6:.0f}")
    return card


def size_of(folder: Path) -> int:
    """Bytes of a model folder."""
    names = (CARD, FACE, PREDICTOR, "LICENSE")
    return sum((folder / name).stat().st_size for name in names if (folder / name).is_file())
