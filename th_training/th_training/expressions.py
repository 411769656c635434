"""`th expressions MODEL`: give a face model of the virtual actor the codes of the seven expressions, without training it again.

The actor is drawn in each of its emotions, silent, and the picture is coded. The codes stand in card.json; face and predictor, and
with them the model's id, stay as they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError, ModelError
from th_common.model_folder import Card, add_expressions
from th_face_renderer.expression import known
from th_face_renderer.face_model import CODE_LIMIT, FaceModel

if TYPE_CHECKING:
    from th_face_renderer.decoder import FaceDecoder
    from th_training.aam.make import Sitter
    from th_training.actor import Pose
    from th_training.face.characters import Character

EXPRESSIONS = ("neutral", "happiness", "sadness", "anger", "surprise", "disgust", "fear")
"""The actor's emotions that become expressions, under the names of expression.CIRCUMPLEX."""
FAR = 12.0
"""Levels (mean over the picture) between the model's face at rest and the actor's from which they are not the same character."""

app = typer.Typer(add_completion=False)


@app.command()
def command(
    model: Annotated[Path, typer.Argument(help="Model folder; its card.json is written anew.")],
    sheet: Annotated[
        Path | None, typer.Option(help="Also write a PNG with the model's face in each expression.")
    ] = None,
) -> None:
    """Give a face model of the virtual actor the codes of the seven expressions."""
    card = give_expressions(model)
    Console(highlight=False).print(f"{model}: {', '.join(card.expressions)}", markup=False, soft_wrap=True)
    if sheet is not None:
        draw_sheet(model, sheet)


def expression_codes(
    model: FaceModel, sitter: Sitter, emotions: Mapping[str, Pose] | tuple[str, ...]
) -> dict[str, list[float]]:
    """Codes (16,) by ROS4HRI's names of a sitter's emotions: names of the actor's, or poses by name.

    Raises:
        InputError: a name that is none of the seven, or pictures that are not of this face's size.
    """
    from th_training.aam.encode import FaceEncoder
    from th_training.actor import EMOTIONS, weights

    poses = emotions if isinstance(emotions, Mapping) else {name: EMOTIONS[name] for name in emotions}
    encoder, codes = FaceEncoder(model), {}
    for name, pose in poses.items():
        vector = weights(pose)
        code = encoder.encode(sitter.render(vector), sitter.landmarks(vector))
        codes[known(name)] = np.clip(code, -CODE_LIMIT, CODE_LIMIT).astype(float).tolist()
    return codes


def give_expressions(folder: str | os.PathLike[str]) -> Card:
    """Write the codes of the virtual actor's emotions into the card of a model of it; returns the card.

    Raises:
        ModelError: the folder is no face model, or its face is none of the actor's characters'.
        DeviceError: there is no OpenGL to draw the actor with.
    """
    decoder, sitter, _ = the_actor(folder)
    return add_expressions(folder, expression_codes(decoder.model, sitter, EXPRESSIONS))


def the_actor(folder: str | os.PathLike[str]) -> tuple[FaceDecoder, Sitter, Character]:
    """A model of one of the actor's characters, that character in the size of its portrait, and who it is.

    Raises:
        ModelError: the folder is no face model, or its face is none of the actor's characters'.
        DeviceError: there is no OpenGL to draw the actor with.
    """
    from th_face_renderer.decoder import load_face
    from th_training.actor import weights
    from th_training.face.characters import DRAWN, HUMAN

    decoder = load_face(folder)
    height, width = decoder.canvas
    if height != width:
        raise ModelError(f"{os.fspath(folder)}: a portrait of {width} x {height} px is not the virtual actor's")
    rest = decoder.render(decoder.rest_code).astype(float)
    for character in (DRAWN, HUMAN):  # the one first that needs no OpenGL
        sitter = character.sitter(height)
        apart = float(np.abs(sitter.render(weights({})) - rest).mean())
        if apart <= FAR:
            return decoder, sitter, character
    raise ModelError(
        f"{os.fspath(folder)}: its face is not that of the virtual actor ({apart:.0f} levels apart): "
        "what another face does is measured where it is made"
    )


def draw_sheet(folder: str | os.PathLike[str], path: str | os.PathLike[str], *, tile: int = 384) -> None:
    """Write a PNG with the face of a model folder in each of its expressions.

    Raises:
        InputError: the model has none, or the file cannot be written.
    """
    import cv2

    from th_face_renderer.decoder import load_face

    decoder = load_face(folder)
    tiles = []
    for name, code in decoder.expressions.items():
        picture = decoder.render(code, (tile, tile))
        cv2.putText(picture, name, (8, 22), 0, 0.6, (60, 40, 30), 1, cv2.LINE_AA)
        tiles.append(picture)
    if not tiles:
        raise InputError(f"{os.fspath(folder)}: has no expressions")
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 4)
    rows = [np.hstack(tiles[k : k + 4]) for k in range(0, len(tiles), 4)]
    if not cv2.imwrite(os.fspath(path), np.vstack(rows)):
        raise InputError(f"cannot write {os.fspath(path)}")
