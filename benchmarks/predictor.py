"""One code per frame from a stream of BBF-262, in ms of one core; beside it torch's own forward pass over the same window.

Features come one frame at a time, as live. Weights are random: the time does not depend on them.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from th_face_predictor import Predictor, PredictorStream, build_network
from th_face_predictor.architecture import PAPER_UNITS

QUALITY = 8
LOOKAHEADS = (0, 3, QUALITY, 30)
FRAMES = 200
ROUNDS = 15


def per_frame_ms(step: Callable[[int], object]) -> float:
    """Median over rounds of the mean time of a step."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for frame in range(FRAMES):
            step(frame)
        times.append((time.perf_counter() - begin) / FRAMES * 1e3)
    return statistics.median(times)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = build_network("BBF", PAPER_UNITS["BBF"]).eval()
    tensors = {f"net.{k}": v.numpy() for k, v in net.state_dict().items()}
    for name, size in (("feature", 40), ("code", 16)):
        tensors |= {f"{name}.mean": np.zeros(size, np.float32), f"{name}.sd": np.ones(size, np.float32)}
    predictor = Predictor(net.architecture, tensors, lookahead=QUALITY, profile="robot")
    features = np.random.default_rng(0).standard_normal((FRAMES, 40)).astype(np.float32)

    result: dict[str, float] = {}
    for lookahead in LOOKAHEADS:
        stream = PredictorStream(predictor, lookahead)
        stream.push(features)
        result[f"predictor_ms_{lookahead}"] = per_frame_ms(lambda i, s=stream: s.push(features[i : i + 1]))
    result["predictor_ms_quality"] = result.pop(f"predictor_ms_{QUALITY}")

    window = torch.from_numpy(features[: QUALITY + 1])
    with torch.inference_mode():
        result["predictor_ms_quality_torch"] = per_frame_ms(lambda _: net(window))
    result["predictor_ratio_torch"] = result["predictor_ms_quality_torch"] / result["predictor_ms_quality"]
    begin = time.perf_counter()
    recording = np.tile(features, (9, 1))
    predictor.predict(recording)
    result["predictor_ms_offline"] = (time.perf_counter() - begin) / len(recording) * 1e3
    print(json.dumps({key: round(value, 4) for key, value in result.items()}))


if __name__ == "__main__":
    main()
