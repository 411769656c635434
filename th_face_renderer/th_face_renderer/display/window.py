"""The face on a screen of this machine: a fullscreen window on a chosen monitor, Escape leaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from th_common.errors import DeviceError

_TITLE = "Talking face"
_ESCAPE = 27
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.pollKey(); cv2.destroyAllWindows()"


def check_screen(*, timeout: float = 20.0) -> None:
    """Make sure that a window can be opened here.

    Asked in a process of its own, because the window toolkit ends a process that cannot reach the display.

    Raises:
        DeviceError: no display, or OpenCV without windows; said in one sentence.
    """
    screens = [f"{name}={os.environ[name]}" for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)]
    if not screens and sys.platform.startswith("linux"):
        raise DeviceError(
            "no display for the window: neither DISPLAY nor WAYLAND_DISPLAY is set (display:=web needs no screen)"
        )
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise DeviceError(f"the display ({', '.join(screens)}) does not answer within {timeout:g} s") from None
    if probe.returncode:
        lines = [line for line in probe.stderr.splitlines() if line.strip()]
        reason = lines[0].strip() if lines else f"exit status {probe.returncode}"
        raise DeviceError(f"no window can be opened on the display ({', '.join(screens)}): {reason}")


def monitor_corner(monitor: int) -> tuple[int, int]:
    """Left upper corner (x, y) of a monitor, counted from 0, on the X desktop.

    Raises:
        DeviceError: there is no such monitor (0 is taken on trust where xrandr is missing).
    """
    try:
        listed = subprocess.run(["xrandr", "--listmonitors"], capture_output=True, text=True, timeout=5.0).stdout
    except (OSError, subprocess.TimeoutExpired):
        listed = ""
    corners = [(int(x), int(y)) for x, y in re.findall(r"^\s*\d+:.*?\d+/\d+x\d+/\d+([+-]\d+)([+-]\d+)", listed, re.M)]
    if monitor == 0:
        return corners[0] if corners else (0, 0)
    if monitor >= len(corners):
        known = f"{len(corners)} monitor(s)" if corners else "no list of monitors (xrandr is missing)"
        raise DeviceError(f"window_monitor {monitor} does not exist: the display has {known}")
    return corners[monitor]


class Window:
    """A window that fills a monitor. Escape, or closing it, calls `on_leave` once."""

    def __init__(self, *, lead: float, corner: tuple[int, int], on_leave: Callable[[], None]) -> None:
        self.lead = lead
        self._corner, self._on_leave = corner, on_leave
        self._opened = self._left = False

    def open(self) -> None:
        """Open the window; from now on it belongs to this thread."""
        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.moveWindow(_TITLE, *self._corner)
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
        """Put a picture up at once."""
        cv2.imshow(_TITLE, picture)
        cv2.pollKey()

    def close(self) -> None:
        """Close the window."""
        if self._opened:
            self._opened = False
            cv2.destroyAllWindows()
            cv2.pollKey()
