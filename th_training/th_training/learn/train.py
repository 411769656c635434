"""From a corpus to a predictor: statistics, training, figures."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.fabric import Fabric

from th_audio_features.profiles import get_profile
from th_common.errors import InputError
from th_common.model_folder import PREDICTOR
from th_face_predictor.architecture import Architecture
from th_face_predictor.network import FaceNetwork
from th_face_predictor.predictor import Predictor
from th_training.corpus.format import Corpus, read_corpus
from th_training.learn.checkpoint import CHECKPOINT, OtherRunError
from th_training.learn.committee import Committee
from th_training.learn.data import Clips, Statistics
from th_training.learn.fit import Epoch, Fit, Watcher
from th_training.learn.limits import check_recipe
from th_training.learn.metrics import Agreement, agreement
from th_training.learn.processes import device_name, from_first, same_everywhere
from th_training.learn.recipes import Recipe
from th_training.learn.tensorboard import FOLDER as TENSORBOARD
from th_training.learn.tensorboard import TensorBoard
from th_training.learn.trained import FIGURES, HISTORY, Trained, plain, read_trained, write_history, write_trained
from th_training.whole import sweep

__all__ = ["FIGURES", "Trained", "describe", "mean_trajectory", "read_trained", "train"]


def train(
    corpus: str | os.PathLike[str] | Corpus,
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    threads: int = 1,
    report: Callable[[Epoch], None] = lambda epoch: None,
    fabric: Fabric | None = None,
    start: str | os.PathLike[str] | None = None,
    again: bool = False,
    tensorboard: bool = False,
    watcher: Watcher | None = None,
) -> Trained:
    """Train a predictor on a corpus; a finished run of the same recipe on the same corpus is kept, a killed one goes on.

    Args:
        corpus: its folder; or as it was read, or given other splits.
        out: folder for predictor.safetensors, training.json, history.csv, and until the end the checkpoint.
        threads: cores to compute on, of each process.
        report: called after each epoch; `watcher` is told more.
        fabric: where to compute (`processes.make_fabric`, launched); None: in this process, on its CPU.
        start: folder of a finished training whose weights are begun with, instead of random ones.
        again: begin anew, whatever `out` holds.
        tensorboard: write out/tensorboard.

    Raises:
        InputError: the corpus or the recipe cannot be used, or a file cannot be written.
        OtherRunError: `out` holds a run of another recipe or corpus, and not `again`.
        DivergedError: the loss is not a number any more.
    """
    begin = time.perf_counter()
    check_recipe(recipe)
    fabric = fabric or Fabric(accelerator="cpu", devices=1)
    watcher = watcher or Watcher(epoch=report)
    source = corpus if isinstance(corpus, Corpus) else read_corpus(corpus)
    folder = Path(out)
    get_profile(source.profile)  # or no robot could hear as the network does
    training, validation, test = (
        Clips.of(source, split, centre=recipe.centre, inputs=recipe.inputs) for split in ("train", "validation", "test")
    )
    statistics = Statistics.of(training)
    inputs, outputs = len(statistics.feature_mean), len(statistics.code_mean)
    if recipe.code_weights is not None and len(recipe.code_weights) != outputs:
        raise InputError(
            f"recipe {recipe.name} weighs {len(recipe.code_weights)} code dimensions, the corpus has {outputs}"
        )
    if recipe.lips is not None and len(recipe.lips) != outputs + 1:
        raise InputError(f"recipe {recipe.name}: lips are {outputs + 1} numbers, not {len(recipe.lips)}")
    architecture = Architecture(name=recipe.network, units=recipe.units, inputs=inputs, outputs=outputs)
    if start is not None and recipe.members > 1:
        raise InputError(f"recipe {recipe.name} trains {recipe.members} members, which begin at random weights")
    weights = _weights(start, architecture) if start is not None else None
    key = _key(recipe, source, (training, validation, test), start)
    if not same_everywhere(fabric, key):
        raise InputError(f"{source.folder}: the corpus is not the same on all machines")
    kept: Trained | None = from_first(fabric, lambda: _prepare(folder, key, again))
    if kept is not None:
        return kept
    with _quick(threads):
        torch.manual_seed(recipe.seed)
        network: FaceNetwork | Committee = FaceNetwork(architecture, dropout=recipe.dropout)
        if recipe.members > 1:
            network = Committee(architecture, recipe.members, moods=recipe.moods, dropout=recipe.dropout)
        if weights:
            network.load_state_dict(weights)
        board = TensorBoard(folder) if tensorboard and fabric.is_global_zero else None
        fit = Fit(fabric, network, recipe, statistics, training, validation, folder, key, watcher)
        fit.watcher = _writing(fit, board)
        try:
            fit.run()
        finally:
            if board:
                board.close()
        parameters = sum(tensor.numel() for tensor in network.parameters())
        if isinstance(network, Committee):
            network = network.merged()
        tensors = {
            f"net.{name}": tensor.detach().float().cpu().numpy().copy() for name, tensor in network.state_dict().items()
        }
        tensors |= statistics.tensors()
        predictor = Predictor(architecture, tensors, lookahead=recipe.lookahead, profile=source.profile)

    def finish() -> dict[str, Any]:
        figures = {
            "key": key,
            "recipe": asdict(recipe),
            "inputs": recipe.inputs,
            "network": architecture.to_card(),
            "parameters": parameters,
            "lookahead": recipe.lookahead,
            "profile": source.profile,
            "face": source.face,
            "start": os.fspath(start) if start is not None else None,
            "corpus": source.summary(),
            "heard": [clip.id for clips in (training, validation) for clip in clips.clips],
            "left_out": {**source.left_out, **training.left_out, **validation.left_out, **test.left_out},
            "epochs": len(fit.history),
            "training_frames_per_second": _speeds(recipe, fit.history),
            "validation": describe(predictor, statistics, training, validation),
            "test": describe(predictor, statistics, training, test),
            "device": device_name(fabric),
            "processes": fabric.world_size,
            "versions": {"torch": torch.__version__, "lightning": lightning.__version__, "numpy": np.__version__},
            "minutes": (time.perf_counter() - begin) / 60,
        }
        trained = Trained(tensors, architecture.to_card(), recipe.lookahead, source.profile, plain(figures))
        write_trained(folder, trained)
        (folder / CHECKPOINT).unlink(missing_ok=True)
        return trained.figures

    figures = from_first(fabric, finish)
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


def _prepare(folder: Path, key: str, again: bool) -> Trained | None:
    """Make the folder ready; returns this very run where it is finished. Raises OtherRunError, or InputError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        if again:
            for name in (FIGURES, PREDICTOR, HISTORY, CHECKPOINT):
                (folder / name).unlink(missing_ok=True)
            shutil.rmtree(folder / TENSORBOARD, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror or error})") from error
    try:
        found = read_trained(folder)
    except InputError:  # none, or damaged: as good as none
        return None
    if found.figures.get("key") != key:
        raise OtherRunError(f"{folder}: holds a run of another recipe or corpus (--again removes it and begins anew)")
    return found


