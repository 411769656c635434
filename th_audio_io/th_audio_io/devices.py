"""Sound devices by PortAudio, found by name, refused in words."""

from __future__ import annotations

from collections.abc import Mapping
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
