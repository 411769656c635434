"""The `th` command names its parts and turns our errors into one sentence."""

import sys
import types

import pytest
import typer

from th_common.errors import InputError
from th_training import cli


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


def test_help_names_every_part(capsys):
    status, out, _ = run(capsys, "--help")
    assert status == 0
    assert all(name in out for name in cli.PARTS)


def test_unknown_part(capsys):
    status, _, err = run(capsys, "dance")
    assert status == 2
    assert "'dance'" in err


@pytest.fixture
def part(monkeypatch):
    """A part `aam` that says what it is told, in place of the real one."""
    module = types.ModuleType("th_pretended_part")
    module.app = typer.Typer()

    @module.app.command()
    def speak(word: str) -> None:
        if word == "bad":
            raise InputError("bad [word]")
        print(f"said {word}")

    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli.PARTS, "aam", (module.__name__, "Speak."))


@pytest.mark.usefixtures("part")
def test_a_part_runs_and_its_errors_are_one_line(capsys):
    assert run(capsys, "aam", "hello") == (0, "said hello\n", "")
    assert run(capsys, "aam", "bad") == (1, "", "th: bad [word]\n")
    assert run(capsys, "aam")[0] == 2


def test_a_missing_dependency_is_named(capsys, monkeypatch):
    monkeypatch.setitem(cli.PARTS, "aam", ("th_no_such_module", "Nothing."))
    status, _, err = run(capsys, "aam")
    assert status == 1
    assert "'th_no_such_module'" in err
