"""VRM's presets from ARKit's weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from th_face_renderer.avatar.body import PLACE
from th_face_renderer.avatar.vowels import VOWELS, VRM0, VRM1, vowels, vrm
from th_face_renderer.blendshapes import ARKIT


def mouth(jaw: float, funnel: float, pucker: float, stretch: float) -> np.ndarray:
    given = {"jawOpen": jaw, "mouthFunnel": funnel, "mouthPucker": pucker}
    given |= {"mouthStretchLeft": stretch, "mouthStretchRight": stretch}
    return np.array([given.get(name, 0.0) for name in ARKIT], np.float32)


@pytest.mark.parametrize("vowel", VOWELS)
def test_a_vowel_is_itself(vowel: str) -> None:
    expected = np.eye(len(VOWELS))[list(VOWELS).index(vowel)]
    np.testing.assert_allclose(vowels(mouth(*VOWELS[vowel])), expected, atol=1e-6)


def test_a_mouth_between_two_vowels_is_both() -> None:
    half = 0.5 * (np.array(VOWELS["A"]) + np.array(VOWELS["O"]))
    np.testing.assert_allclose(vowels(mouth(*half)), [0.5, 0, 0, 0, 0.5], atol=1e-6)


def test_lips_that_are_together_say_no_vowel_whatever_the_face_feels() -> None:
    assert not vowels(mouth(0, 0.3, 0.5, 0.6)).any()
    assert vowels(mouth(0.075, 0, 0, 0.55)).sum() <= 0.5 + 1e-6


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_shares_are_never_negative_and_never_more_than_one(four: list[float]) -> None:
    shares = vowels(mouth(*four))
    assert shares.min() >= 0
    assert shares.sum() <= 1 + 1e-6


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_no_other_shares_come_nearer_to_an_open_mouth(four: list[float], others: list[float]) -> None:
    found = mouth(max(four[0], 0.15), *four[1:])
    scale, poses = np.array([3, 1, 1, 1]), np.array(list(VOWELS.values()))
    wanted = found[[PLACE[name] for name in ("jawOpen", "mouthFunnel", "mouthPucker", "mouthStretchLeft")]]
    shares = vowels(found)
    if shares.sum() < 1 - 1e-6:  # nothing was cut off
        errors = [np.square((np.asarray(s) @ poses - wanted) * scale).sum() for s in (shares, others)]
        assert errors[0] <= errors[1] + 1e-6


def test_blinks_and_looks_are_those_of_both_eyes() -> None:
    weights = np.zeros(52, np.float32)
    weights[[PLACE["eyeBlinkLeft"], PLACE["eyeBlinkRight"]]] = 0.75
    weights[[PLACE["eyeLookOutLeft"], PLACE["eyeLookInRight"]]] = 0.5
    assert dict(zip(VRM0, vrm(weights).tolist(), strict=True)) == {
        name: {"Blink": 0.75, "LookLeft": 0.5}.get(name, 0.0) for name in VRM0
    }
    assert len(VRM1) == len(VRM0)
