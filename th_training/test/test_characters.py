"""`th characters`: the list, a picture, and names that do not exist."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from th_training import cli
from th_training.face.characters import DRAWN


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["characters", *arguments])
    return int(left.value.code or 0)


def test_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    said = capsys.readouterr().out
    assert "human" in said
    assert DRAWN.summary in said


def test_one_is_drawn_in_every_pose(tmp_path: Path) -> None:
    assert run("drawn", "--sheet", str(tmp_path / "robot.jpg")) == 0
    assert cv2.imread(str(tmp_path / "robot.jpg")).shape == (4 * 256, 7 * 256, 3)


def test_an_unknown_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("unicorn") == 1
    assert "there is no character 'unicorn' (there are human, drawn)" in capsys.readouterr().err
