"""The optimiser's loop: stages, early stopping, checkpoints that a killed run goes on from.

Lightning's Fabric places the network, spreads it over processes where asked, and keeps checkpoints (plain tensors and numbers).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor

from th_common.errors import TalkingHeadError
from th_face_predictor.network import FaceNetwork
from th_training.learn.data import Batch, Clips, Statistics, training_batches, whole_clips
from th_training.learn.loss import masked_error
from th_training.learn.recipes import Recipe, Stage

CHECKPOINT = "training.ckpt"


class DivergedError(TalkingHeadError):
    """The training loss is no longer a number."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to."""

    stage: int
    epoch: int
    epochs: int
    loss: float
    validation: float
    learning_rate: float
    frames_per_second: float


@dataclass(frozen=True)
class _Best:
    loss: float
    epoch: int
    weights: dict[str, Tensor]


@dataclass
class Fit:
    """Train one network by a recipe; `history` grows by one `Epoch` each.

    `key` names what is trained on what: a checkpoint with another key is not gone on from.
    """

    fabric: Fabric
    network: FaceNetwork
    recipe: Recipe
    statistics: Statistics
    training: Clips
    validation: Clips
    folder: Path
    key: str
    report: Callable[[Epoch], None] = lambda epoch: None

    def __post_init__(self) -> None:
        size = self.network.architecture.outputs
        weights = np.array(self.recipe.code_weights or np.ones(size), np.float32)
        self.weights = torch.from_numpy(weights / weights.mean()).to(self.fabric.device)
        sd = self.statistics.velocity_sd / self.statistics.code_sd
        self.velocity_sd = torch.from_numpy(sd).to(self.fabric.device)
        self.history: list[Epoch] = []

    def run(self) -> FaceNetwork:
        """All stages, from the checkpoint in `folder` where there is one; returns the network with its best weights.

        Raises:
            DivergedError: the loss is not a number any more.
        """
        done = self._checkpoint()
        if done:
            self.network.load_state_dict(done["best"])
        for number, stage in enumerate(self.recipe.stages):
            if done and number < done["stage"]:
                continue
            self._stage(number, stage, done if done and number == done["stage"] else None)
        return self.network.eval()

    def _stage(self, number: int, stage: Stage, resumed: dict[str, Any] | None) -> None:
        recipe = self.recipe
        optimiser = torch.optim.RMSprop(
            self.network.parameters(), lr=stage.learning_rate, alpha=recipe.alpha, eps=recipe.epsilon
        )
        best = _Best(math.inf, -1, _copy(self.network))
        first = 0
        if resumed:
            first = resumed["epoch"] + 1
            best = _Best(resumed["best_loss"], resumed["best_epoch"], resumed["best"])
            self.network.load_state_dict(resumed["network"])
            optimiser.load_state_dict(resumed["optimiser"])
            self.history = [Epoch(**epoch) for epoch in resumed["history"]]
        network, optimiser = self.fabric.setup(self.network, optimiser)
        for epoch in range(first, stage.epochs):
            if epoch - best.epoch > stage.patience:
                break
            rate = stage.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / stage.epochs))
            for group in optimiser.param_groups:
                group["lr"] = rate
            begin = time.perf_counter()
            loss, frames = self._epoch(network, optimiser, number, stage, epoch)
            speed = frames / (time.perf_counter() - begin)
            judged = self.judge(stage) if len(self.validation) else loss
            if judged < best.loss:
                best = _Best(judged, epoch, _copy(self.network))
            self.history.append(Epoch(number, epoch, stage.epochs, loss, judged, rate, speed))
            self.report(self.history[-1])
            self._save(number, epoch, optimiser, best)
        self.network.load_state_dict(best.weights)

    def _epoch(self, network: Any, optimiser: Any, number: int, stage: Stage, epoch: int) -> tuple[float, int]:
        recipe = self.recipe
        reach = recipe.lookahead if stage.limited else None
        seeds = np.random.SeedSequence([recipe.seed, number, epoch, self.fabric.global_rank]).spawn(2)
        torch.manual_seed(int(seeds[0].generate_state(1)[0]))
        network.train()
        losses, frames = [], 0
        for batch in training_batches(
            self.training,
            self.statistics,
            rng=np.random.default_rng(seeds[1]),
            batch=recipe.batch,
            segment=stage.segment,
            lookahead=reach,
            balance=recipe.balance,
            augmentation=recipe.augmentation,
        ):
            optimiser.zero_grad()
            loss = self._error(network, batch, reach)
            if not torch.isfinite(loss):
                raise DivergedError(
                    f"recipe {recipe.name}: the loss is {loss.item()} in stage {number + 1}, epoch {epoch + 1}"
                )
            self.fabric.backward(loss)
            if recipe.clip is not None:
                self.fabric.clip_gradients(network, optimiser, max_norm=recipe.clip)
            optimiser.step()
            losses.append(loss.item())
            frames += int(batch.lengths.sum())
        return float(np.mean(losses)), frames

    def judge(self, stage: Stage) -> float:
        """The loss on the validation clips, each clip as much as it is long."""
        reach = self.recipe.lookahead if stage.limited else None
        self.network.eval()
        total = 0.0
        with torch.no_grad():
            for batch in whole_clips(self.validation, self.statistics):
                total += self._error(self.network, batch, reach).item() * int(batch.lengths.sum())
        return total / self.validation.frames

    def _error(self, network: Any, batch: Batch, reach: int | None) -> Tensor:
        x, y, lengths, mask = self.fabric.to_device((batch.x, batch.y, batch.lengths, batch.mask))
        predicted = network(x, lengths, lookahead=reach)
        return masked_error(
            predicted, y, mask, weights=self.weights, velocity=self.recipe.velocity, velocity_sd=self.velocity_sd
        )

    # --- checkpoints: dictionaries of tensors, numbers and text, read without executing anything --------------------------

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
            "history": [vars(e) for e in self.history],
        }
        if self.fabric.is_global_zero:
            partial = self.folder / (CHECKPOINT + ".partial")
            torch.save(state, partial)
            partial.replace(self.folder / CHECKPOINT)
        self.fabric.barrier()

    def _checkpoint(self) -> dict[str, Any] | None:
        """What a killed run of the same key left, if anything."""
        try:
            state = torch.load(self.folder / CHECKPOINT, map_location="cpu", weights_only=True)
            return state if state["key"] == self.key else None
        except FileNotFoundError:
            return None
        except Exception:  # a damaged checkpoint is as good as none: begin anew
            return None


def _copy(network: FaceNetwork) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
