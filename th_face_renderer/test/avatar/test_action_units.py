"""FACS in ARKit's terms."""

from __future__ import annotations

import numpy as np
import pytest

from th_face_renderer.avatar.action_units import LENGTH, LIPS_PART, UNITS, intensities, told
from th_face_renderer.blendshapes import ARKIT


def weights(**given: float) -> np.ndarray:
    return np.array([given.get(name, 0.0) for name in ARKIT], np.float32)


def test_every_blendshape_is_of_one_unit_but_those_that_facs_does_not_know() -> None:
    of_units = [name for names in UNITS.values() for name in names]
    assert len(of_units) == len(set(of_units))
    assert set(ARKIT) - set(of_units) == {"mouthLeft", "mouthRight"}
    assert set(of_units) <= set(ARKIT)


@pytest.mark.parametrize(
    ("given", "units"),
    [
        ({}, {}),
        ({"browInnerUp": 0.5, "mouthFrownLeft": 0.25, "mouthFrownRight": 0.75}, {1: 0.5, 15: 0.75}),
        ({"jawOpen": 0.5}, {26: 0.5, 25: 0.5}),
        ({"jawOpen": 0.5, "mouthClose": 0.375}, {26: 0.5, 8: 0.375, 25: 0.125}),
        ({"mouthUpperUpLeft": 0.25}, {10: 0.25, 25: 0.25}),
        ({"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}, {61: 0.5}),
    ],
)
def test_units_are_the_strongest_of_their_blendshapes(given: dict[str, float], units: dict[int, float]) -> None:
    found = intensities(weights(**given))
    assert found.shape == (LENGTH,)
    assert {k: float(v) for k, v in enumerate(found) if v} == units
    np.testing.assert_array_equal(intensities(np.stack([weights(**given)] * 3)), np.stack([found] * 3))


def test_what_cannot_be_told_is_said() -> None:
    assert np.flatnonzero(told(ARKIT)).tolist() == sorted({*UNITS, LIPS_PART})
    assert np.flatnonzero(told(["jawOpen", "browOuterUpLeft"])).tolist() == [2, LIPS_PART, 26]
