"""`th study serve`: a study's server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path

from th_common.errors import DeviceError
from th_face_renderer.display.page_door import open_door
from th_face_renderer.display.page_site import address_problem, page_url
from th_training.study.site import Site
from th_training.study.store import Store
from th_training.study.study import ANSWERS, Study

CONNECTIONS = 600  # a class of 100, six of a browser for each


def serve(
    folder: Path,
    study: Study,
    *,
    host: str,
    port: int,
    names: Collection[str] = (),
    token: str = "",
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the address.

    Raises:
        InputError: the consent text or the file of answers cannot be used. DeviceError: the address cannot be.
    """
    store = Store(folder / ANSWERS, study.digest)
    try:
        site = Site(folder, study, store, names=(host, *names), token=token)
        asyncio.run(_serve(site, host, port, ready))
    finally:
        with contextlib.suppress(sqlite3.Error):
            store.close()


async def _serve(site: Site, host: str, port: int, ready: Callable[[str], None]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        door = await open_door(site.application(), host, port, connections=CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise DeviceError(address_problem(host, port, error)) from error
    try:
        ready(page_url(host, door.port))
        await stopping.wait()
    finally:
        await door.close()
