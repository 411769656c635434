"""What the page's tests share: a server, a browser, and a face that flashes while it beeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from th_face_renderer.display.page import PageServer
from th_face_renderer.testing_browser import Chromium, Page, find_browser

TONE = 440.0  # Hz, always; a beep is the same tone, louder
FLASH = 4  # frames of each second


def picture(mouth: int = 20, *, side: int = 512, flash: bool = False) -> bytes:
    """A drawn face as a JPEG."""
    image = np.full((side, side, 3), 255 if flash else (70, 50, 40), np.uint8)
    middle = side // 2
    cv2.circle(image, (middle, middle), side // 3, (150, 180, 230), -1, cv2.LINE_AA)
    cv2.ellipse(image, (middle, middle + side // 8), (side // 8, mouth), 0, 0, 360, (40, 40, 120), -1, cv2.LINE_AA)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


class Stream:
    """Pushes 60 pictures a second and their sound, `lead` s before they are due; bright and loud as each second begins.

    The times stretch by `drift`, as they do when the microphone's crystal is slow.
    """

    def __init__(self, server: PageServer, *, rate: int = 24000, lead: float = 0.03, drift: float = 0.0) -> None:
        self._server = server
        self._rate = rate
        self._lead = lead
        self._speed = 1.0 + drift
        self._pictures = [picture(4 + i) for i in range(30)]
        self._flash = picture(flash=True)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stream")

    def __enter__(self) -> Stream:
        self.began = time.time() + 0.1
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        frame = 0
        while not self._stopping.wait(max(0.0, self.began + frame / 60 - self._lead - time.time())):
            due = self.began + frame / 60 * self._speed
            n = np.arange(frame * self._rate // 60, (frame + 1) * self._rate // 60)
            loud = np.where(n % self._rate < FLASH * self._rate // 60, 0.5, 0.05)
            sound = (loud * np.sin(2 * np.pi * TONE * n / self._rate)).astype(np.float32)
            self._server.play(sound, self._rate, self.began + n[0] / self._rate * self._speed)
            self._server.show(self._flash if frame % 60 < FLASH else self._pictures[frame % 30], due)
            frame += 1


def kept_up(page: Page, beeps: int, share: float = 0.4) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """thFace.stats and window.probe of the first stretch of `beeps` seconds in which the browser got the time it needs.

    A machine that is busy with other work draws and plays late whatever the page does; such a stretch says nothing. `share` of the frames must
    have been drawn: none where most are alike, for these are not drawn again.
    """
    stats: dict[str, Any] = {}
    for _ in range(20):
        page.evaluate("thFace.clear(); for (const notes of Object.values(probe)) notes.length = 0")
        page.wait(f"probe.flashes.length > {beeps} && probe.beeps.length >= {beeps}")
        stats, probe = page.evaluate("[thFace.stats, probe]")
        frames, sound = stats["frames"], stats["sound"]
        broken = sound["underruns"] + sound["gaps"] + sound["late"]
        if (
            frames["drawn"] > share * frames["received"]
            and frames["received"] > 50 * beeps
            and frames["refresh_ms"] < 30
            and not broken
        ):
            return stats, probe
    pytest.skip(f"this machine was too busy throughout to draw in time: {stats}")


@pytest.fixture
def keeping_up() -> Callable[[Page, int], Any]:
    return kept_up


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    return picture


@pytest.fixture
def stream() -> type[Stream]:
    return Stream


@pytest.fixture
def serve() -> Iterator[Callable[..., PageServer]]:
    """Makes and starts servers on free ports; they are stopped with the test."""
    servers: list[PageServer] = []

    def make(**options: object) -> PageServer:
        server = PageServer(**{"port": 0, **options})  # type: ignore[arg-type]
        server.start()
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    if find_browser() is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on this machine")
    with Chromium() as chromium:
        yield chromium
