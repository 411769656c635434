"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from th_training.errors import WriteError

_PARTIAL = re.compile(r"\..+\.(\d+)\.partial")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to, named after this process; at the end it takes the place of `path`.

    Nothing of it stays where the block raises. OSError of the block comes out as WriteError (an InputError), naming the file.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise WriteError(f"{path} cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def sweep(folder: Path) -> list[Path]:
    """Remove what killed processes of this machine left in a folder half written; returns what it was."""
    stale = [
        path
        for path in sorted(folder.glob(".*.partial"))
        if (named := _PARTIAL.fullmatch(path.name)) and not _runs(int(named[1]))
    ]
    for path in stale:
        with contextlib.suppress(OSError):
            path.unlink()
    return stale


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
