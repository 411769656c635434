"""Loudness opens the lips, whatever the microphone's gain; noise and silence do not."""

from __future__ import annotations

import numpy as np
import pytest

from th_common.errors import ModelError
from th_common.model_folder import read_card
from th_face_predictor.mouth import WIDEST, EnergyMouth

RNG = np.random.default_rng(3)


def hear(energies: np.ndarray, mouth: EnergyMouth | None = None) -> np.ndarray:
    mouth = mouth or EnergyMouth(np.zeros(16), np.eye(16)[0])
    return np.array([mouth.hear(float(e)) for e in energies])


def syllables(quiet: float, loud: float, seconds: float = 6.0) -> np.ndarray:
    t = np.arange(round(60 * seconds)) / 60
    return quiet + (loud - quiet) * np.clip(np.sin(2 * np.pi * 3 * t), 0, 1)


@pytest.mark.parametrize("gain", [-6.0, -3.0, 0.0, 3.0])
def test_syllables_open_and_close_the_mouth_at_any_gain(gain: float) -> None:
    opening = hear(syllables(14.0 + gain, 22.0 + gain))[120:]
    assert opening.max() > 0.5
    assert opening.min() < 0.1


@pytest.mark.parametrize("level", [0.0, 11.0, 16.0, 19.0])
def test_steady_noise_and_silence_leave_it_closed(level: float) -> None:
    opening = hear(level + 0.2 * RNG.standard_normal(1200))
    assert opening[600:].max() < 0.05


def test_codes_are_rest_and_the_opening_alone() -> None:
    rest, direction = RNG.standard_normal(16).astype(np.float32), RNG.standard_normal(16)
    mouth = EnergyMouth(rest, direction)
    np.testing.assert_array_equal(mouth.code(0.0), rest)
    assert np.linalg.norm(mouth.code(1.0) - rest) == pytest.approx(WIDEST, rel=1e-5)


def test_the_direction_opens_the_inner_lips_most() -> None:
    modes = np.zeros((8, 68, 2), np.float32)
    modes[1, 65:68, 1], modes[1, 61:64, 1] = 3.0, -1.0
    modes[2, :, 1] = 5.0  # the whole head nods: the lips stay as they are
    mouth = EnergyMouth.of_face({"shape.modes": modes, "rest": np.zeros(16)}, dimensions=16)
    code = mouth.code(1.0)
    assert code[1] == pytest.approx(WIDEST)
    assert np.abs(np.delete(code, 1)).max() == 0.0


def test_a_face_without_modes_stays_at_rest() -> None:
    mouth = EnergyMouth.of_face({}, dimensions=16)
    np.testing.assert_array_equal(mouth.code(1.0), np.zeros(16))


def test_the_default_face_opens_its_mouth() -> None:
    from th_common.default_model import default_model_folder

    try:
        folder = default_model_folder()
    except ModelError as error:
        pytest.skip(str(error))
    mouth = EnergyMouth.of_model(folder, read_card(folder))
    assert np.isfinite(mouth.code(1.0)).all()
    assert np.abs(mouth.code(1.0) - mouth.code(0.0)).max() > 0.3
