"""Sound devices by PortAudio, found by name, refused in words."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from th_common.errors import DeviceError

_KINDS = {"input": "microphone", "output": "loudspeaker"}


def sounddevice() -> Any:
    """The module sounddevice, which loads PortAudio.

    Raises:
        DeviceError: PortAudio is not installed.
    """
    try:
        import sounddevice as module
    except (ImportError, OSError) as error:
        raise DeviceError(f"sound devices need PortAudio (Debian: libportaudio2): {error}") from error
    return module


class OpenStreams:
    """How many streams this process has open, and one opening at a time.

    PortAudio lists the devices once, at its start, so a device that was plugged in later is not there until it starts anew; that
    closes every stream, so it is only done where there is none.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._count = 0

    @contextmanager
    def opening(self) -> Iterator[Any]:
        """The module sounddevice with a fresh list of devices; count the stream inside with `opened`."""
        sd = sounddevice()
        with self._lock:
            if self._count == 0 and hasattr(sd, "_terminate"):
                sd._terminate()
                sd._initialize()
            yield sd

    def opened(self) -> None:
        """A stream is open."""
        with self._lock:
            self._count += 1

    def closed(self) -> None:
        """A stream is closed."""
        with self._lock:
            self._count = max(0, self._count - 1)


STREAMS = OpenStreams()


def find_device(wanted: str, kind: str) -> tuple[int, Mapping[str, Any]]:
    """Index and properties of a sound device.

    Args:
        wanted: "" for the system's default, else an index or a part of a name, any case.
        kind: "input" or "output".

    Raises:
        DeviceError: there is none such; the text names those that there are.
    """
    sd = sounddevice()
    try:
        usable = {i: d for i, d in enumerate(sd.query_devices()) if d[f"max_{kind}_channels"] > 0}
        default = sd.default.device[0 if kind == "input" else 1]
    except sd.PortAudioError as error:
        raise DeviceError(f"the sound devices of this machine cannot be listed: {error}") from error
    word = _KINDS[kind]
    if not usable:
        raise DeviceError(f"there is no {word}: this machine has no sound {kind} device")
    if not wanted:
        index = default if default in usable else min(usable)
        return index, usable[index]
    for index, device in usable.items():
        if wanted == str(index) or wanted.lower() in str(device["name"]).lower():
            return index, device
    names = ", ".join(f"{i}: {d['name']}" for i, d in usable.items())
    raise DeviceError(f"there is no {word} {wanted!r}; available: {names}")
