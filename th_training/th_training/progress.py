"""Progress bars for work on iterables of known length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


def bar(what: str, *, quiet: bool = False) -> Callable[[Iterable[Any], int], Iterator[Any]]:
    """A wrapper that shows a bar named `what` while its iterable is worked through; `quiet`: on standard error."""

    def wrapped(items: Iterable[Any], total: int) -> Iterator[Any]:
        columns = (
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=quiet)) as progress:
            yield from progress.track(items, total=total, description=what)

    return wrapped
