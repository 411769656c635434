"""By how much the pictures of a corpus come later than their sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from th_training.corpus.clip_files import Clip


@dataclass(frozen=True)
class Lag:
    seconds: float
    low: float
    high: float
    outliers: dict[str, float] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "low": self.low, "high": self.high, "outliers": self.outliers}


def estimate_lag(folder: Path, clips: Sequence[Clip], face: Path) -> Lag | None:
    return None
