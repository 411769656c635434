"""Checkpoints: what a killed run goes on from. Tensors, numbers and text, read without executing anything."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from th_common.errors import InputError
from th_training.whole import replacing

CHECKPOINT = "training.ckpt"


class OtherRunError(InputError):
    """A folder holds a run of another recipe or corpus."""


def write_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Put a run's state in the place of the last one, whole. Raises InputError where it cannot be written."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with replacing(folder / CHECKPOINT) as partial:
        partial.write_bytes(buffer.getbuffer())


def read_checkpoint(folder: Path, key: str) -> dict[str, Any] | None:
    """What a killed run left; None where there is none, or a damaged one, which is as good as none.

    Raises:
        OtherRunError: it is of another run than `key` names.
    """
    try:
        data = (folder / CHECKPOINT).read_bytes()
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        found = state["key"]
    except Exception:
        return None
    if found != key:
        raise OtherRunError(
            f"{folder}: holds an unfinished run of another recipe or corpus (--again removes it and begins anew)"
        )
    return dict(state)
