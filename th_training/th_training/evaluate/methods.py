"""What is compared: named sets of predicted codes, one for each test clip, and what they were made from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from th_common.errors import InputError
from th_training.corpus.format import Clip

PAPER_CORR = {"proposed": 0.38857, "comparative": 0.17053}
"""The article's table 1 as far as it is known: the best of three nets (BBF) of each kind, on SAVEE's speaker DC."""

NETWORKS = ("FBF", "BFF", "BBF")
KINDS = ("proposed", "comparative", "baseline")


@dataclass(frozen=True)
class Method:
    """Predicted codes by clip, float32 (T, D) as recorded (their mean not taken off).

    kind: one of KINDS; network: FBF, BFF, BBF or ""; recipe: the recipe's name or ""; about: anything to be told of it.
    """

    name: str
    codes: Mapping[str, np.ndarray]
    kind: str = "proposed"
    network: str = ""
    recipe: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def of(self, clip: Clip, width: int) -> np.ndarray:
        """The codes (T, width) of a clip. Raises InputError, naming method and clip, where they do not fit it."""
        codes = np.asarray(self.codes[clip.id])
        if codes.shape != (clip.frames, width):
            raise InputError(
                f"{self.name}: clip {clip.id} has predictions {codes.shape}, the corpus has {(clip.frames, width)}"
            )
        if not np.isfinite(codes).all():
            raise InputError(f"{self.name}: the predictions of clip {clip.id} hold NaN or infinity")
        return codes


def common_clips(clips: Sequence[Clip], methods: Sequence[Method]) -> tuple[tuple[Clip, ...], dict[str, str]]:
    """The clips that every method has predicted, and those left out with the reason.

    Raises InputError, naming the methods, where two have one name or there is no such clip.
    """
    names = [method.name for method in methods]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two methods are named {twice[0]!r}")
    left_out = {
        clip.id: f"not predicted by {', '.join(lacking)}"
        for clip in clips
        if (lacking := [method.name for method in methods if clip.id not in method.codes])
    }
    kept = tuple(clip for clip in clips if clip.id not in left_out)
    if not kept:
        raise InputError(f"no test clip was predicted by all of {', '.join(names)}")
    return kept, left_out


def best(methods: Sequence[Method], corr: Mapping[str, float], kind: str) -> Method | None:
    """The method of a kind with the highest CORR; None where there is none."""
    found = [method for method in methods if method.kind == kind]
    return max(found, key=lambda m: corr[m.name] if math.isfinite(corr[m.name]) else -2.0) if found else None
