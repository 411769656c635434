"""The five mouths of VRM avatars are the actor's own vowels."""

from __future__ import annotations

import numpy as np
import pytest

from th_face_renderer.avatar.vowels import VOWELS, vowels
from th_face_renderer.blendshapes import ARKIT
from th_training.actor.poses import VISEMES

OURS = {"A": "AA", "I": "EE", "U": "OO", "E": "EH", "O": "OH"}


def weights(viseme: str) -> np.ndarray:
    return np.array([max(VISEMES[viseme].get(name, 0.0), 0.0) for name in ARKIT], np.float32)


@pytest.mark.parametrize("vowel", VOWELS)
def test_a_vowel_of_the_actor_is_that_vowel_alone(vowel: str) -> None:
    shares = dict(zip(VOWELS, vowels(weights(OURS[vowel])).tolist(), strict=True))
    assert shares == pytest.approx({name: float(name == vowel) for name in VOWELS}, abs=1e-3)


def test_closed_lips_are_no_vowel_and_w_is_like_u() -> None:
    assert not vowels(weights("MM")).any()
    assert max(VOWELS, key=dict(zip(VOWELS, vowels(weights("WW")), strict=True)).__getitem__) == "U"
