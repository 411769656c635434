"""The window: one clear sentence without a screen; on a virtual one it opens, shows, and Escape leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from th_common.errors import DeviceError
from th_face_renderer.display.window import Window, check_screen, find_monitor

_SHOW = """
import sys, cv2, numpy as np
from th_face_renderer.display.window import Window, find_monitor
left, keys = [], iter([-1] * 6)
poll = cv2.pollKey
def keyboard():
    poll()
    return next(keys, 27)
cv2.pollKey = keyboard
window = Window(lead=0.0, monitor=find_monitor(0), background=(0, 0, 90), on_leave=lambda: left.append(1))
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
    assert find_monitor(0) is None
    with pytest.raises(DeviceError, match="window_monitor 3 does not exist"):
        find_monitor(3)


def test_opens_shows_and_escape_leaves(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    check_screen()
    run = subprocess.run([sys.executable, "-c", _SHOW], capture_output=True, text=True, timeout=60)
    assert "left once" in run.stdout, run.stderr


@pytest.mark.parametrize(("height", "width"), [(480, 640), (640, 480), (101, 33)])
def test_the_picture_is_as_large_as_it_fits_and_centred(height: int, width: int) -> None:
    window = Window(lead=0.0, monitor=None, background=(1, 2, 3), on_leave=lambda: None)
    fitted = window._fitted(np.full((64, 64, 3), 200, np.uint8), height, width)
    assert fitted.shape == (height, width, 3)
    lit = (fitted == 200).all(axis=2)
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    assert (len(rows), len(columns)) == (min(height, width),) * 2
    assert abs((rows[0] + rows[-1]) / 2 - (height - 1) / 2) <= 0.5
    assert abs((columns[0] + columns[-1]) / 2 - (width - 1) / 2) <= 0.5
    assert (fitted[~lit] == (1, 2, 3)).all()
