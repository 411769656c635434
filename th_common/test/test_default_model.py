"""The default face is found in the source tree, else in th_bringup's share folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from th_common import default_model
from th_common.errors import ModelError


def card(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("{}")
    return folder


def test_source_tree_then_share_then_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        default_model, "__file__", str(tmp_path / "tree" / "th_common" / "th_common" / "default_model.py")
    )
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path / 'none'}:{tmp_path / 'install'}")
    with pytest.raises(ModelError, match="no face model 'default'"):
        default_model.default_model_folder()
    share = card(tmp_path / "install" / "share" / "th_bringup" / "models" / "default")
    assert default_model.default_model_folder() == share
    tree = card(tmp_path / "tree" / "models" / "default")
    assert default_model.default_model_folder() == tree


def test_a_name_is_a_shipped_model_and_a_folder_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        default_model, "__file__", str(tmp_path / "tree" / "th_common" / "th_common" / "default_model.py")
    )
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    models = {name: card(tmp_path / "tree" / "models" / name) for name in ("default", "live", "drawn")}
    monkeypatch.chdir(tmp_path)
    assert default_model.find_model() == models["default"]
    for name, folder in models.items():
        assert default_model.find_model(name) == folder
    assert default_model.find_model("some/where") == Path("some/where")
    with pytest.raises(ModelError, match="no face model 'lively'"):
        default_model.find_model("lively")
    (tmp_path / "live").mkdir()
    assert default_model.find_model("live") == Path("live")
