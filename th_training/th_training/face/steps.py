"""Says which step is done, and how long each took."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

console = Console(highlight=False)


@dataclass
class Clock:
    """Minutes by step, of all runs in a work folder together: what one run found done took its time in another."""

    kept: Path
    minutes: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.minutes = {str(name): float(value) for name, value in json.loads(self.kept.read_text("utf-8")).items()}
        except (OSError, ValueError, AttributeError, TypeError):  # none yet, or damaged: counted from here on
            self.minutes = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What is done inside is the step of that name; a run that is stopped in it counts too."""
        console.rule(name, align="left", style="dim")
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.minutes[name] = round(self.minutes.get(name, 0.0) + (time.perf_counter() - begin) / 60, 2)
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            self.kept.write_text(json.dumps(self.minutes), encoding="utf-8")
