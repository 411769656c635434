"""Expressions of the virtual actor: coded from its pictures, written into the card, and nothing else changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from th_common.default_model import default_model_folder
from th_common.errors import DeviceError, InputError, ModelError
from th_common.model_folder import read_card
from th_face_renderer import load_face
from th_face_renderer.expression import CIRCUMPLEX
from th_face_renderer.testing import synthetic_face
from th_training.expressions import EXPRESSIONS, draw_sheet, expression_codes, give_expressions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(default_model_folder(), tmp_path / "model")
    return tmp_path / "model"


def test_the_actors_emotions_become_expressions_of_the_model(folder: Path) -> None:
    before = read_card(folder)
    try:
        card = give_expressions(folder)
    except DeviceError as error:
        pytest.skip(str(error))
    assert set(card.expressions) == set(CIRCUMPLEX)
    assert (card.id, card.files, card.training) == (before.id, before.files, before.training)
    decoder = load_face(folder)
    codes = decoder.expressions
    points = {name: decoder.landmarks(code) for name, code in codes.items()}
    width = {name: p[54, 0] - p[48, 0] for name, p in points.items()}
    brows = {name: p[[21, 22], 1].mean() for name, p in points.items()}
    gap = {name: p[66, 1] - p[62, 1] for name, p in points.items()}
    assert width["happy"] > width["neutral"]
    assert brows["angry"] > brows["neutral"] > brows["surprised"]
    assert gap["surprised"] > gap["neutral"]
    assert np.abs(codes["neutral"] - decoder.rest_code).max() < 0.5
    draw_sheet(folder, folder / "sheet.png", tile=64)
    assert cv2.imread(str(folder / "sheet.png")).shape == (128, 256, 3)


def test_another_face_is_refused(tmp_path: Path) -> None:
    synthetic_face(tmp_path, side=96)
    try:
        with pytest.raises(ModelError, match="is not that of the virtual actor"):
            give_expressions(tmp_path)
    except DeviceError as error:
        pytest.skip(str(error))
    with pytest.raises(InputError, match="has no expressions"):
        draw_sheet(tmp_path, tmp_path / "sheet.png")


def test_any_sitter_with_poses_will_do() -> None:
    decoder = load_face(default_model_folder())

    class Sitter:
        """Draws what the model itself can draw: the first weight moves its first two modes."""

        def code(self, pose: np.ndarray) -> np.ndarray:
            code = decoder.rest_code
            code[[0, 8]] += pose[0]
            return code

        def render(self, pose: np.ndarray) -> np.ndarray:
            return decoder.render(self.code(pose))

        def landmarks(self, pose: np.ndarray) -> np.ndarray:
            return decoder.landmarks(self.code(pose))

    from th_training.actor import UNITS

    sitter = Sitter()
    codes = expression_codes(decoder.model, sitter, {"joy": {UNITS[0]: 1.0}, "neutral": {}})
    assert list(codes) == ["happy", "neutral"]
    assert codes["happy"][0] - codes["neutral"][0] == pytest.approx(1.0, abs=0.05)
    assert codes["happy"][8] - codes["neutral"][8] == pytest.approx(1.0, abs=0.25)
    with pytest.raises(InputError, match="no expression"):
        expression_codes(decoder.model, sitter, {"hungry": {}})
    assert len(EXPRESSIONS) == 7
