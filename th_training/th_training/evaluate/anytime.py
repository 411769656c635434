"""A network for any lookahead: each step of its training looks a number of frames ahead that is drawn for it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor

from th_common.errors import InputError
from th_face_predictor.architecture import Architecture
from th_training.corpus.format import Corpus
from th_training.learn.batches import Batch
from th_training.learn.committee import Committee
from th_training.learn.data import Clips, Statistics
from th_training.learn.fit import Fit, Watcher
from th_training.learn.recipes import Recipe
from th_training.learn.trained import Trained, plain, read_trained, write_trained

JUDGED = 2
"""Frames of lookahead at which the validation clips are judged."""


class AnyFit(Fit):
    """As `Fit`, but a step of training looks `least` .. the recipe's lookahead frames ahead, each as often."""

    least = 0

    def _predict(self, batch: Batch, reach: int | None) -> Tensor:
        assert reach is not None
        # torch is seeded anew for every epoch: a resumed training draws the same
        chosen = int(torch.randint(self.least, reach + 1, ())) if self.network.training else min(JUDGED, reach)
        return super()._predict(batch, chosen)


def train_anytime(corpus: Corpus, recipe: Recipe, out: Path, *, least: int = 0) -> Trained:
    """Train a committee for `least` .. recipe.lookahead frames; a finished training in `out` is kept, a killed one goes on.

    Raises:
        InputError: the corpus cannot be used, or `out` holds an unfinished run of another.
    """
    clips = " ".join(f"{c.id}:{c.split}:{c.key}" for c in corpus.clips)
    key = f"anytime{least or ''} {recipe!r} {corpus.face} {corpus.profile} {clips}"
    try:
        found = read_trained(out)
        if found.figures["key"] == key:
            return found
    except InputError:  # none yet
        pass
    out.mkdir(parents=True, exist_ok=True)
    training, validation = (Clips.of(corpus, split, centre=recipe.centre) for split in ("train", "validation"))
    statistics = Statistics.of(training)
    inputs, outputs = len(statistics.feature_mean), len(statistics.code_mean)
    architecture = Architecture(name=recipe.network, units=recipe.units, inputs=inputs, outputs=outputs)
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    network = Committee(architecture, recipe.members, moods=recipe.moods, dropout=recipe.dropout)
    tell = Watcher(epoch=lambda e: print(f"{out.name}: epoch {e.epoch + 1}/{e.epochs} corr {e.corr:.4f}", flush=True))
    fit = AnyFit(
        Fabric(accelerator="cpu", devices=1), network, recipe, statistics, training, validation, out, key, tell
    )
    fit.least = least
    fit.run()
    state = network.merged().state_dict()
    tensors: dict[str, Any] = {f"net.{name}": tensor.detach().float().numpy().copy() for name, tensor in state.items()}
    tensors |= statistics.tensors()
    figures = plain({"recipe": asdict(recipe), "epochs": len(fit.history)})
    figures |= {"key": key, "network": architecture.to_card(), "lookahead": recipe.lookahead, "profile": corpus.profile}
    trained = Trained(tensors, architecture.to_card(), recipe.lookahead, corpus.profile, figures)
    write_trained(out, trained)
    return trained
