"""`th blendshapes MODEL RECORDED`: teach a model of the virtual actor to speak in ARKit's blendshapes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from th_common.errors import InputError
from th_common.model_folder import BLENDSHAPES, add_tensors
from th_face_renderer.blendshapes import BlendshapeMap
from th_training.blendshapes.examples import all_examples, draw, drawn_examples, tracks
from th_training.blendshapes.fit import STILL, Examples, Score, fit_blendshapes, score
from th_training.corpus.format import read_corpus
from th_training.expressions import the_actor
from th_training.progress import bar

app = typer.Typer(add_completion=False)


@app.command()
def command(
    models: Annotated[list[Path], typer.Argument(help="Model folders of one face; each gets blendshapes.safetensors.")],
    recorded: Annotated[
        Path, typer.Option(help="What the actor says: `recorded` of `th face`, or of `th corpus actor`.")
    ] = Path("build/face/recorded"),
    pictures: Annotated[int, typer.Option(help="Pictures to draw and learn from.", min=60)] = 400,
    held_out: Annotated[int, typer.Option(help="Pictures of other clips to judge by.", min=20)] = 200,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    page: Annotated[Path | None, typer.Option(help="Also write the scores as a page (.md).")] = None,
) -> None:
    """Teach a model of the virtual actor to speak in ARKit's blendshapes."""
    found, scores = learn_blendshapes(models[0], recorded, pictures=pictures, held_out=held_out, seed=seed)
    for model in models:
        add_tensors(model, BLENDSHAPES, {"coefficients": found.coefficients})
    told = [s for s in scores if s.sd >= STILL]
    Console(highlight=False).print(
        f"{len(found.told)} of 52 units; on {held_out} held-out pictures r {np.median([s.r for s in told]):.2f} (median; "
        f"worst {min(told, key=lambda s: s.r).name} {min(s.r for s in told):.2f}), RMSE {_rmse(scores):.3f}",
        markup=False,
        soft_wrap=True,
    )
    if page is not None:
        page.write_text(_page(scores, held_out), encoding="utf-8")


def learn_blendshapes(
    model: str | os.PathLike[str],
    recorded: str | os.PathLike[str],
    *,
    pictures: int = 400,
    held_out: int = 200,
    seed: int = 0,
) -> tuple[BlendshapeMap, Sequence[Score]]:
    """Learn the map of one model; also its scores on pictures of clips that it did not learn from.

    Raises:
        ModelError: the folder is no face model, or its face is not the actor's.
        InputError: too little was recorded to learn from, or to judge by.
        DeviceError: there is no OpenGL to draw the actor with.
    """
    decoder, sitter, character = the_actor(model)
    known = tracks(read_corpus(recorded), seed=seed, blinks=character.blinks)
    if min(len(known.train), len(known.validation), len(known.test)) < 2:
        raise InputError(f"{os.fspath(recorded)}: too few clips to learn from some and to be judged by others")
    poses, codes, to_codes = drawn_examples(
        decoder.model, sitter, known, pictures=pictures, seed=seed, progress=bar("drawing")
    )
    found = fit_blendshapes(*all_examples(known, poses, codes, to_codes, sitter.landmarks))
    rng = np.random.default_rng(seed + 1)
    others = known.test[rng.choice(len(known.test), min(held_out, len(known.test)), replace=False)]
    unseen = Examples.of(others, draw(decoder.model, sitter, others, bar("judging")))
    return found, score(found, unseen)


def _rmse(scores: Sequence[Score]) -> float:
    return float(np.sqrt(np.mean([s.rmse**2 for s in scores])))


def _page(scores: Sequence[Score], held_out: int) -> str:
    told = [s for s in scores if s.sd >= STILL]
    still = [s.name for s in scores if s.sd < STILL]
    rows = ["| unit | sd | r | RMSE |", "|---|---|---|---|"]
    rows += [f"| {s.name} | {s.sd:.3f} | {s.r:.2f} | {s.rmse:.3f} |" for s in told]
    return "\n".join(
        [
            "# ARKit's blendshapes from facial codes",
            "",
            "Written by `th blendshapes MODEL --page`; [export.md](export.md) says what it means. Weights of 0..1, judged on",
            f"{held_out} pictures of clips that were not learnt from: sentences and voices held out, as in training.",
            "",
            *rows,
            "",
            f"RMSE over all 52 units: {_rmse(scores):.3f}. The actor never moves these when it speaks, so that nothing can be said of",
            f"them, and they stay 0: {', '.join(still)}.",
            "",
        ]
    )
