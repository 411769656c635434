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
    with pytest.raises(ModelError, match="no default face model"):
        default_model.default_model_folder()
    share = card(tmp_path / "install" / "share" / "th_bringup" / "models" / "default")
    assert default_model.default_model_folder() == share
    tree = card(tmp_path / "tree" / "models" / "default")
    assert default_model.default_model_folder() == tree
