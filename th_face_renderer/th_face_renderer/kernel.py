"""Finds and loads the C kernel (`c/`) with ctypes; kernel_calls.py calls it.

Where it was not built (no C compiler), `library()` is None, `problem()` says why, and the decoder draws with numpy and OpenCV.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from pathlib import Path

INTERFACE = 5
FILE = "_kernel.abi3.so"


class TextureStruct(ctypes.Structure):
    _fields_ = [(n, ctypes.c_void_p) for n in ("texture", "means", "steps", "weights", "runs")] + [
        (n, ctypes.c_int64) for n in ("pairs", "n_runs", "bits")
    ]


class MeshStruct(ctypes.Structure):
    _fields_ = [
        (n, ctypes.c_void_p) for n in ("frame", "keep", "texture", "points", "targets", "nudge", "triangles", "order")
    ] + [
        (n, ctypes.c_int64)
        for n in (
            "width",
            "height",
            "texture_width",
            "texture_height",
            "n_points",
            "n_triangles",
            "y0",
            "x0",
            "y1",
            "x1",
        )
    ]


class RimStruct(ctypes.Structure):
    _fields_ = (
        [(n, ctypes.c_void_p) for n in ("frame", "background", "keep", "opacity", "points", "edges")]
        + [(n, ctypes.c_int64) for n in ("width", "height", "n_points", "n_edges", "y0", "x0", "y1", "x1")]
        + [("feather", ctypes.c_double)]
    )


class TallStruct(ctypes.Structure):
    _fields_ = [(n, ctypes.c_void_p) for n in ("frame", "tall")] + [
        (n, ctypes.c_int64) for n in ("width", "height", "tall_width", "tall_height", "rows", "y0", "x0", "y1", "x1")
    ]


class EyeStruct(ctypes.Structure):
    _fields_ = (
        [(n, ctypes.c_void_p) for n in ("frame", "before")]
        + [(n, ctypes.c_int64) for n in ("width", "height", "y0", "x0", "y1", "x1")]
        + [("eye", ctypes.c_double * 21)]
    )


_FUNCTIONS = {
    "th_texture": TextureStruct,
    "th_draw": MeshStruct,
    "th_soften": RimStruct,
    "th_spread": TallStruct,
    "th_average": TallStruct,
    "th_eye": EyeStruct,
}


def _whole(path: Path) -> bool:
    """Whether an ELF file has all that its headers name; the system would map a shorter one and die on reading it.

    Files of other kinds are left to the system's loader to judge.
    """
    data = path.read_bytes()
    if data[:4] != b"\x7fELF":
        return True
    try:
        wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
        segments, sections = struct.unpack_from(order + ("QQ" if wide else "II"), data, 32 if wide else 28)
        size, count, section_size, section_count = struct.unpack_from(order + "4H", data, 54 if wide else 42)
        ends = [segments + size * count, sections + section_size * section_count]
        for number in range(count):
            header = segments + size * number
            if wide:
                begin, _, _, length = struct.unpack_from(order + "4Q", data, header + 8)
            else:
                begin, _, _, length = struct.unpack_from(order + "4I", data, header + 4)
            ends.append(begin + length)
    except (struct.error, IndexError):
        return False
    return max(ends) <= len(data)


@functools.cache
def _load() -> tuple[ctypes.CDLL | None, str]:
    path = os.environ.get("TH_FACE_KERNEL") or str(Path(__file__).with_name(FILE))
    if not os.path.isfile(path):
        return None, "the C kernel was not built (it needs a C compiler)"
    try:
        if not _whole(Path(path)):
            return None, "the C kernel cannot be loaded: its file is cut short, build it again"
        library = ctypes.CDLL(os.path.abspath(path))
        library.th_interface.restype = ctypes.c_int64
        found = int(library.th_interface())
        if found != INTERFACE:
            return None, f"the C kernel is of version {found}, this package needs {INTERFACE}: build it again"
        for name, structure in _FUNCTIONS.items():
            function = getattr(library, name)
            function.argtypes = [ctypes.POINTER(structure)]
            function.restype = ctypes.c_int64 if name == "th_draw" else None
    except (OSError, AttributeError) as error:
        return None, f"the C kernel cannot be loaded: {error}"
    return library, ""


def library() -> ctypes.CDLL | None:
    """The kernel, or None. TH_FACE_KERNEL names another build of it; a path that is not there switches it off."""
    return _load()[0]


def problem() -> str:
    """Why there is no kernel; empty where there is one."""
    return _load()[1]
