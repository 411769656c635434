"""The face on a screen of this machine: a fullscreen window on a chosen monitor, Escape leaves.

Through SDL 2 where that is installed (`window_sdl`), else through OpenCV (`Window`), which knows nothing of refreshes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from th_common.errors import DeviceError
from th_face_renderer.display.sdl import library
from th_face_renderer.display.window_sdl import SdlWindow, check_monitor

_TITLE = "Talking face"
_ESCAPE = 27
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.pollKey(); cv2.destroyAllWindows()"


def make_window(
    *, lead: float, monitor: int, background: tuple[int, int, int], on_leave: Callable[[], None]
) -> Window | SdlWindow:
    """A window for a monitor, counted from 0, not open yet.

    Raises:
        DeviceError: no display, or no such monitor; said in one sentence.
    """
    screens = _screens()
    if library() is not None:
        try:
            check_monitor(monitor)
        except DeviceError as error:
            raise DeviceError(f"{error} ({screens})") from None
        return SdlWindow(lead=lead, monitor=monitor, background=background, on_leave=on_leave)
    check_screen()
    return Window(lead=lead, monitor=find_monitor(monitor), background=background, on_leave=on_leave)


def _screens() -> str:
    """The displays that this session has. DeviceError where it has none."""
    screens = [f"{name}={os.environ[name]}" for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)]
    if not screens and sys.platform.startswith("linux"):
        raise DeviceError(
            "no display for the window: neither DISPLAY nor WAYLAND_DISPLAY is set (display:=web needs no screen)"
        )
    return ", ".join(screens)


def check_screen(*, timeout: float = 20.0) -> None:
    """Make sure that OpenCV can open a window here.

    Asked in a process of its own, because the window toolkit ends a process that cannot reach the display.

    Raises:
        DeviceError: no display, or OpenCV without windows; said in one sentence.
    """
    screens = _screens()
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise DeviceError(f"the display ({screens}) does not answer within {timeout:g} s") from None
    if probe.returncode:
        lines = [line for line in probe.stderr.splitlines() if line.strip()]
        reason = lines[0].strip() if lines else f"exit status {probe.returncode}"
        raise DeviceError(f"no window can be opened on the display ({screens}): {reason}")


@dataclass(frozen=True)
class Monitor:
    """A monitor's place on the X desktop, px."""

    x: int
    y: int
    width: int
    height: int


def find_monitor(number: int) -> Monitor | None:
    """Monitor `number`, counted from 0; None for monitor 0 where xrandr, which knows them, is missing.

    Raises:
        DeviceError: there is no such monitor.
    """
    try:
        listed = subprocess.run(["xrandr", "--listmonitors"], capture_output=True, text=True, timeout=5.0).stdout
    except (OSError, subprocess.TimeoutExpired):
        listed = ""
    found = re.findall(r"^\s*\d+:.*?(\d+)/\d+x(\d+)/\d+([+-]\d+)([+-]\d+)", listed, re.M)
    monitors = [Monitor(int(x), int(y), int(width), int(height)) for width, height, x, y in found]
    if number < len(monitors):
        return monitors[number]
    if number == 0:
        return None
    known = f"{len(monitors)} monitor(s)" if monitors else "no list of monitors (xrandr is missing)"
    raise DeviceError(f"window_monitor {number} does not exist: the display has {known}")


class Window:
    """A window that fills a monitor. Escape, or closing it, calls `on_leave` once."""

    def __init__(
        self, *, lead: float, monitor: Monitor | None, background: tuple[int, int, int], on_leave: Callable[[], None]
    ) -> None:
        self.lead = lead
        self._monitor, self._background, self._on_leave = monitor, background, on_leave
        self._opened = self._left = False
        self._canvas = np.empty((0, 0, 3), np.uint8)

    def set_background(self, background: tuple[int, int, int]) -> None:
        """Another colour for what the picture leaves free; from any thread."""
        self._background = background
        self._canvas = np.empty((0, 0, 3), np.uint8)

    def open(self) -> None:
        """Open the window; from now on it belongs to this thread."""
        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        if self._monitor is not None:
            # Kiosks run without a window manager, which alone heeds the wish for full screen.
            cv2.moveWindow(_TITLE, self._monitor.x, self._monitor.y)
            cv2.resizeWindow(_TITLE, self._monitor.width, self._monitor.height)
        cv2.setWindowProperty(_TITLE, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN)
        self._opened, self._left = True, False

    def poll(self) -> int:
        """Let the window live; 1 while it is open."""
        if not self._opened or self._left:
            return 0
        key = cv2.pollKey()
        if (key >= 0 and key & 0xFF == _ESCAPE) or cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1:
            self._left = True
            self.close()
            self._on_leave()
            return 0
        return 1

    def show(self, picture: npt.NDArray[np.uint8], present_at: float) -> None:
        """Put a picture up at once, as large as it fits."""
        if self._monitor is not None:
            picture = self._fitted(picture, self._monitor.height, self._monitor.width)
        cv2.imshow(_TITLE, picture)
        cv2.pollKey()

    def _fitted(self, picture: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
        # The window toolkit could scale too, but slowly, and with grey bars.
        canvas = self._canvas
        if canvas.shape[:2] != (height, width):
            self._canvas = canvas = np.empty((height, width, 3), np.uint8)
            canvas[...] = self._background
        scale = min(height / picture.shape[0], width / picture.shape[1])
        high, wide = max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale))
        top, left = (height - high) // 2, (width - wide) // 2
        target = canvas[top : top + high, left : left + wide]
        cv2.resize(picture, (wide, high), dst=target, interpolation=cv2.INTER_LINEAR)
        return canvas

    def close(self) -> None:
        """Close the window."""
        if self._opened:
            self._opened = False
            cv2.destroyAllWindows()
            cv2.pollKey()
