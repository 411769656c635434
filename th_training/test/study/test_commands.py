"""`th study` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from th_training.cli import main
from th_training.study.study import Study, read_study


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["study", *map(str, arguments)])
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


def test_a_study_is_made_simulated_and_reported(
    capsys: pytest.CaptureFixture[str], model: Path, sounds: Path, tmp_path: Path
) -> None:
    folder, answers, words = tmp_path / "study", tmp_path / "people.sqlite3", tmp_path / "consent.txt"
    words.write_text("Will you?\n")
    models = [f"--model={name}={model}" for name in ("one", "two")]
    status, out, err = run(
        capsys, "make", folder, sounds / "sentences.csv", *models, "--size", 64, "--seed", 0, "--consent", words
    )
    assert (status, err) == (0, "")
    assert "2 sentences by one, two" in out
    study = read_study(folder)
    assert study.pair == ("one", "two")
    assert (folder / "consent.txt").read_text() == "Will you?\n"
    status, out, _ = run(
        capsys, "simulate", folder, answers, "--people", 30, "--preference", 0.9, "--marks", "one=4,3.5"
    )
    assert (status, out) == (0, f"{answers}: 30 simulated people\n")
    status, out, _ = run(capsys, "report", folder, tmp_path / "report", "--answers", answers)
    assert status == 0
    assert "30 SIMULATED people counted of 30 who began; 0 failed a check" in out
    assert "one was preferred to two" in out
    status, out, _ = run(capsys, "plan", folder, "--people", 12, "--repeats", 3, "--preference", 1)
    assert status == 0
    assert "preference    100 %" in out


def test_what_is_wrong_is_one_sentence(
    capsys: pytest.CaptureFixture[str], made: tuple[Path, Study], sounds: Path, tmp_path: Path
) -> None:
    folder, table, new = made[0], sounds / "sentences.csv", tmp_path / "new"
    (tmp_path / "taken").touch()
    for arguments, words in (
        (("report", tmp_path, new), "holds no study"),
        (("report", folder, new), "no answers yet"),
        (("serve", tmp_path), "holds no study"),
        (("make", new, table), "what is to be compared"),
        (("make", new, table, "--model", "default"), "NAME=VALUE"),
        (("make", new, table, "--recorded", "a=nowhere"), "no folder"),
        (("make", folder, table, "--model", "a=default"), "already"),
        (("simulate", folder, tmp_path / "taken"), "there already"),
        (("simulate", folder, new, "--marks", "proposed=4"), "not 2 numbers"),
        (("simulate", folder, new, "--recognition", "nobody=0.5"), "'nobody'"),
        (("simulate", folder, new, "--preference", "7"), "from 0 to 1"),
        (("plan", folder, "--marks", "proposed=9,9"), "from 1 to 5"),
    ):
        status, out, err = run(capsys, *arguments)
        assert (status, out) == (1, ""), arguments
        assert words in err
        assert err.startswith("th: ")
        assert err.count("\n") == 1
    assert not new.exists()
