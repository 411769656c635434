"""Learning curves as a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from th_training import cli
from th_training.learn.curves import draw
from th_training.learn.fit import Epoch
from th_training.learn.trained import write_history

HISTORY = [Epoch(0, k, 3, 1.0 / (k + 1), 1.1 / (k + 1), 0.2 * k, 1e-3, 1000.0) for k in range(3)]


def test_each_training_is_a_line() -> None:
    figure = draw({"one": HISTORY, "two": HISTORY[:1]})
    assert [len(axis.lines) for axis in figure.axes] == [2, 2, 2]
    assert list(figure.axes[2].lines[0].get_ydata()) == [e.corr for e in HISTORY]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_history(tmp_path / name, HISTORY)

    def th(*arguments: object) -> int:
        with pytest.raises(SystemExit) as stop:
            cli.main(["curves", *map(str, arguments)])
        assert isinstance(stop.value.code, int)
        return stop.value.code

    picture = tmp_path / "curves.png"
    assert th(tmp_path / "a", tmp_path / "b", picture) == 0
    assert cv2.imread(str(picture)).shape == (400, 1200, 3)
    assert th(tmp_path / "a", tmp_path / "b") == 1
    assert "the picture's name must end in" in capsys.readouterr().err
    assert th(tmp_path, picture) == 1
    assert "holds no training" in capsys.readouterr().err
