"""The window: one clear sentence without a screen; on a virtual one it opens, shows, and Escape leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from th_common.errors import DeviceError
from th_face_renderer.display.sdl import library
from th_face_renderer.display.window import Window, check_screen, find_monitor, make_window
from th_face_renderer.display.window_sdl import SdlWindow, fitted

_SHOW_SDL = """
import sys
from ctypes import byref
import numpy as np
from th_face_renderer.display import sdl
from th_face_renderer.display.window import make_window
left = []
window = make_window(lead=0.0, monitor=0, background=(0, 0, 90), on_leave=lambda: left.append(1))
assert type(window).__name__ == "SdlWindow"
assert window.poll() == 0
window.open()
picture = np.full((64, 64, 3), 200, np.uint8)
picture[:, :, 0] = 10
for height in (32, 64):  # another size in between
    window.show(picture[:height], 0.0)
assert window.poll() == 1
print("shown", flush=True)
sys.stdin.readline()
key = sdl.KeyEvent(type=sdl.KEY_DOWN, scancode=sdl.ESCAPE)
assert sdl.library().SDL_PushEvent(byref(key)) == 1
assert window.poll() == 0 and left == [1]
assert window.poll() == 0 and left == [1]
window.open()
assert window.poll() == 1
window.close()
print("left once")
"""

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
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("screen")


@pytest.fixture(scope="module")
def screen(memory: Path) -> Iterator[str]:
    """DISPLAY of a virtual X server, whose pixels are in `memory`."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    read, write = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "640x480x24",
        "-nolisten",
        "tcp",
        "-fbdir",
        str(memory),
        "-noreset",  # or it begins anew when the last window closes, and refuses whoever comes meanwhile
    ]
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


needs_sdl = pytest.mark.skipif(library() is None, reason="needs SDL 2 (libsdl2-2.0-0)")


def pixels(memory: Path) -> NDArray[np.uint8]:
    """What is on the virtual screen, (480, 640, 3) BGR: an XWD file that the server keeps up to date."""
    data = (memory / "Xvfb_screen0").read_bytes()
    header = np.frombuffer(data, ">u4", 25)
    start, line = int(header[0] + 12 * header[19]), int(header[12])
    return (
        np.frombuffer(data, np.uint8, 480 * line, start).reshape(480, line)[:, : 4 * 640].reshape(480, 640, 4)[..., :3]
    )


@needs_sdl
def test_sdl_fills_the_screen_and_escape_leaves(screen: str, memory: Path) -> None:
    environment = {**os.environ, "DISPLAY": screen}
    environment.pop("WAYLAND_DISPLAY", None)
    with subprocess.Popen(
        [sys.executable, "-c", _SHOW_SDL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as run:
        assert run.stdout is not None
        if run.stdout.readline() != "shown\n":
            pytest.fail(run.communicate(timeout=30)[1])
        end = time.monotonic() + 20
        while not (pixels(memory)[10:470, 90:550] == (10, 200, 200)).all():
            assert time.monotonic() < end
            time.sleep(0.02)
        bars = pixels(memory)[:, [0, 70, 570, 639]]
        out, errors = run.communicate("\n", timeout=30)
    assert (bars == (0, 0, 90)).all()
    assert "left once" in out, errors


@needs_sdl
def test_sdl_names_a_screen_or_monitor_that_is_not_there(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(monitor: int) -> object:
        return make_window(lead=0.0, monitor=monitor, background=(0, 0, 0), on_leave=lambda: None)

    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7654")
    with pytest.raises(DeviceError, match=r"^no window can be opened on the display: .*\(DISPLAY=:7654\)$"):
        make(0)
    monkeypatch.setenv("DISPLAY", screen)
    with pytest.raises(DeviceError, match=r"^window_monitor 3 does not exist: the display has 1 monitor\(s\)"):
        make(3)
    assert isinstance(make(0), SdlWindow)
    monkeypatch.delenv("DISPLAY")
    with pytest.raises(DeviceError, match="neither DISPLAY nor WAYLAND_DISPLAY is set"):
        make(0)


def test_without_sdl_opencv_opens_the_window(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("th_face_renderer.display.window.library", lambda: None)
    assert isinstance(make_window(lead=0.0, monitor=0, background=(0, 0, 0), on_leave=lambda: None), Window)


@pytest.mark.parametrize(
    ("picture", "screen_size", "place"),
    [
        ((64, 64), (480, 640), (80, 0, 480, 480)),
        ((100, 50), (100, 50), (0, 0, 50, 100)),
        ((10, 30), (90, 30), (0, 40, 30, 10)),
    ],
)
def test_a_picture_lies_in_the_middle(
    picture: tuple[int, int], screen_size: tuple[int, int], place: tuple[int, ...]
) -> None:
    found = fitted(picture, screen_size)
    assert (found.x, found.y, found.w, found.h) == place


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
