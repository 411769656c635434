"""Tables that animators read: landmarks, and ARKit's blendshapes as Live Link Face and Audio2Face write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence

import numpy as np

from th_face_renderer.blendshapes import ARKIT

TURNS = tuple(f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll"))
"""What Live Link Face writes behind the 52: facial codes say nothing of it, so it is 0."""


def landmarks_csv(points: np.ndarray, fps: int) -> str:
    """Landmarks (T, 68, 2), px of the portrait: frame, time in s, x0, y0 .. x67, y67; x right, y down."""
    names = [f"{axis}{k}" for k in range(points.shape[1]) for axis in "xy"]
    rows = ([k, f"{k / fps:.6f}", *(f"{number:.3f}" for number in frame.ravel())] for k, frame in enumerate(points))
    return _text([["frame", "time", *names], *rows])


def live_link_csv(weights: np.ndarray, fps: int) -> str:
    """Weights (T, 52) as Live Link Face records them: Timecode, BlendShapeCount (61), the 52 in its order and spelling, 9 turns."""
    names = [name[0].upper() + name[1:] for name in ARKIT]
    count = str(len(ARKIT) + len(TURNS))
    still = ["0.0000000000"] * len(TURNS)
    rows = ([timecode(k, fps), count, *(f"{w:.10f}" for w in frame), *still] for k, frame in enumerate(weights))
    return _text([["Timecode", "BlendShapeCount", *names, *TURNS], *rows])


def timecode(frame: int, fps: int) -> str:
    """HH:MM:SS:FF.sss of a frame, as in Live Link Face's recordings."""
    seconds, rest = divmod(frame, fps)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}.000"


def weights_json(weights: np.ndarray, fps: int, name: str) -> str:
    """Weights (T, 52) in the fields of Audio2Face's blendshape files: facsNames in Apple's spelling, weightMat row by row."""
    fields = {
        "exportFps": fps,
        "trackPath": name,
        "numPoses": len(ARKIT),
        "numFrames": len(weights),
        "facsNames": list(ARKIT),
        "weightMat": [[round(float(w), 6) for w in frame] for frame in weights],
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _text(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
