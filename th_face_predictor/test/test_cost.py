"""What a network costs live: it is a stream that is measured, one code a frame."""

from __future__ import annotations

import numpy as np
import pytest

from th_face_predictor.cost import emitted_ms, per_call_ms, random_predictor
from th_face_predictor.stream import PredictorStream


@pytest.mark.parametrize("lookahead", [0, 3])
def test_every_measured_call_emits_a_code(lookahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    emitted: list[int] = []
    push = PredictorStream.push

    def counted(self: PredictorStream, features: np.ndarray) -> np.ndarray:
        codes = push(self, features)
        emitted.append(len(codes))
        return codes

    monkeypatch.setattr(PredictorStream, "push", counted)
    assert emitted_ms(random_predictor(), lookahead, frames=5, rounds=2) > 0
    assert emitted == [0] * lookahead + [1] * 11


def test_the_paper_sizes() -> None:
    assert random_predictor("FBF").architecture.units == 312
    assert random_predictor().predict(np.zeros((3, 40), np.float32)).shape == (3, 16)


def test_the_median_of_the_rounds() -> None:
    told: list[int] = []
    assert per_call_ms(told.append, 3, 2) >= 0
    assert told == [0, 1, 2, 0, 1, 2]
