"""The window through SDL 2: scaled by the graphics card where there is one, in step with the screen's refreshes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_int

import numpy as np
import numpy.typing as npt

from th_common.errors import DeviceError
from th_face_renderer.display import sdl as calls

_TITLE = b"Talking face"


class SdlWindow:
    """A window that fills a monitor. Escape, or closing it, calls `on_leave` once.

    `show` waits for the screen's next refresh where the driver can (`vsync`), so a picture is never torn.
    """

    def __init__(
        self, *, lead: float, monitor: int, background: tuple[int, int, int], on_leave: Callable[[], None]
    ) -> None:
        sdl = calls.library()
        if sdl is None:
            raise DeviceError("no SDL 2 on this machine (Debian: libsdl2-2.0-0)")
        self.lead = lead
        self.vsync = False
        self._sdl: ctypes.CDLL = sdl
        self._monitor, self._background, self._on_leave = monitor, background, on_leave
        self._window = self._renderer = self._texture = None
        self._size = (0, 0)
        self._left = False

    def set_background(self, background: tuple[int, int, int]) -> None:
        """Another colour for what the picture leaves free; from any thread."""
        self._background = background

    def open(self) -> None:
        """Open the window; from now on it belongs to this thread. DeviceError where that cannot be."""
        sdl = self._sdl
        calls.begin(sdl)
        self._left = False
        try:
            places = calls.monitors(sdl)
            if self._monitor >= len(places):
                raise DeviceError(
                    f"window_monitor {self._monitor} does not exist: the display has {len(places)} monitor(s)"
                )
            place = places[self._monitor]
            # Kiosks run without a window manager, which alone heeds the wish for full screen: so the window has its size already.
            self._window = sdl.SDL_CreateWindow(_TITLE, place.x, place.y, place.w, place.h, calls.BORDERLESS)
            if not self._window:
                raise DeviceError(f"no window can be opened on the display: {calls.error(sdl)}")
            sdl.SDL_SetWindowFullscreen(self._window, calls.FULLSCREEN_DESKTOP)
            sdl.SDL_ShowCursor(0)
            self._renderer = self._best_renderer()
        except BaseException:
            self.close()
            raise
        self._clear()
        sdl.SDL_RenderPresent(self._renderer)

    def poll(self) -> int:
        """Let the window live; 1 while it is open."""
        if self._window is None:
            return 0
        event = calls.KeyEvent()
        while self._sdl.SDL_PollEvent(byref(event)):
            closed = event.type == calls.WINDOW_EVENT and event.state == calls.WINDOW_CLOSE
            escape = event.type == calls.KEY_DOWN and event.scancode == calls.ESCAPE
            if event.type == calls.QUIT or closed or escape:
                self._left = True
        if not self._left:
            return 1
        self.close()
        self._on_leave()
        return 0

    def show(self, picture: npt.NDArray[np.uint8], present_at: float) -> None:
        """Put a picture up at the next refresh, as large as it fits."""
        if self._window is None:
            return
        sdl, picture = self._sdl, np.ascontiguousarray(picture)
        height, width = picture.shape[:2]
        if self._size != (height, width):
            if self._texture:
                sdl.SDL_DestroyTexture(self._texture)
            self._texture = sdl.SDL_CreateTexture(self._renderer, calls.BGR24, calls.STREAMING, width, height)
            self._size = (height, width)
        if not self._texture or sdl.SDL_UpdateTexture(self._texture, None, picture.ctypes.data, 3 * width):
            raise DeviceError(f"the window cannot show a picture of {width} x {height}: {calls.error(sdl)}")
        self._clear()
        wide, high = c_int(), c_int()
        sdl.SDL_GetRendererOutputSize(self._renderer, byref(wide), byref(high))
        target = fitted((height, width), (high.value, wide.value))
        sdl.SDL_RenderCopy(self._renderer, self._texture, None, byref(target))
        sdl.SDL_RenderPresent(self._renderer)

    def close(self) -> None:
        """Close the window."""
        sdl = self._sdl
        if self._window is not None:
            sdl.SDL_DestroyWindow(self._window)  # and with it what belongs to it
        sdl.SDL_QuitSubSystem(calls.VIDEO)
        self._window = self._renderer = self._texture = None
        self._size = (0, 0)

    def _best_renderer(self) -> int:
        sdl = self._sdl
        for flags in (calls.ACCELERATED | calls.PRESENT_VSYNC, calls.PRESENT_VSYNC, calls.SOFTWARE):
            renderer = sdl.SDL_CreateRenderer(self._window, -1, flags)
            if renderer:
                info = calls.RendererInfo()
                sdl.SDL_GetRendererInfo(renderer, byref(info))
                self.vsync = bool(info.flags & calls.PRESENT_VSYNC)
                return renderer
        raise DeviceError(f"nothing can be drawn on the display: {calls.error(sdl)}")

    def _clear(self) -> None:
        blue, green, red = self._background
        self._sdl.SDL_SetRenderDrawColor(self._renderer, red, green, blue, 255)
        self._sdl.SDL_RenderClear(self._renderer)


def fitted(picture: tuple[int, int], screen: tuple[int, int]) -> calls.Rect:
    """Where a picture (height, width) lies on a screen (height, width): in the middle, as large as it fits."""
    scale = min(screen[0] / picture[0], screen[1] / picture[1])
    high, wide = max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
    return calls.Rect((screen[1] - wide) // 2, (screen[0] - high) // 2, wide, high)


def check_monitor(number: int) -> None:
    """Make sure that a window can be opened on a monitor. DeviceError, in one sentence, where not."""
    sdl = calls.library()
    assert sdl is not None
    calls.begin(sdl)
    count = len(calls.monitors(sdl))
    sdl.SDL_QuitSubSystem(calls.VIDEO)
    if number >= count:
        raise DeviceError(f"window_monitor {number} does not exist: the display has {count} monitor(s)")
