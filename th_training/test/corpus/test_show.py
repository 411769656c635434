"""`th corpus show` says what a manifest holds, whatever it holds."""

import numpy as np
import pytest
from typer.testing import CliRunner

from th_training.corpus.commands import app
from th_training.corpus.format import Clip, write_clip, write_manifest

LAG = {"seconds": 0.1, "low": 0.08, "high": 0.12, "correlation": 0.7, "clips": 2, "outliers": {"one": -0.2}}


def show(folder, *, about=None, extra=None, **arrays):
    rng = np.random.default_rng(0)
    arrays = {"features": rng.normal(size=(30, 40)), "codes": rng.normal(size=(30, 16)), **arrays}
    clip = Clip(id="one", speaker="me", frames=30, extra=extra or {})
    write_clip(folder, clip, **{k: v for k, v in arrays.items() if v.dtype.kind != "U"})
    if any(v.dtype.kind == "U" for v in arrays.values()):
        np.savez(folder / "clips" / "one.npz", **arrays)
    write_manifest(folder, [clip], profile="robot", about=about, left_out={"two": "silent"})
    result = CliRunner().invoke(app, ["show", str(folder)])
    assert result.exit_code == 0, result.exception
    return result.output


def test_lag_notes_and_what_was_left_out_are_said(tmp_path):
    said = show(tmp_path, about={"lag_left": LAG}, extra={"notes": ["no phones", "cut"]})
    assert "lag: pictures 0.100 s later than the sound (+0.080 .. +0.120, 2 clips, r 0.70); --apply-lag" in said
    assert "out of step with the others: one: -0.200 s" in said
    assert "note: one: no phones; cut" in said
    assert "left out: two: silent" in said


@pytest.mark.parametrize("about", [{"lag_left": {"seconds": "x"}}, {"lag_left": 3}, {"lag_applied": "q"}])
def test_a_lag_that_is_none_is_said(tmp_path, about):
    assert "lag: what the manifest says cannot be read" in show(tmp_path, about=about)


def test_notes_and_quality_of_another_type_do_not_end_it(tmp_path):
    said = show(tmp_path, extra={"notes": 5}, quality=np.full(30, "x"))
    assert "note: one: 5" in said
    assert "quality of the codes" not in said


@pytest.mark.parametrize("words", [["grid", ".", "out", "--seed", "-1"], ["record", "out", "--seed", "-1"]])
def test_negative_seeds_are_refused(words):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "--seed" in result.output
