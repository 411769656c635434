"""Acoustic features to facial codes: bidirectional LSTM with bounded lookahead.

`load_predictor`, `Predictor` and `PredictorStream` run on numpy alone; torch is imported only when `build_network` is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from th_face_predictor.predictor import Predictor, load_predictor
from th_face_predictor.stream import PredictorStream

if TYPE_CHECKING:
    from th_face_predictor.network import build_network

__all__ = ["Predictor", "PredictorStream", "build_network", "load_predictor"]


def __getattr__(name: str) -> Any:
    if name == "build_network":
        from th_face_predictor.network import build_network

        return build_network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
