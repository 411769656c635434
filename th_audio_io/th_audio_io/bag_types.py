"""Message types as bags need them, without rclpy: definitions, hashes, CDR."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from th_common.errors import InputError

AUDIO = "audio_common_msgs/msg/AudioData"
STAMPED = "audio_common_msgs/msg/AudioDataStamped"
INFO = "audio_common_msgs/msg/AudioInfo"
FEATURES = "th_msgs/msg/AudioFeatures"
CODE = "th_msgs/msg/FacialCode"
DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
_AUDIO_COMMON = {  # ros-drivers/audio_common 0.4: for bags that carry no definitions, on machines that have none either
    AUDIO: "uint8[] data",
    STAMPED: "std_msgs/Header header\naudio_common_msgs/AudioData audio",
    INFO: "uint8 channels\nuint32 sample_rate\nstring sample_format\nuint32 bitrate\nstring coding_format",
}


@functools.cache
def typestore() -> Any:
    """A rosbags Typestore of Jazzy's types, audio_common's and, where they are installed or in the source tree, ours.

    Raises:
        InputError: the Python package rosbags is not installed.
    """
    _need_rosbags()
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    for name, text in _AUDIO_COMMON.items():
        store.register(get_types_from_msg(text, name))
    for folder in _folders("th_msgs"):
        types: dict[str, Any] = {}
        for file in sorted(folder.glob("*.msg")):
            types.update(get_types_from_msg(file.read_text(), f"th_msgs/msg/{file.stem}"))
        if types:
            store.register(types)
            break
    return store


def add_type(name: str) -> None:
    """Make sure that the typestore knows a type: one of another package, by its installed definition and those it names.

    Raises:
        InputError: there is no such definition.
    """
    from rosbags.typesys import get_types_from_msg

    store = typestore()
    if name in store.fielddefs:
        return
    package, _, message = name.split("/")
    file = next((f for folder in _folders(package) if (f := folder / f"{message}.msg").is_file()), None)
    if file is None:
        raise InputError(f"there is no definition of {name} here: is its package installed?")
    types = get_types_from_msg(file.read_text(), name)
    for needed in {part for fields in types.values() for part in _names(fields)} - set(types):
        add_type(needed)
    store.register(types)


def _names(fields: Any) -> Iterator[str]:
    """Message types among the fields of a definition (a nested tuple)."""
    if isinstance(fields, str):
        if fields.count("/") == 2:
            yield fields
    elif isinstance(fields, (list, tuple)):
        for field in fields:
            yield from _names(field)


def _folders(package: str) -> Iterator[Path]:
    """Where the definitions of a package may be: the source tree that this runs from, then what is installed."""
    root = Path(__file__).resolve().parents[2]
    yield from (root / package / "msg", root / "underlay" / package / "msg")
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    yield from (Path(p) / "share" / package / "msg" for p in prefixes)


def _need_rosbags() -> None:
    try:
        import rosbags.typesys  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError("bags need the Python package rosbags: pip install rosbags") from error
