"""The optimiser's loop: stages, early stopping, checkpoints, in one process or many.

Each process computes its share of every step, gradients are averaged so that the step is the one that one process would have made,
validation clips are divided, and the first process alone writes and tells.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from th_common.errors import TalkingHeadError
from th_face_predictor.network import FaceNetwork
from th_training.learn.batches import DROPOUT, Batch, plan_epoch, seed_of, training_batches, whole_clip
from th_training.learn.checkpoint import read_checkpoint, write_checkpoint
from th_training.learn.committee import Committee
from th_training.learn.data import Clips, Statistics
from th_training.learn.loss import Closing, masked_error, means
from th_training.learn.metrics import correlation
from th_training.learn.processes import from_first, total
from th_training.learn.recipes import ADAM, Recipe, Stage


class DivergedError(TalkingHeadError):
    """The training loss is no longer a number."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes:
        stage, epoch: counted from 0; `epochs` is how many the stage has at most.
        loss: mean over the steps of the training error.
        validation: error on the validation clips; without any, `loss`.
        corr: CORR on the validation clips; NaN without any.
        learning_rate: of its steps.
        frames_per_second: of training, all processes together.
    """

    stage: int
    epoch: int
    epochs: int
    loss: float
    validation: float
    corr: float
    learning_rate: float
    frames_per_second: float


@dataclass(frozen=True)
class Watcher:
    """Who is told what happens, in the first process.

    Attributes:
        began: the epochs that an earlier, killed run has done, before the first new one.
        step: (stage, epoch, steps done, steps of the epoch).
        epoch: after each epoch.
    """

    began: Callable[[list[Epoch]], None] = lambda history: None
    step: Callable[[int, int, int, int], None] = lambda stage, epoch, done, steps: None
    epoch: Callable[[Epoch], None] = lambda epoch: None


@dataclass(frozen=True)
class _Best:
    loss: float
    epoch: int
    weights: dict[str, Tensor]


class Fit:
    """Train one network by a recipe; `history` grows by one `Epoch` each.

    `key` names what is trained on what: a checkpoint with another key is refused.
    """

    def __init__(
        self,
        fabric: Fabric,
        network: FaceNetwork | Committee,
        recipe: Recipe,
        statistics: Statistics,
        training: Clips,
        validation: Clips,
        folder: Path,
        key: str,
        watcher: Watcher,
    ) -> None:
        self.fabric, self.network, self.recipe, self.statistics = fabric, network, recipe, statistics
        self.training, self.validation = training, validation
        self.folder, self.key, self.watcher = folder, key, watcher
        weights = np.array(recipe.code_weights or np.ones(network.architecture.outputs), np.float32)
        self.weights = torch.from_numpy(weights / weights.mean()).to(fabric.device)
        self.closing: Closing | None = None
        self.slopes: Tensor | None = None  # of the lips' opening, by standardised code
        if recipe.lips is not None:
            known = (np.array(recipe.lips, np.float32), statistics.target_mean, statistics.code_sd)
            self.closing = Closing(*(torch.from_numpy(numbers).to(fabric.device) for numbers in known))
            self.slopes = self.closing.slopes
        self.velocity_sd = torch.from_numpy(statistics.velocity_sd / statistics.code_sd).to(fabric.device)
        self.history: list[Epoch] = []
        self.wrapped: Any = None

    def run(self) -> FaceNetwork | Committee:
        """All stages, from the checkpoint in `folder` where there is one; returns the network with its best weights.

        Raises:
            DivergedError: the loss is not a number any more.
            InputError: a checkpoint cannot be written, or is another run's.
        """
        done = from_first(self.fabric, lambda: read_checkpoint(self.folder, self.key))
        if done:
            self.network.load_state_dict(done["best"])
            self.history = [Epoch(**epoch) for epoch in done["history"]]
        if self.fabric.is_global_zero:
            self.watcher.began(self.history)
        self.wrapped = self.fabric.setup_module(self.network)
        for number, stage in enumerate(self.recipe.stages):
            if done and number < done["stage"]:
                continue
            self._stage(number, stage, done if done and number == done["stage"] else None)
        return self.network.eval()

    def _stage(self, number: int, stage: Stage, resumed: dict[str, Any] | None) -> None:
        recipe = self.recipe
        optimiser: Any = make_optimiser(self.network, recipe, stage.learning_rate)
        best = _Best(math.inf, -1, _copy(self.network))
        first = 0
        if resumed:
            first = resumed["epoch"] + 1
            best = _Best(resumed["best_loss"], resumed["best_epoch"], resumed["best"])
            self.network.load_state_dict(resumed["network"])
            optimiser.load_state_dict(resumed["optimiser"])
        optimiser = self.fabric.setup_optimizers(optimiser)
        for epoch in range(first, stage.epochs):
            if epoch - best.epoch > stage.patience:
                break
            rate = learning_rate(stage, epoch)
            for group in optimiser.param_groups:
                group["lr"] = rate
            begin = time.perf_counter()
            loss, frames = self._epoch(optimiser, number, stage, epoch)
            speed = frames / (time.perf_counter() - begin)
            judged, corr = self.judge(stage) if len(self.validation) else (loss, math.nan)
            if judged < best.loss:
                best = _Best(judged, epoch, _copy(self.network))
            self.history.append(Epoch(number, epoch, stage.epochs, loss, judged, corr, rate, speed))
            self._save(number, epoch, optimiser, best)
            if self.fabric.is_global_zero:
                self.watcher.epoch(self.history[-1])
        if stage.epochs and best.epoch < 0:
            raise DivergedError(
                f"recipe {recipe.name}: no epoch of stage {number + 1} has a validation error that is a number"
            )
        self.network.load_state_dict(best.weights)

    def _epoch(self, optimiser: Any, number: int, stage: Stage, epoch: int) -> tuple[float, int]:
        """One pass: mean loss of its steps, and frames; the same in all processes."""
        fabric, recipe = self.fabric, self.recipe
        reach = recipe.lookahead if stage.limited else None
        seed = (recipe.seed, number, epoch)
        torch.manual_seed(int(seed_of(seed, DROPOUT, fabric.global_rank).generate_state(1)[0]))
        plan = plan_epoch(
            self.training,
            seed=seed,
            batch=recipe.batch,
            segment=stage.segment,
            lookahead=reach,
            balance=recipe.balance,
            augmentation=recipe.augmentation,
        )
        batches = training_batches(
            self.training,
            self.statistics,
            plan,
            seed=seed,
            augmentation=recipe.augmentation,
            rank=fabric.global_rank,
            processes=fabric.world_size,
        )
        self.wrapped.train()
        losses = []
        for done, batch in enumerate(batches):
            optimiser.zero_grad()
            # Gradients are averaged over the processes: so is this.
            loss = self._error(self._predict(batch, reach), batch) * batch.weight
            losses.append(total(fabric, loss.detach()).item() / fabric.world_size)
            if not math.isfinite(losses[-1]):
                raise DivergedError(
                    f"recipe {recipe.name}: the loss is {losses[-1]} in stage {number + 1}, epoch {epoch + 1}"
                )
            fabric.backward(loss)
            if recipe.clip is not None:
                # What is no number shows in the next loss: DivergedError, not Lightning's RuntimeError
                fabric.clip_gradients(self.wrapped, optimiser, max_norm=recipe.clip, error_if_nonfinite=False)
            optimiser.step()
            if fabric.is_global_zero:
                self.watcher.step(number, epoch, done + 1, len(plan))
        return float(np.mean(losses)), sum(s.end - s.begin for step in plan for s in step)

    def judge(self, stage: Stage) -> tuple[float, float]:
        """The loss on the validation clips, each clip as much as it is long, and CORR; every process judges some clips."""
        fabric = self.fabric
        reach = self.recipe.lookahead if stage.limited else None
        # A row per clip, in the order of the clips: the same sums however many processes there are.
        rows = torch.zeros(len(self.validation), 3)
        self.wrapped.eval()
        with torch.no_grad():
            for index in range(fabric.global_rank, len(self.validation), fabric.world_size):
                batch = whole_clip(self.validation, self.statistics, index)
                predicted = self._predict(batch, reach)
                r = correlation(predicted[0].float().cpu().numpy(), batch.y[0].numpy())
                defined = np.isfinite(r)
                error = self._error(predicted, batch).item()
                rows[index] = torch.tensor([error, float(r[defined].sum()), float(defined.sum())])
        errors, correlations, counts = total(fabric, rows.to(fabric.device)).cpu().double().unbind(1)
        lengths = torch.tensor([clip.frames for clip in self.validation.clips], dtype=torch.float64)
        corr = (correlations.sum() / counts.sum()).item() if counts.sum() else math.nan
        return ((errors * lengths).sum() / lengths.sum()).item(), corr

    def _predict(self, batch: Batch, reach: int | None) -> Tensor:
        x, lengths = self.fabric.to_device((batch.x, batch.lengths))
        predicted: Tensor = self.wrapped(x, lengths, lookahead=reach)
        return predicted

    def _error(self, predicted: Tensor, batch: Batch) -> Tensor:
        """Of the whole network; or the mean of its members' errors, each against the part that it learns."""
        y, mask = self.fabric.to_device((batch.y, batch.mask))
        level, moods = self.recipe.level, self.recipe.moods
        if len(predicted) == len(y):
            return self._masked_error(predicted, y, mask, y, level=1.0 if moods else level)
        members = len(predicted) // len(y)
        movers = members - moods
        mean = self._mood(y, mask) if moods else torch.zeros_like(y[:, :1])
        moving, mood = predicted[: movers * len(y)], predicted[movers * len(y) :]
        masks, whole = mask.repeat(movers, 1), y.repeat(movers, 1, 1)
        result = self._masked_error(moving, (y - mean).repeat(movers, 1, 1), masks, whole, level=level) * movers
        if moods:
            steady = mean.expand_as(y).repeat(moods, 1, 1)
            alike = torch.ones_like(self.weights)
            result = result + masked_error(mood, steady, mask.repeat(moods, 1), weights=alike) * moods
        return result / members

    def _mood(self, y: Tensor, mask: Tensor) -> Tensor:
        """The part (N, 1, D) of codes (N, T, D) that is how a stretch is spoken on the whole: its mean, but for the lips' opening.

        That is articulation alone: a mood that opens them, and that comes and goes with the sound, is heard as a mouth out of step.
        """
        mean = means(y, mask)
        if self.slopes is not None:
            mean = mean - (mean @ self.slopes)[..., None] * self.slopes / self.slopes.square().sum()
        return mean

    def _masked_error(self, predicted: Tensor, part: Tensor, mask: Tensor, whole: Tensor, *, level: float) -> Tensor:
        """Against the part of the codes that is learnt; `whole` are the codes."""
        error = masked_error(
            predicted,
            part,
            mask,
            weights=self.weights,
            level=level,
            velocity=self.recipe.velocity,
            velocity_sd=self.velocity_sd,
        )
        if self.closing and self.recipe.closing:
            error = error + self.recipe.closing * self.closing(predicted - part, whole, mask)
        return error

    def _save(self, number: int, epoch: int, optimiser: Any, best: _Best) -> None:
        state = {
            "key": self.key,
            "stage": number,
            "epoch": epoch,
            "network": self.network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "best": best.weights,
            "best_loss": best.loss,
            "best_epoch": best.epoch,
            "history": [asdict(e) for e in self.history],
        }
        from_first(self.fabric, lambda: write_checkpoint(self.folder, state))


def make_optimiser(network: nn.Module, recipe: Recipe, rate: float) -> torch.optim.Optimizer:
    """The recipe's optimiser of all weights."""
    if recipe.optimiser == ADAM:
        return torch.optim.Adam(network.parameters(), lr=rate, betas=(0.9, 0.99))
    return torch.optim.RMSprop(network.parameters(), lr=rate, alpha=recipe.alpha, eps=recipe.epsilon)


def learning_rate(stage: Stage, epoch: int) -> float:
    """Of the steps of an epoch, counted from 0."""
    if epoch < stage.warm_up:
        return stage.learning_rate * (epoch + 1) / (stage.warm_up + 1)
    if not stage.decay:
        return stage.learning_rate
    done = (epoch - stage.warm_up) / max(stage.epochs - stage.warm_up, 1)
    return stage.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def _copy(network: FaceNetwork | Committee) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
