"""Every model that is shipped can be named, and is what its card and its licence say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from th_audio_features import PROFILES
from th_common.default_model import DEFAULT, LIVE, MODEL_PARAMETER, find_model
from th_common.model_folder import read_card
from th_face_predictor import load_predictor
from th_face_renderer import load_face
from th_face_renderer.expression import CIRCUMPLEX

MODELS = Path(__file__).resolve().parents[1] / "models"
NAMES = sorted(folder.name for folder in MODELS.iterdir() if folder.is_dir())


def test_what_parameters_offer_is_there() -> None:
    assert {DEFAULT, LIVE} <= set(NAMES)
    for name in NAMES:
        assert name in MODEL_PARAMETER.description


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_model_is_whole(name: str) -> None:
    folder = find_model(name)
    card = read_card(folder)
    assert card.name == name
    assert card.profile in PROFILES
    assert sum(path.stat().st_size for path in folder.iterdir()) < 12_000_000
    assert "CC0" in (folder / "LICENSE").read_text(encoding="utf-8")
    predictor, face = load_predictor(folder), load_face(folder)
    assert predictor.profile == card.profile
    assert set(face.expressions) == set(CIRCUMPLEX)
    picture = face.render(face.rest_code, (128, 128))
    assert picture.std() > 20
    points = face.landmarks(face.rest_code)
    assert points[66, 1] - points[62, 1] < 0.012 * float(np.hypot(*face.canvas))
