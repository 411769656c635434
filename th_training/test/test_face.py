"""`th face`: a finished step is not done again, and one whose ingredients changed is."""

import numpy as np
import pytest

from th_training import face
from th_training.corpus.format import Clip, assign_splits, write_clip, write_manifest


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
    effort = face.Effort(epochs=(1,), units=8)
    return face._recipe("default", effort, seed=5)


def test_effort_changes_the_recipe(recipe):
    assert recipe.units == 8
    assert recipe.seed == 5
    assert [stage.epochs for stage in recipe.stages] == [1]
    assert face._recipe("default", face.FULL, 0).units > 8


def test_training_is_kept_until_something_changes(tmp_path, recipe, capsys):
    corpus = small_corpus(tmp_path / "corpus")
    first = face._train(tmp_path, corpus, recipe, 1)
    assert "kept" not in capsys.readouterr().out
    again = face._train(tmp_path, corpus, recipe, 1)
    assert "kept from an earlier run" in capsys.readouterr().out
    assert (again.network, again.lookahead, again.profile) == (first.network, first.lookahead, first.profile)
    assert again.tensors.keys() == first.tensors.keys()
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], tensor)
    face._train(tmp_path, small_corpus(tmp_path / "corpus", shift=1.0), recipe, 1)
    assert "kept" not in capsys.readouterr().out


def test_characters_are_told_apart(tmp_path):
    """The human's finished steps stay valid whatever becomes of the drawn one; an unknown name is refused at once."""
    from th_common.errors import InputError
    from th_training import actor, drawn

    assert face._drawn_by("human") == [face._sources(actor)]
    assert face._drawn_by("drawn") == [face._sources(drawn), face._sources(actor)]
    assert type(face._sitter("drawn")) is drawn.DrawnActor
    for summary, who in face.CHARACTERS.values():
        assert summary
        assert who in face.LICENCE_TEXT.format(who=who)
    with pytest.raises(InputError, match=r"unicorn.*human, drawn"):
        face.make_face(tmp_path / "model", work=tmp_path, character="unicorn")


def test_sources_digest_follows_the_files(tmp_path):
    class Package:
        __file__ = str(tmp_path / "__init__.py")

    (tmp_path / "__init__.py").write_text("")
    empty = face._sources(Package)
    (tmp_path / "more.py").write_text("x = 1")
    assert face._sources(Package) != empty
    (tmp_path / "__pycache__").mkdir()
    before = face._sources(Package)
    (tmp_path / "__pycache__" / "more.pyc").write_text("")
    assert face._sources(Package) == before


def test_what_moves_counts(tmp_path):
    rng = np.random.default_rng(0)
    clips = []
    for i in range(10):
        codes = np.stack([rng.normal(size=60), np.full(60, i), rng.normal(size=60) + 0.7 * (-1) ** i], 1)
        clip = Clip(id=f"c{i}", speaker="a", frames=60)
        clips.append(write_clip(tmp_path, clip, features=np.zeros((60, 40)), codes=codes))
    corpus = write_manifest(tmp_path, clips, profile="robot")
    moving, still, both = face.movement(corpus)
    assert moving > 0.95
    assert still == 0.1
    assert both == pytest.approx(1 / (1 + 0.7**2), abs=0.1)
