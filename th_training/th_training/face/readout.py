"""A face that was made says what its voice expresses."""

from __future__ import annotations

from pathlib import Path

from th_common.errors import InputError
from th_common.model_folder import EXPRESSION, add_tensors
from th_training.corpus.format import read_corpus
from th_training.face.steps import console
from th_training.progress import bar


def teach_readout(model: Path, corpus: Path) -> None:
    """Let a model read out of its codes what they express, unless too little was said to learn that from."""
    from th_training.readout.command import learn_readout

    try:
        found, _ = learn_readout(model, read_corpus(corpus), progress=bar("hearing"))
    except InputError as error:
        console.print(f"no read-out: {error}", style="dim", markup=False)
        return
    add_tensors(model, EXPRESSION, found.tensors())
