"""The step that takes longest: a network learns the codes, or what was learnt before is taken."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from th_common.model_folder import PREDICTOR
from th_training.face.digests import digest, sources
from th_training.face.steps import console

if TYPE_CHECKING:
    from th_training.corpus.format import Corpus
    from th_training.learn.recipes import Recipe
    from th_training.learn.train import Trained


def movement(corpus: Corpus) -> tuple[float, ...]:
    """How much each code dimension counts in training: the share of its variance that is movement within a clip, at least 0.1.

    The rest is the emotion that a clip is spoken with: more than half of all variance, of which little can be heard. Counted in
    full, it is learnt by heart, and training stops before the lips are learnt.
    """
    within, total, frames = 0.0, 0.0, 0
    codes = [y for _, _, y in corpus.pairs("train")]
    mean = np.concatenate(codes).mean(0)
    for y in codes:
        within = within + y.var(0) * len(y)
        total = total + np.square(y - mean).sum(0)
        frames += len(y)
    share = np.maximum(within / np.maximum(total, 1e-6 * frames), 0.1)
    return tuple(round(float(x), 3) for x in share)


def train_or_keep(folder: Path, corpus: Corpus, recipe: Recipe, threads: int) -> Trained:
    """Train, or take what a finished run with the same corpus and recipe left."""
    from safetensors.numpy import load_file, save_file

    from th_training import learn
    from th_training.learn.fit import Epoch
    from th_training.learn.train import Trained, train

    key = digest([[asdict(clip) for clip in corpus.clips], asdict(recipe), sources(learn)])
    place = folder / f"training-{key}"
    done = place / "done.json"
    if done.is_file():
        kept = json.loads(done.read_text(encoding="utf-8"))
        console.print("kept from an earlier run")
        return Trained(
            load_file(place / PREDICTOR), kept["network"], kept["lookahead"], kept["profile"], kept["figures"]
        )

    def tell(e: Epoch) -> None:
        console.print(
            f"stage {e.stage + 1}/{len(recipe.stages)}  epoch {e.epoch + 1:3d}/{e.epochs}  loss {e.loss:.4f}  "
            f"validation {e.validation:.4f}  {e.frames_per_second:,.0f} frames/s"
        )

    trained = train(corpus.folder, recipe, place, threads=threads, report=tell)
    save_file({k: np.ascontiguousarray(v) for k, v in trained.tensors.items()}, place / PREDICTOR)
    kept = {name: getattr(trained, name) for name in ("network", "lookahead", "profile", "figures")}
    partial = done.with_suffix(".partial")
    partial.write_text(json.dumps(kept), encoding="utf-8")
    os.replace(partial, done)
    return trained
