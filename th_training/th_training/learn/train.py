"""From a corpus to a predictor: statistics, training, figures."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from safetensors.numpy import save_file

from th_common.errors import InputError
from th_common.model_folder import PREDICTOR, Tensors
from th_face_predictor.architecture import Architecture
from th_face_predictor.network import FaceNetwork
from th_face_predictor.predictor import Predictor
from th_training.corpus.format import MANIFEST, read_corpus
from th_training.learn.data import Clips, Statistics
from th_training.learn.fit import CHECKPOINT, Epoch, Fit
from th_training.learn.metrics import Agreement, agreement
from th_training.learn.recipes import Recipe

FIGURES = "training.json"


@dataclass(frozen=True)
class Trained:
    """A trained predictor, as `th_common.model_folder.write_model` wants it.

    Attributes:
        tensors: content of predictor.safetensors.
        network: the card's field `network`.
        lookahead, profile: the card's fields.
        figures: CORR and error on validation and test clips, baselines, speed: for the card's field `training`.
    """

    tensors: Tensors
    network: dict[str, Any]
    lookahead: int | None
    profile: str
    figures: dict[str, Any]

    def predictor(self) -> Predictor:
        """The predictor, ready to run."""
        return Predictor(
            Architecture.from_card(self.network), self.tensors, lookahead=self.lookahead, profile=self.profile
        )


def train(
    corpus: str | os.PathLike[str],
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    threads: int = 1,
    report: Callable[[Epoch], None] = lambda epoch: None,
    fabric: Fabric | None = None,
) -> Trained:
    """Train a predictor on a corpus folder.

    Args:
        out: folder for predictor.safetensors, training.json and, until the end, the checkpoint that a killed run goes on from.
        threads: cores to compute on.
        report: called after each epoch.
        fabric: where to compute; None: in this process, on its CPU.

    Raises:
        InputError: the corpus cannot be used.
        DivergedError: the loss is not a number any more.
    """
    begin = time.perf_counter()
    source = read_corpus(corpus)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    training, validation, test = (
        Clips.of(source, split, centre=recipe.centre) for split in ("train", "validation", "test")
    )
    statistics = Statistics.of(training)
    inputs, outputs = len(statistics.feature_mean), len(statistics.code_mean)
    if recipe.code_weights is not None and len(recipe.code_weights) != outputs:
        raise InputError(
            f"recipe {recipe.name} weighs {len(recipe.code_weights)} code dimensions, the corpus has {outputs}"
        )
    architecture = Architecture(name=recipe.network, units=recipe.units, inputs=inputs, outputs=outputs)
    with _quick(threads):
        torch.manual_seed(recipe.seed)
        network = FaceNetwork(architecture, dropout=recipe.dropout)
        fit = Fit(
            fabric or Fabric(accelerator="cpu", devices=1),
            network,
            recipe,
            statistics,
            training,
            validation,
            folder,
            f"{recipe!r} {hashlib.sha256((source.folder / MANIFEST).read_bytes()).hexdigest()}",
            report,
        )
        fit.run()
    tensors = {f"net.{name}": tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()}
    tensors |= statistics.tensors()
    predictor = Predictor(architecture, tensors, lookahead=recipe.lookahead, profile=source.profile)
    figures: dict[str, Any] = {
        "recipe": asdict(recipe),
        "corpus": source.summary(),
        "left_out": training.left_out | validation.left_out | test.left_out,
        "epochs": len(fit.history),
        "training_frames_per_second": _speeds(recipe, fit.history),
        "validation": describe(predictor, statistics, training, validation),
        "test": describe(predictor, statistics, training, test),
        "minutes": round((time.perf_counter() - begin) / 60, 2),
    }
    figures = _plain(figures)
    save_file(tensors, str(folder / PREDICTOR))
    (folder / FIGURES).write_text(json.dumps(figures, indent=1) + "\n")
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return Trained(tensors, architecture.to_card(), recipe.lookahead, source.profile, figures)


def describe(predictor: Predictor, statistics: Statistics, training: Clips, clips: Clips) -> dict[str, Any] | None:
    """CORR and error of a predictor on clips, and of baselines that hear nothing; None without clips.

    The baselines: `mean_code` (the training clips' mean, all the time; its CORR is 0 by definition, what counts is its error) and
    `mean_trajectory` (the mean over the training clips of the code at the same time after the beginning: what is known of the
    corpus' timing without any sound).
    """
    if not len(clips):
        return None
    loaded = [clips.load(i) for i in range(len(clips))]
    shift = statistics.code_mean - statistics.target_mean
    trajectory = mean_trajectory(training, max(len(y) for _, y in loaded))

    def pairs(predict: Callable[[np.ndarray], np.ndarray]) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        return ((predict(x), y) for x, y in loaded)

    return {
        **_figures(agreement(pairs(lambda x: predictor.predict(x) - shift))),
        "baselines": {
            "mean_code": _figures(agreement(pairs(lambda x: np.tile(statistics.target_mean, (len(x), 1))))),
            "mean_trajectory": _figures(agreement(pairs(lambda x: trajectory[: len(x)]))),
        },
    }


def mean_trajectory(clips: Clips, frames: int) -> np.ndarray:
    """Mean code (frames, D) over all clips at each frame since the beginning; clips that are over go on as they ended."""
    total = 0.0
    for index in range(len(clips)):
        codes = clips.load(index)[1][:frames]
        total = total + np.concatenate((codes, np.repeat(codes[-1:], frames - len(codes), axis=0)))
    return np.asarray(total / len(clips), np.float32)


def _figures(a: Agreement) -> dict[str, Any]:
    return {"corr": a.corr, "rmse": a.rmse, "clips": a.clips, "undefined": a.undefined, "by_dimension": a.by_dimension}


def _speeds(recipe: Recipe, history: list[Epoch]) -> dict[str, float]:
    """Median frames/s of training, by stage."""
    return {
        f"stage {n + 1} ({'limited' if stage.limited and recipe.lookahead is not None else 'full'})": float(
            np.median([e.frames_per_second for e in history if e.stage == n])
        )
        for n, stage in enumerate(recipe.stages)
        if any(e.stage == n for e in history)
    }


def _plain(value: Any) -> Any:
    """As JSON can say it: four digits, and null where there is no number."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return value


@contextmanager
def _quick(threads: int) -> Iterator[None]:
    """Torch on so many threads, without denormal numbers."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.set_flush_denormal(False)
