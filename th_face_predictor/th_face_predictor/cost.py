"""What a network of the paper's size costs live, by lookahead: processor time per emitted frame."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from th_face_predictor.architecture import PAPER_UNITS, Architecture
from th_face_predictor.predictor import Predictor
from th_face_predictor.stream import PredictorStream

FRAMES = 100
ROUNDS = 15


def random_predictor(name: str = "BBF", *, lookahead: int | None = 0) -> Predictor:
    """A network of the paper's size with random weights, seeded: time does not depend on them."""
    rng = np.random.default_rng(0)
    architecture = Architecture(name=name, units=PAPER_UNITS[name], inputs=40, outputs=16)
    tensors = {f"net.{k}": rng.uniform(-0.1, 0.1, shape) for k, shape in architecture.tensor_shapes().items()}
    for part, size in (("feature", 40), ("code", 16)):
        tensors |= {f"{part}.mean": np.zeros(size), f"{part}.sd": np.ones(size)}
    tensors = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
    return Predictor(architecture, tensors, lookahead=lookahead, profile="robot")


def emitted_ms(predictor: Predictor, lookahead: int, *, frames: int = FRAMES, rounds: int = ROUNDS) -> float:
    """ms of processor time from a frame of features to the code that it completes, as live: one frame at a time."""
    features = np.random.default_rng(0).standard_normal((frames, predictor.architecture.inputs)).astype(np.float32)
    stream = PredictorStream(predictor, lookahead)
    for _ in range(lookahead + 1):
        stream.push(features[:1])
    return per_call_ms(lambda k: stream.push(features[k : k + 1]), frames, rounds)


def per_call_ms(call: Callable[[int], object], calls: int = FRAMES, rounds: int = ROUNDS) -> float:
    """Median over rounds of the mean processor time of a call, which is told its number."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        for number in range(calls):
            call(number)
        times.append((time.process_time() - begin) / calls * 1e3)
    return statistics.median(times)