def _key(recipe: Recipe, source: Corpus, parts: Iterable[Clips], start: str | os.PathLike[str] | None) -> str:
    """Digest of what is trained on what: the content of the clips, not where they lie."""
    began = "" if start is None else hashlib.sha256((Path(start) / PREDICTOR).read_bytes()).hexdigest()
    named = (repr(replace(recipe, name="")), source.face, source.profile, *(clips.content for clips in parts), began)
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:32]


def _weights(start: str | os.PathLike[str], architecture: Architecture) -> dict[str, torch.Tensor]:
    """The network of an earlier training. Raises InputError where it is another one."""
    earlier = read_trained(start)
    if earlier.network != architecture.to_card():
        raise InputError(f"{os.fspath(start)}: is {earlier.network}, the recipe wants {architecture.to_card()}")
    return {k.removeprefix("net."): torch.from_numpy(v) for k, v in earlier.tensors.items() if k.startswith("net.")}


def _writing(fit: Fit, board: TensorBoard | None) -> Watcher:
    """The watcher of a run that also keeps its history."""
    inner = fit.watcher

    def began(history: list[Epoch]) -> None:
        if board:
            board.go_on_after(len(history))
        inner.began(history)

    def epoch(epoch: Epoch) -> None:
        write_history(fit.folder, fit.history)
        if board:
            board.add(epoch, len(fit.history))
        inner.epoch(epoch)

    return Watcher(began, inner.step, epoch)


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
