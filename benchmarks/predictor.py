"""One code per frame from a stream of BBF-262, by lookahead, in ms of processor time; beside it torch's own forward pass over the same window.

Features come one frame at a time, as live. Weights are random: the time does not depend on them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from th_common.model_folder import read_card
from th_face_predictor import build_network
from th_face_predictor.architecture import PAPER_UNITS
from th_face_predictor.cost import emitted_ms, per_call_ms, random_predictor
from th_training.evaluate.lookahead import LOOKAHEADS

MODELS = Path(__file__).resolve().parent.parent / "models"
SHIPPED = {"quality": MODELS / "default", "live": MODELS / "live"}
RECORDING = 1800
"""Frames."""


def main() -> None:
    torch.set_num_threads(1)
    predictor = random_predictor()
    result = {f"predictor_ms_{frames}": emitted_ms(predictor, frames) for frames in LOOKAHEADS}
    shipped = {name: read_card(folder).lookahead or 0 for name, folder in SHIPPED.items() if folder.is_dir()}
    for name, lookahead in shipped.items():
        result[f"predictor_ms_{name}"] = emitted_ms(predictor, lookahead)

    net = build_network("BBF", PAPER_UNITS["BBF"]).eval()
    window = torch.randn(shipped["quality"] + 1, 40)
    with torch.inference_mode():
        result["predictor_ms_quality_torch"] = per_call_ms(lambda _: net(window))
    result["predictor_ratio_torch"] = result["predictor_ms_quality_torch"] / result["predictor_ms_quality"]
    recording = np.random.default_rng(0).standard_normal((RECORDING, 40)).astype(np.float32)
    result["predictor_ms_offline"] = per_call_ms(lambda _: predictor.predict(recording), 1, 5) / RECORDING
    print(json.dumps({key: round(value, 4) for key, value in result.items()}))


if __name__ == "__main__":
    main()
