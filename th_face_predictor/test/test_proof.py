"""A correction is proved by lips that follow the loudness better; else it is refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from th_audio_features import extract
from th_audio_io.sources import example_path
from th_common.default_model import shipped_model
from th_common.errors import InputError
from th_common.model_folder import read_card
from th_face_predictor import Predictor, load_predictor
from th_face_predictor.known_voices import corrected
from th_face_predictor.mouth import EnergyMouth
from th_face_predictor.proof import following, prove
from th_face_predictor.voice import PLACE

DULL = np.array([9.0, 4.0, 3.0] + [0.0] * (PLACE - 3))
"""What a dull microphone does to c1..c3, about."""


@pytest.fixture(scope="module")
def heard() -> tuple[Predictor, EnergyMouth, np.ndarray]:
    """The default face's network, its lips, and real speech."""
    folder = shipped_model("default")
    samples, rate = soundfile.read(example_path(), dtype="float32")
    predictor = load_predictor(folder)
    features = extract(samples, rate, profile=predictor.profile)
    return predictor, EnergyMouth.of_model(Path(folder), read_card(folder)), features


def test_lips_follow_the_loudness_of_a_voice_that_is_understood(
    heard: tuple[Predictor, EnergyMouth, np.ndarray],
) -> None:
    predictor, mouth, features = heard
    assert following(predictor, mouth, features) > 0.4
    assert following(predictor, mouth, features) > following(predictor, mouth, corrected(features, DULL))
    assert following(predictor, mouth, features[:1].repeat(60, axis=0)) == 0.0


def test_what_brings_a_voice_back_is_proved_and_what_takes_it_away_is_refused(
    heard: tuple[Predictor, EnergyMouth, np.ndarray],
) -> None:
    predictor, mouth, features = heard
    prove(predictor, mouth, corrected(features, DULL), -DULL)
    prove(predictor, mouth, features, np.zeros(PLACE))
    with pytest.raises(InputError, match=r"follow the loudness no better .*nothing is kept"):
        prove(predictor, mouth, features, DULL)
