"""`th face`: a finished step is not done again, and one whose ingredients changed is."""

import numpy as np
import pytest

from th_common.errors import InputError
from th_training import actor, drawn, face
from th_training.corpus.format import Clip, assign_splits, write_clip, write_manifest
from th_training.face.characters import CHARACTERS, DRAWN, HUMAN
from th_training.face.digests import sources
from th_training.face.effort import FULL, Effort
from th_training.face.model import LICENCE_TEXT
from th_training.face.steps import Clock
from th_training.face.training import movement, train_or_keep


def small_corpus(folder, *, shift=0.0):
    rng = np.random.default_rng(0)
    clips = []
    for i in range(12):
        features = rng.normal(size=(40, 40)).astype(np.float32)
        codes = features[:, :16] * 0.3 + np.float32(shift)
        clip = Clip(id=f"c{i}", speaker="a", frames=40, source=f"s{i}", key=f"{i} {shift}")
        clips.append(write_clip(folder, clip, features=features, codes=codes))
    split = assign_splits(clips, seed=0, validation=0.2, test=0.2)
    return write_manifest(folder, split, profile="robot", face="none")


@pytest.fixture
def recipe():
    return Effort(epochs=(1,), units=16).recipe("default", seed=5)


def test_effort_changes_the_recipe(recipe):
    assert recipe.units == 16
    assert recipe.seed == 5
    assert [stage.epochs for stage in recipe.stages] == [1]
    assert FULL.recipe("default", 0).units > 8


def test_training_is_kept_until_something_changes(tmp_path, recipe, capsys):
    corpus = small_corpus(tmp_path / "corpus")
    first = train_or_keep(tmp_path, corpus, recipe, 1)
    assert "kept" not in capsys.readouterr().out
    again = train_or_keep(tmp_path, corpus, recipe, 1)
    assert "kept from an earlier run" in capsys.readouterr().out
    assert (again.network, again.lookahead, again.profile) == (first.network, first.lookahead, first.profile)
    assert again.tensors.keys() == first.tensors.keys()
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], tensor)
    train_or_keep(tmp_path, small_corpus(tmp_path / "corpus", shift=1.0), recipe, 1)
    assert "kept" not in capsys.readouterr().out


def test_characters_are_told_apart(tmp_path):
    """The human's finished steps stay valid whatever becomes of the drawn one; an unknown name is refused at once."""
    assert HUMAN.sources() == [sources(actor)]
    assert DRAWN.sources() == [sources(drawn), sources(actor)]
    assert type(DRAWN.sitter()) is drawn.DrawnActor
    assert DRAWN.sitter(64).render(np.zeros(len(actor.UNITS), np.float32)).shape == (64, 64, 3)
    for character in CHARACTERS.values():
        assert character.summary
        assert character.who in LICENCE_TEXT.format(who=character.who)
    with pytest.raises(InputError, match=r"unicorn.*human, drawn"):
        face.make_face(tmp_path / "model", work=tmp_path, character="unicorn")


def test_finished_drawings_are_found_again(tmp_path, monkeypatch):
    """Work folders remember the step by the place and the words of its function: neither may change by accident."""
    drawn_for = []
    monkeypatch.setattr(
        "th_training.aam.make.make_actor_face", lambda sitter, *_, **__: drawn_for.append(sitter) or "face"
    )
    tracks = np.zeros((2, len(actor.UNITS)), np.float32)
    for sitter in ("somebody", "somebody else"):
        assert face._actor_face(tmp_path, DRAWN, sitter, tracks, 20, 0) == "face"
    assert drawn_for == ["somebody"]
    assert (tmp_path / "cache" / "th_training" / "face" / "_draw_face").is_dir()


def test_sources_digest_follows_the_files(tmp_path):
    class Package:
        __file__ = str(tmp_path / "__init__.py")

    (tmp_path / "__init__.py").write_text("")
    empty = sources(Package)
    (tmp_path / "more.py").write_text("x = 1")
    assert sources(Package) != empty
    (tmp_path / "__pycache__").mkdir()
    before = sources(Package)
    (tmp_path / "__pycache__" / "more.pyc").write_text("")
    assert sources(Package) == before


def test_what_moves_counts(tmp_path):
    rng = np.random.default_rng(0)
    clips = []
    for i in range(10):
        codes = np.stack([rng.normal(size=60), np.full(60, i), rng.normal(size=60) + 0.7 * (-1) ** i], 1)
        clip = Clip(id=f"c{i}", speaker="a", frames=60)
        clips.append(write_clip(tmp_path, clip, features=np.zeros((60, 40)), codes=codes))
    corpus = write_manifest(tmp_path, clips, profile="robot")
    moving, still, both = movement(corpus)
    assert moving > 0.95
    assert still == 0.1
    assert both == pytest.approx(1 / (1 + 0.7**2), abs=0.1)


def test_minutes_add_up_over_runs(tmp_path):
    clock = Clock(tmp_path / "work" / "minutes.json")
    with pytest.raises(KeyboardInterrupt), clock.step("speech"):
        raise KeyboardInterrupt
    first = clock.minutes
    assert first["speech"] >= 0.0
    (tmp_path / "work" / "minutes.json").write_text('{"speech": 2.5, "face": 1.0}')
    again = Clock(tmp_path / "work" / "minutes.json")
    with again.step("speech"):
        pass
    assert again.minutes == {"speech": pytest.approx(2.5, abs=0.1), "face": 1.0}
    for damaged in ("", "[1]", '{"speech": "x"}'):
        (tmp_path / "work" / "minutes.json").write_text(damaged)
        assert Clock(tmp_path / "work" / "minutes.json").minutes == {}


def test_a_read_out_is_taught_where_enough_was_said(tmp_path, monkeypatch, capsys):
    from th_face_renderer.readout import ReadOut, load_readout
    from th_face_renderer.testing import synthetic_face
    from th_training.face.readout import teach_readout

    synthetic_face(tmp_path / "model", side=32)
    small_corpus(tmp_path / "corpus")
    made = ReadOut(
        mean=np.zeros(32), scale=np.ones(32), weights=np.zeros((32, 7)), prior=np.zeros(7), forget=4.0, half=0.1
    )

    def learn(model, corpus, *, progress):
        assert len(corpus.clips) == 12
        return made, {}

    monkeypatch.setattr("th_training.readout.command.learn_readout", learn)
    teach_readout(tmp_path / "model", tmp_path / "corpus")
    assert load_readout(tmp_path / "model").half == pytest.approx(0.1)

    def refuse(*_, **__):
        raise InputError("too little was said")

    monkeypatch.setattr("th_training.readout.command.learn_readout", refuse)
    teach_readout(tmp_path / "model", tmp_path / "corpus")
    assert "no read-out: too little was said" in capsys.readouterr().out
