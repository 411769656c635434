"""`th voices MODEL CORPUS`: write into a model folder which voices it was trained on, without training it again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from th_common.errors import ModelError
from th_common.model_folder import VOICES, add_tensors, read_card
from th_face_predictor.known_voices import KnownVoices
from th_training.corpus.format import Corpus, read_corpus

app = typer.Typer(add_completion=False)


@app.command()
def command(
    model: Annotated[Path, typer.Argument(help="Model folder; voices.safetensors is written, and named in card.json.")],
    corpus: Annotated[Path, typer.Argument(help="The corpus that its predictor was trained on.")],
) -> None:
    """Write into a model folder which voices it was trained on: what calibration brings others back to."""
    known = add_known_voices(model, read_corpus(corpus))
    Console(highlight=False).print(
        f"{model / VOICES}: reach {known.reach:.2f}, F0 {known.f0:.0f} Hz, level {known.level:.0f} dBFS",
        markup=False,
        soft_wrap=True,
    )


def add_known_voices(folder: str | os.PathLike[str], corpus: Corpus) -> KnownVoices:
    """Measure the voices of a corpus' training clips and write them into a model folder.

    Raises:
        ModelError: the folder is no face model, or of another profile than the corpus. InputError: too little speech.
    """
    card = read_card(folder)
    if corpus.profile != card.profile:
        raise ModelError(
            f"{os.fspath(folder)}: hears features {card.profile!r}, the corpus {os.fspath(corpus.folder)} holds {corpus.profile!r}"
        )
    clips = [clip for clip in corpus.split("train") if clip.kind == "speech"]
    known = KnownVoices.of([corpus.load(clip)[0] for clip in clips])
    add_tensors(folder, VOICES, known.to_tensors())
    return known
