"""Learning curves for TensorBoard, written by Lightning's logger: `tensorboard --logdir OUT` shows them."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path

from th_common.errors import InputError
from th_training.learn.fit import Epoch

FOLDER = "tensorboard"
FIELDS = tuple(field.name for field in fields(Epoch) if field.type == "float")


class TensorBoard:
    """The curves of one run in FOLDER/tensorboard; a step is an epoch, counted from 1 over all stages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logger: object | None = None

    def go_on_after(self, epochs: int) -> None:
        """Begin, or go on after so many epochs: what a killed run wrote after them is hidden. Raises InputError."""
        try:
            from lightning.fabric.loggers import TensorBoardLogger

            self._logger = TensorBoardLogger(self._folder, name=FOLDER, version="", purge_step=epochs + 1)
        except ModuleNotFoundError as error:
            raise InputError(f"no module {error.name!r}: pip install tensorboard, or --no-tensorboard") from error

    def add(self, epoch: Epoch, number: int) -> None:
        """Add what the epoch `number` came to. Raises InputError where it cannot be written."""
        values = {name: getattr(epoch, name) for name in FIELDS}
        try:
            self._logger.log_metrics({k: v for k, v in values.items() if math.isfinite(v)}, step=number)  # type: ignore[union-attr]
            self._logger.save()  # type: ignore[union-attr]
        except OSError as error:
            raise InputError(f"{self._folder / FOLDER} cannot be written ({error.strerror or error})") from error

    def close(self) -> None:
        """Write what is left."""
        if self._logger is not None:
            self._logger.finalize("success")  # type: ignore[attr-defined]
