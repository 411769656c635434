"""Files appear whole or not at all."""

import os

import pytest

from th_common.errors import InputError
from th_training.whole import replacing, sweep


def test_a_file_is_replaced_or_left_as_it_was(tmp_path):
    path = tmp_path / "a.npz"
    with replacing(path) as place:
        place.write_text("one")
    assert path.read_text() == "one"
    with pytest.raises(KeyError):
        _write_half(path, KeyError())
    with pytest.raises(InputError, match=r"a\.npz cannot be written \(No space"):
        _write_half(path, OSError(28, "No space left on device"))
    assert path.read_text() == "one"
    assert [found.name for found in tmp_path.iterdir()] == ["a.npz"]
    with pytest.raises(InputError, match="cannot be written"), replacing(tmp_path / "none" / "a") as place:
        place.write_text("x")


def _write_half(path, error):
    with replacing(path) as place:
        place.write_text("half")
        raise error


def test_only_what_dead_processes_left_is_swept(tmp_path):
    names = [".a.npz.999999999.partial", f".a.npz.{os.getpid()}.partial", "a.999999999.partial", ".a.partial", "a.npz"]
    for name in names:
        (tmp_path / name).write_text("")
    assert [path.name for path in sweep(tmp_path)] == names[:1]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
