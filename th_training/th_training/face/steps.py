"""Says which step is done, and how long each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

console = Console(highlight=False)


@dataclass
class Clock:
    """Minutes by step."""

    minutes: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What is done inside is the step of that name."""
        console.rule(name, align="left", style="dim")
        begin = time.perf_counter()
        yield
        self.minutes[name] = round((time.perf_counter() - begin) / 60, 2)
