"""A face that was made says which voices it knows."""

from __future__ import annotations

from pathlib import Path

from th_common.errors import InputError
from th_training.corpus.format import read_corpus
from th_training.face.steps import console
from th_training.voices.known_command import add_known_voices


def tell_voices(model: Path, corpus: Path) -> None:
    """Write into a model which voices it was trained on, unless too little was said to tell."""
    try:
        add_known_voices(model, read_corpus(corpus))
    except InputError as error:
        console.print(f"{model}: says nothing of the voices it knows ({error})", style="dim", markup=False)
