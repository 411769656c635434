"""A real browser for tests: headless Chromium driven over the DevTools protocol, with nothing but aiohttp.

with Chromium() as browser:
    page = browser.open("http://127.0.0.1:8765/", width=390, height=844)
    page.wait("window.thFace && thFace.stats.frames.drawn > 10")
    picture = page.screenshot()
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from th_common.errors import DeviceError
from th_face_renderer.testing_devtools import Devtools

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    # Several pages at once, all of them drawing.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--hide-scrollbars",
    "--mute-audio",
    "--remote-debugging-port=0",
)


def find_browser() -> str | None:
    """The path of a Chromium on this machine, None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Chromium:
    """One browser process with a profile of its own; both go when the `with` block ends.

    `autoplay` lets pages sound without a gesture, as a kiosk is set up. DeviceError when there is no browser or it
    does not start.
    """

    def __init__(self, *, autoplay: bool = True, flags: tuple[str, ...] = ()) -> None:
        self._flags = (*flags, *(["--autoplay-policy=no-user-gesture-required"] if autoplay else []))
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Chromium:
        program = find_browser()
        if program is None:
            raise DeviceError(f"No browser on this machine: none of {', '.join(NAMES)}.")
        try:
            folder = self._stack.enter_context(
                tempfile.TemporaryDirectory(prefix="face-browser-", ignore_cleanup_errors=True)
            )
            root = ["--no-sandbox"] if os.geteuid() == 0 else []
            self._process = subprocess.Popen(
                [program, *FLAGS, *self._flags, *root, f"--user-data-dir={folder}", "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._stack.callback(self._end_process)
            self._devtools = Devtools(_wait_for_address(self._process, Path(folder) / "DevToolsActivePort"))
            self._stack.callback(self._devtools.close)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def open(
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 720,
        scale: float = 1.0,
        mobile: bool = False,
        before: str = "",
        beside: Page | None = None,
    ) -> Page:
        """A new page, `width` x `height` CSS pixels of `scale` device pixels; `before` is script that runs first in it.

        It has cookies and storage of its own, or shares those of the page `beside`.
        """
        if beside is None:
            context = self._devtools.call("Target.createBrowserContext")["browserContextId"]
        else:
            context = beside._context
        target = self._devtools.call(
            "Target.createTarget", url="about:blank", browserContextId=context, newWindow=True
        )["targetId"]
        session = self._devtools.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self._devtools, session, context, target)
        page.call("Page.enable")
        page.call("Runtime.enable")
        page.call("Log.enable")
        page.resize(width, height, scale=scale, mobile=mobile)
        if before:
            page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        page.call("Page.navigate", url=url)
        return page

    def _end_process(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Page:
    """One tab."""

    def __init__(self, devtools: Devtools, session: str, context: str, target: str) -> None:
        self._devtools = devtools
        self._session = session
        self._context = context
        self._target = target

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Any DevTools command for this page."""
        return self._devtools.call(method, self._session, **params)

    def resize(self, width: int, height: int, *, scale: float = 1.0, mobile: bool = False) -> None:
        """Another screen."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )

    def evaluate(self, script: str, *, gesture: bool = False) -> Any:
        """The value of an expression (promises are awaited); AssertionError with the page's words if it throws."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=gesture
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise AssertionError(details.get("exception", {}).get("description", details.get("text")))
        return answer["result"].get("value")

    def wait(self, condition: str, timeout: float = 60.0) -> Any:
        """The value of the expression once it is true; AssertionError if it is not within `timeout` s."""
        end = time.monotonic() + timeout
        while True:
            value = self.evaluate(condition)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"Not within {timeout} s: {condition}; errors: {self.errors}")
            time.sleep(0.02)

    def screenshot(self) -> NDArray[np.uint8]:
        """What is on the screen, uint8 (height, width, 3) BGR in device pixels."""
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)

    @property
    def errors(self) -> list[str]:
        """Uncaught exceptions and logged errors so far."""
        return list(self._devtools.errors.get(self._session, []))

    def shut(self) -> None:
        """Close the tab; its cookies and storage stay for a page `beside` it."""
        self._devtools.call("Target.closeTarget", targetId=self._target)

    def close(self) -> None:
        """Close the tab and forget its cookies and storage."""
        self._devtools.call("Target.disposeBrowserContext", browserContextId=self._context)


def _wait_for_address(process: subprocess.Popen[bytes], file: Path, timeout: float = 20.0) -> str:
    end = time.monotonic() + timeout
    while time.monotonic() < end and process.poll() is None:
        lines = file.read_text().split() if file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.02)
    raise DeviceError("The browser did not start.")
