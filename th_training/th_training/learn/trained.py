"""What training leaves: a folder with predictor.safetensors, training.json and history.csv, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors.numpy import load, save

from th_common.errors import InputError
from th_common.model_folder import PREDICTOR, Tensors
from th_face_predictor.architecture import Architecture
from th_face_predictor.predictor import Predictor
from th_training.learn.fit import Epoch
from th_training.whole import replacing

FIGURES = "training.json"
HISTORY = "history.csv"


@dataclass(frozen=True)
class Trained:
    """A trained predictor, as `th_common.model_folder.write_model` wants it.

    Attributes:
        tensors: content of predictor.safetensors.
        network: the card's field `network`.
        lookahead, profile: the card's fields.
        figures: what training.json says: recipe, CORR and error on validation and test clips, baselines, speed.
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


def write_trained(folder: Path, trained: Trained) -> None:
    """Write predictor.safetensors, then training.json: who finds the second has the first. Raises InputError."""
    with replacing(folder / PREDICTOR) as partial:
        partial.write_bytes(save(trained.tensors))
    with replacing(folder / FIGURES) as partial:
        partial.write_text(json.dumps(trained.figures, indent=1) + "\n", encoding="utf-8")


def read_trained(folder: str | os.PathLike[str]) -> Trained:
    """What a finished run has left in a folder.

    Raises:
        InputError: there is no finished run, or it is damaged.
    """
    path = Path(folder) / FIGURES
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
        tensors = load((path.parent / PREDICTOR).read_bytes())
        trained = Trained(tensors, figures["network"], figures["lookahead"], figures["profile"], figures)
    except FileNotFoundError as error:
        raise InputError(f"{error.filename}: no such file, {os.fspath(folder)!r} holds no finished training") from None
    except Exception as error:  # SafetensorError, JSONDecodeError, KeyError, TypeError: whatever damage does
        raise InputError(f"{os.fspath(folder)}: not a readable training ({error!r})") from error
    trained.predictor()
    return trained


def write_history(folder: Path, history: Iterable[Epoch]) -> None:
    """Write history.csv: a row per epoch, fields as in `Epoch`, stages and epochs counted from 1."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(field.name for field in fields(Epoch))
    for epoch in history:
        values = asdict(epoch) | {"stage": epoch.stage + 1, "epoch": epoch.epoch + 1}
        rows.writerow(f"{v:.6g}" if isinstance(v, float) else v for v in values.values())
    with replacing(folder / HISTORY) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")


def read_history(folder: str | os.PathLike[str]) -> list[Epoch]:
    """The epochs that a run has done. Raises InputError where there are none to read."""
    path = Path(folder) / HISTORY
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Epoch(
                    int(row["stage"]) - 1,
                    int(row["epoch"]) - 1,
                    int(row["epochs"]),
                    *(float(row[f.name]) for f in fields(Epoch)[3:]),
                )
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, {os.fspath(folder)!r} holds no training") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a readable history ({error!r})") from error


def plain(value: Any) -> Any:
    """As JSON can say it: four digits, and null where there is no number."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return value
