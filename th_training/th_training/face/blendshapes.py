"""A face that was made speaks in ARKit's blendshapes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from th_common.model_folder import BLENDSHAPES, add_tensors
from th_training.face.steps import console

if TYPE_CHECKING:
    from th_training.aam.make import ActorFace, Sitter
    from th_training.corpus.format import Corpus
    from th_training.face.characters import Character


def teach_blendshapes(
    face: ActorFace, character: Character, sitter: Sitter, recorded: Corpus, models: Sequence[Path], seed: int
) -> None:
    """Let models of the face speak in ARKit's blendshapes, unless too little was recorded to learn that from."""
    from th_training.blendshapes.examples import all_examples, tracks
    from th_training.blendshapes.fit import fit_blendshapes

    known = tracks(recorded, seed=seed, blinks=character.blinks)
    if min(len(known.train), len(known.validation)) < 2:
        console.print("too few clips to learn blendshapes from", style="dim")
        return
    found = fit_blendshapes(*all_examples(known, face.poses, face.codes, face.pose_map, sitter.landmarks))
    for model in models:
        add_tensors(model, BLENDSHAPES, {"coefficients": found.coefficients})
