"""The few calls of SDL 2 that the window needs, through ctypes: its library comes with the system (Debian: libsdl2-2.0-0)."""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_uint8, c_uint32, c_void_p
from functools import cache

from th_common.errors import DeviceError

NAMES = ("libSDL2-2.0.so.0", "libSDL2-2.0.0.dylib", "SDL2.dll")
VIDEO = 0x20
FULLSCREEN_DESKTOP, BORDERLESS = 0x1001, 0x10
ACCELERATED, PRESENT_VSYNC, SOFTWARE = 0x2, 0x4, 0x1
BGR24, STREAMING = 0x17401803, 1
QUIT, WINDOW_EVENT, KEY_DOWN, WINDOW_CLOSE, ESCAPE = 0x100, 0x200, 0x300, 14, 41


class Rect(Structure):
    """A rectangle, px."""

    _fields_ = (("x", c_int), ("y", c_int), ("w", c_int), ("h", c_int))


class KeyEvent(Structure):
    """SDL_KeyboardEvent as far as it is needed, and large enough for every other event."""

    _fields_ = (
        ("type", c_uint32),
        ("timestamp", c_uint32),
        ("window", c_uint32),
        ("state", c_uint8),  # of a window's event: what happened
        ("more", c_uint8 * 3),
        ("scancode", c_int),
        ("room", c_uint8 * 64),
    )


class RendererInfo(Structure):
    """SDL_RendererInfo as far as it is needed, and large enough."""

    _fields_ = (("name", c_char_p), ("flags", c_uint32), ("room", c_uint8 * 128))


_CALLS = {
    "SDL_SetHint": (c_int, c_char_p, c_char_p),
    "SDL_InitSubSystem": (c_int, c_uint32),
    "SDL_QuitSubSystem": (None, c_uint32),
    "SDL_GetError": (c_char_p,),
    "SDL_GetNumVideoDisplays": (c_int,),
    "SDL_GetDisplayBounds": (c_int, c_int, POINTER(Rect)),
    "SDL_CreateWindow": (c_void_p, c_char_p, c_int, c_int, c_int, c_int, c_uint32),
    "SDL_SetWindowFullscreen": (c_int, c_void_p, c_uint32),
    "SDL_DestroyWindow": (None, c_void_p),
    "SDL_CreateRenderer": (c_void_p, c_void_p, c_int, c_uint32),
    "SDL_GetRendererInfo": (c_int, c_void_p, POINTER(RendererInfo)),
    "SDL_GetRendererOutputSize": (c_int, c_void_p, POINTER(c_int), POINTER(c_int)),
    "SDL_SetRenderDrawColor": (c_int, c_void_p, c_uint8, c_uint8, c_uint8, c_uint8),
    "SDL_RenderClear": (c_int, c_void_p),
    "SDL_RenderCopy": (c_int, c_void_p, c_void_p, c_void_p, POINTER(Rect)),
    "SDL_RenderPresent": (None, c_void_p),
    "SDL_CreateTexture": (c_void_p, c_void_p, c_uint32, c_int, c_int, c_int),
    "SDL_UpdateTexture": (c_int, c_void_p, c_void_p, c_void_p, c_int),
    "SDL_DestroyTexture": (None, c_void_p),
    "SDL_PollEvent": (c_int, POINTER(KeyEvent)),
    "SDL_PushEvent": (c_int, POINTER(KeyEvent)),
    "SDL_ShowCursor": (c_int, c_int),
}

_HINTS = {b"SDL_NO_SIGNAL_HANDLERS": b"1", b"SDL_RENDER_SCALE_QUALITY": b"linear", b"SDL_VIDEO_ALLOW_SCREENSAVER": b"0"}


@cache
def library() -> ctypes.CDLL | None:
    """SDL 2, ready to be called; None where it is not installed."""
    for name in NAMES:
        try:
            found = ctypes.CDLL(name)
            for call, (result, *arguments) in _CALLS.items():
                function = getattr(found, call)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError):
            continue
        for hint, value in _HINTS.items():
            found.SDL_SetHint(hint, value)
        return found
    return None


def begin(sdl: ctypes.CDLL) -> None:
    """Reach the display. DeviceError, in one sentence, where that cannot be."""
    if sys.platform.startswith("linux"):
        # Nothing that only pretends to be a screen; and Wayland's library complains where there is no Wayland.
        sdl.SDL_SetHint(b"SDL_VIDEODRIVER", b"wayland,x11" if os.environ.get("WAYLAND_DISPLAY") else b"x11")
    if sdl.SDL_InitSubSystem(VIDEO):
        raise DeviceError(f"no window can be opened on the display: {error(sdl)}")


def monitors(sdl: ctypes.CDLL) -> list[Rect]:
    """Places of the monitors on the desktop, after `begin`."""
    places = []
    for number in range(max(0, sdl.SDL_GetNumVideoDisplays())):
        place = Rect()
        if sdl.SDL_GetDisplayBounds(number, byref(place)) == 0:
            places.append(place)
    return places


def error(sdl: ctypes.CDLL) -> str:
    """Why the last call failed."""
    return sdl.SDL_GetError().decode("utf-8", "replace") or "no reason given"
