"""What codes express: statistics that forget, probabilities that begin with what is known beforehand, and the part of a model folder."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from th_common.default_model import DEFAULT, LIVE, shipped_model
from th_common.errors import ModelError
from th_common.model_folder import EXPRESSION, add_tensors
from th_face_renderer import load_face
from th_face_renderer.expression import CIRCUMPLEX
from th_face_renderer.heard import HOLD, Heard
from th_face_renderer.readout import NAMES, SURE, Estimate, ReadOut, estimate, load_readout
from th_face_renderer.testing import synthetic_face, synthetic_model

FACE = synthetic_model(side=48)
OPEN = np.eye(16, dtype=np.float32)[0] * 3
"""Mode 0 opens the mouth."""


def read_out(**changes: object) -> ReadOut:
    given: dict[str, object] = {
        "mean": np.zeros(32),
        "scale": np.ones(32),
        "weights": np.random.default_rng(0).normal(0, 1, (32, 7)),
        "prior": np.log(np.arange(1, 8) / 28),
        "forget": 4.0,
        "half": 0.5,
    }
    return ReadOut(**{**given, **changes})  # type: ignore[arg-type]


def speak(heard: Heard, codes: np.ndarray, begin: float = 100.0) -> float:
    """One code per frame; the time of the last one."""
    for k, code in enumerate(codes):
        heard.hear(code, begin + k / 60)
    return begin + (len(codes) - 1) / 60


def test_the_names_are_those_of_the_seven() -> None:
    assert set(NAMES) == set(CIRCUMPLEX)


def test_where_nothing_was_heard_the_odds_are_those_known_beforehand() -> None:
    said = estimate(read_out(), Heard(FACE, 4.0), 5.0)
    np.testing.assert_allclose(said.probabilities, np.arange(1, 8) / 28, rtol=1e-6)
    assert (said.named, said.speaking, said.evidence, said.opening) == ("", False, 0.0, 0.0)
    assert said.valence == pytest.approx(
        sum(p * CIRCUMPLEX[n][0] for p, n in zip(said.probabilities, NAMES, strict=True))
    )
    assert said.arousal == pytest.approx(
        sum(p * CIRCUMPLEX[n][1] for p, n in zip(said.probabilities, NAMES, strict=True))
    )


@given(st.lists(st.floats(-4, 4), min_size=32, max_size=32), st.floats(0, 60))
def test_probabilities_sum_up_to_one(statistics: list[float], evidence: float) -> None:
    said = read_out().probabilities(np.array(statistics), evidence)
    assert said.sum() == pytest.approx(1, abs=1e-5)
    assert said.min() >= 0


def test_an_emotion_is_named_only_where_it_is_likelier_than_all_others() -> None:
    for odds, named in ((0.6, "angry"), (0.45, "")):
        probabilities = np.full(7, (1 - odds) / 6, np.float32)
        probabilities[1] = odds
        assert Estimate(probabilities, 0.1, True, 2.0).named == named
    assert SURE == 0.5


def test_statistics_are_mean_and_spread_of_what_was_said() -> None:
    heard = Heard(FACE, 1e5)
    codes = OPEN + np.random.default_rng(1).normal(0, 0.1, (120, 16)).astype(np.float32)
    end = speak(heard, codes)
    statistics, evidence = heard.statistics(end)
    np.testing.assert_allclose(statistics, np.concatenate([codes.mean(0), codes.std(0)]), atol=1e-4)
    assert evidence == pytest.approx(2.0, rel=1e-3)


def test_silence_does_not_count_and_is_told_from_speech() -> None:
    heard = Heard(FACE, 1e5)
    end = speak(heard, np.tile(OPEN, (60, 1)))
    assert heard.speaks(end)
    wide = heard.opening(end)
    rested = speak(heard, np.tile(FACE.rest, (120, 1)), end + 1 / 60)
    assert not heard.speaks(rested)
    assert heard.speaks(end + HOLD - 0.02), "lips close within words, too"
    assert heard.statistics(rested)[1] == pytest.approx(1 + HOLD, abs=0.04)
    assert heard.opening(rested) < 0.5 * wide
    assert not heard.speaks(end + 60)
    assert heard.opening(rested + 60) == 0.0


def test_what_was_said_is_forgotten_with_time_whether_somebody_speaks_or_not() -> None:
    heard = Heard(FACE, 4.0)
    end = speak(heard, np.tile(OPEN, (60, 1)))
    at_end, later = heard.statistics(end)[1], heard.statistics(end + 4.0)[1]
    assert later == pytest.approx(at_end / math.e, rel=1e-6)
    assert heard.statistics(end + 200)[1] == 0.0
    end = speak(heard, np.tile(-OPEN + 2 * FACE.rest, (1, 1)), end + 8.0)
    assert heard.statistics(end)[1] == pytest.approx(at_end / math.e**2, rel=0.05)
    long = speak(heard, np.tile(OPEN, (3600, 1)), end + 1)
    assert heard.statistics(long)[1] == pytest.approx(4.0, rel=0.01), "never more than it remembers"


def test_a_clock_that_goes_back_begins_anew() -> None:
    heard = Heard(FACE, 4.0)
    speak(heard, np.tile(OPEN, (60, 1)), 1000.0)
    speak(heard, np.tile(OPEN, (6, 1)), 10.0)
    assert heard.statistics(10.1)[1] == pytest.approx(0.1, rel=0.05)
    heard.clear()
    assert heard.statistics(10.1)[1] == 0.0


def test_a_model_folder_may_have_a_read_out(tmp_path: Path) -> None:
    synthetic_face(tmp_path, side=48)
    assert load_readout(tmp_path) is None
    made = read_out(worth=(0.58, 0.37))
    add_tensors(tmp_path, EXPRESSION, made.tensors())
    found = load_readout(tmp_path)
    assert found is not None
    assert found.worth == pytest.approx((0.58, 0.37))
    assert (found.forget, found.half, found.dimensions) == (4.0, 0.5, 16)
    rows = np.random.default_rng(2).normal(0, 1, (9, 32))
    np.testing.assert_allclose(found.probabilities(rows, 1.0), made.probabilities(rows, 1.0), atol=1e-6)
    load_face(tmp_path)

    (tmp_path / EXPRESSION).write_bytes(b"something else")
    with pytest.raises(ModelError, match="is not the card's"):
        load_readout(tmp_path)
    for change, words in (
        ({"weights": np.zeros((32, 6), np.float32)}, "expected"),
        ({"prior": np.zeros(7, np.int32)}, "no numbers"),
        ({"times": np.array([0, 1], np.float32)}, "makes no sense"),
        ({"scale": np.zeros(32, np.float32)}, "are not of a read-out"),
        ({"scale": np.full(32, 1e-30, np.float32)}, "are not of a read-out"),
        ({"weights": np.full((32, 7), 1e30, np.float32)}, "are not of a read-out"),
    ):
        add_tensors(tmp_path, EXPRESSION, {**made.tensors(), **change})
        with pytest.raises(ModelError, match=words):
            load_readout(tmp_path)


@pytest.mark.parametrize("name", [DEFAULT, LIVE])
def test_the_models_that_come_with_it_read_a_plain_mood(name: str) -> None:
    folder = shipped_model(name)
    found, face = load_readout(folder), load_face(folder)
    assert found is not None
    assert found.worth is not None
    assert found.worth[0] > found.worth[1], "better than always naming the commonest"
    gaps = [face.landmarks(face.rest_code + 2 * step)[66, 1] for step in np.eye(16, dtype=np.float32)]
    mouth = np.eye(16, dtype=np.float32)[int(np.argmax(gaps))]
    waves = 1.5 + 1.5 * np.sin(np.arange(180) / 60 * 2 * np.pi * 4)
    shown = {}
    for mood in ("happy", "angry", "sad"):
        heard = Heard(face.model, found.forget)
        half = 0.5 * (face.rest_code + face.expressions[mood])
        end = speak(heard, half + waves[:, None].astype(np.float32) * mouth)
        shown[mood] = estimate(found, heard, end)
        assert shown[mood].speaking
    place = {mood: NAMES.index(mood) for mood in shown}
    assert max(shown, key=lambda mood: shown[mood].probabilities[place["happy"]]) == "happy"
    assert max(shown, key=lambda mood: shown[mood].valence) == "happy"
