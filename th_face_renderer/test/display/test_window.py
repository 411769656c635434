"""The window: one clear sentence without a screen; on a virtual one it opens, shows, and Escape leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from th_common.errors import DeviceError
from th_face_renderer.display.window import check_screen, monitor_corner

_SHOW = """
import sys, cv2, numpy as np
from th_face_renderer.display.window import Window
left, keys = [], iter([-1] * 6)
poll = cv2.pollKey
def keyboard():
    poll()
    return next(keys, 27)
cv2.pollKey = keyboard
window = Window(lead=0.0, corner=(0, 0), on_leave=lambda: left.append(1))
assert window.poll() == 0
window.open()
assert window.poll() == 1
window.show(np.full((64, 64, 3), 200, np.uint8), 0.0)
while window.poll():
    pass
assert left == [1]
window.poll()
window.close()
assert left == [1]
print("left once")
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """DISPLAY of a virtual X server."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    if not number:
        server.kill()
        server.wait()
        pytest.skip("Xvfb does not start here")
    yield f":{number}"
    server.terminate()
    server.wait(10)


def test_no_screen_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DeviceError, match="no display for the window"):
        check_screen()


def test_an_unreachable_screen_is_one_sentence_and_no_abort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7654")
    with pytest.raises(DeviceError, match=r"no window can be opened on the display \(DISPLAY=:7654\)") as caught:
        check_screen()
    assert "\n" not in str(caught.value)


def test_a_monitor_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7654")
    assert monitor_corner(0) == (0, 0)
    with pytest.raises(DeviceError, match="window_monitor 3 does not exist"):
        monitor_corner(3)


def test_opens_shows_and_escape_leaves(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    check_screen()
    run = subprocess.run([sys.executable, "-c", _SHOW], capture_output=True, text=True, timeout=60)
    assert "left once" in run.stdout, run.stderr
