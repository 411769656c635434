"""From what training leaves to a report, and what is refused on the way."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from th_common.errors import InputError, ModelError
from th_common.model_folder import read_card
from th_training.evaluate.load import ask_model, face_of, named, parts_of, read_predicted
from th_training.evaluate.report_command import app
from th_training.learn.export import export
from th_training.learn.folds import predict_folds
from th_training.learn.recipes import PAPER, Stage
from th_training.learn.train import train

QUICK = replace(PAPER, units=8, stages=(Stage(epochs=2, limited=False),), centre=False)


@pytest.fixture(scope="module")
def folded(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("folded")
    return out, predict_folds(corpus, QUICK, 3, out)


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    from th_training.corpus.splits import paper_split

    out = tmp_path_factory.mktemp("trained")
    train(paper_split(corpus, 0), QUICK, out)
    return out


def test_names_and_folders(tmp_path):
    assert named([f"a={tmp_path}"], "--model") == [("a", tmp_path)]
    for bad in ("a", f"={tmp_path}", "a="):
        with pytest.raises(InputError, match="NAME=FOLDER"):
            named([bad], "--model")
    with pytest.raises(InputError, match="no folder"):
        named(["a=/nowhere/at/all"], "--model")


def test_folds_become_a_method_and_parts(corpus, folded):
    out, _ = folded
    method, held = read_predicted("ours", out)
    assert (method.kind, method.network, method.recipe) == ("proposed", "BBF", PAPER.name)
    assert method.about["centred"] is False
    assert set(method.codes) == {clip.id for clip in corpus.clips}
    parts = parts_of(corpus, [("ours", held), ("again", held)])
    assert len(parts) == 3
    assert sorted(clip.id for part in parts for clip in part.split("test")) == sorted(method.codes)
    assert all(len(part.split("validation")) for part in parts)


def test_an_exported_model_says_by_which_recipe_it_was_trained(corpus, trained, tmp_path):
    export(trained, tmp_path / "model", face=corpus.folder)
    own = replace(corpus, face=read_card(tmp_path / "model").id)
    for folder, source in ((trained, corpus), (tmp_path / "model", own)):
        method = ask_model("ours", folder, source)
        assert (method.network, method.recipe, method.about["centred"]) == ("BBF", PAPER.name, False)


def test_folds_that_differ_are_not_compared(corpus, folded):
    _, held = folded
    other = replace(held, folds=held.folds[::-1])
    with pytest.raises(InputError, match="a and b were not trained on the same folds"):
        parts_of(corpus, [("a", held), ("b", other)])
    fewer = replace(corpus, clips=corpus.clips[1:])
    with pytest.raises(InputError, match="clip00"):
        parts_of(fewer, [("a", held)])


def test_a_training_is_asked(corpus, trained):
    from th_training.corpus.splits import paper_split

    part = paper_split(corpus, 0)
    method = ask_model("ours", trained, part)
    assert set(method.codes) == {clip.id for clip in part.split("test")}
    assert (method.kind, method.network) == ("proposed", "BBF")
    with pytest.raises(InputError, match="profile 'robot', the corpus has 'paper'"):
        ask_model("ours", trained, replace(part, profile="paper"))


def test_clips_that_were_trained_on_are_not_judged(corpus, trained):
    from th_training.corpus.splits import paper_split

    with pytest.raises(InputError, match=r"ours: was trained on 1 of 1 test clips, .*--split and --seed"):
        ask_model("ours", trained, paper_split(corpus, 1))


def test_no_model(corpus, tmp_path):
    with pytest.raises(ModelError, match=r"m: .*training\.json"):
        ask_model("m", tmp_path, corpus)


def test_a_face_of_another_width(corpus, tmp_path):
    from th_training.corpus.format import Clip, write_clip, write_manifest

    assert face_of(corpus, None).dimensions == (8, 8)
    arrays = corpus.arrays(corpus.clips[0], "features", "codes")
    clip = Clip(id="a", speaker="s", frames=len(arrays["codes"]))
    write_clip(tmp_path, clip, features=arrays["features"], codes=arrays["codes"][:, :9])
    other = write_manifest(tmp_path, [clip], profile="robot")
    assert face_of(other, None) is None
    with pytest.raises(InputError, match="codes of 16 numbers"):
        face_of(other, corpus.face_path)


def test_the_command(corpus, folded, trained, tmp_path):
    run = CliRunner()
    out = tmp_path / "report"
    folder, _ = folded
    done = run.invoke(app, [str(corpus.folder), str(out), "--predictions", f"ours={folder}", "--examples", "1"])
    assert done.exit_code == 0, done.output
    assert "broken" in done.output
    told = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert told["protocol"]["parts"] == 3
    assert told["protocol"]["centred"] is False
    assert told["clips"] == 20
    single = run.invoke(
        app, [str(corpus.folder), str(tmp_path / "one"), "--model", f"ours={trained}", "--split", "paper"]
    )
    assert single.exit_code == 0, single.output
    assert json.loads((tmp_path / "one" / "report.json").read_text(encoding="utf-8"))["clips"] == 1
    neither = run.invoke(app, [str(corpus.folder), str(out)])
    assert isinstance(neither.exception, InputError)
