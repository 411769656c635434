"""From videos of one face to a corpus of another: what is in it, what is not, and who is left out."""

import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from th_common.default_model import default_model_folder
from th_common.errors import InputError
from th_face_renderer import load_face
from th_training.corpus import checks, prepare
from th_training.corpus.commands import app
from th_training.corpus.format import read_corpus
from th_training.corpus.prepare import Plan
from th_training.corpus.recordings import Found, Recording
from th_training.landmarks.measures import lip_opening
from th_training.landmarks.track import Track
from th_training.retarget import transfer
from th_training.retarget.repertoire import Repertoire

SCALE, SHIFT = 0.42, np.array([160, 120]) - 0.42 * 256  # as filming.Camera shows one person


@pytest.fixture(scope="module")
def talks(talk, said, tmp_path_factory):
    folder = tmp_path_factory.mktemp("talks")
    for name, begin in (("one", 0.0), ("two", 1.5)):
        talk(folder / f"{name}.mkv", begin, begin + 1.5)
    for name in ("gap", "still", "nobody"):
        shutil.copy(folder / "one.mkv", folder / f"{name}.mkv")
        with (folder / f"{name}.mkv").open("ab") as file:
            file.write(name.encode())  # another digest
    return folder


@pytest.fixture
def tracked(said, monkeypatch):
    """The tracker sees exactly the landmarks that were filmed; of some clips something else."""
    codes, model = said[2], load_face(default_model_folder()).model

    def track(video, cache, *, strict=True):
        first = 90 if video.stem == "two" else 0
        rows = np.round((np.arange(38) + 0.5) / 25 * 60 - 1).astype(int) + first
        points = model.landmark_track(codes[np.clip(rows, 0, len(codes) - 1)]) * SCALE + SHIFT
        if video.stem == "still":
            points = np.repeat(points[:1], len(points), 0)
        if video.stem == "gap":
            points[10:20] = np.nan
        if video.stem == "nobody":
            points[:] = np.nan
        return Track(points.astype(np.float32), np.ones(len(points), np.float32), 25.0)

    for module in (checks, transfer):
        monkeypatch.setattr(module, "cached_track", track)
    for module in (checks, prepare):
        monkeypatch.setattr(module, "has_tracker", lambda: True)
    monkeypatch.setattr(checks, "MIN_FOUND", 0.6)
    monkeypatch.setattr(transfer, "MIN_FOUND", 0.6)
    rng = np.random.default_rng(0)
    moods = (codes + rng.normal(0, 0.5, codes.shape)).astype(np.float32)
    known = Repertoire(np.concatenate([codes, moods]), codes[:, :8], "corpus")
    monkeypatch.setattr(prepare, "find_repertoire", lambda *_args, **_kwargs: known)


def make(folder, out, cache, names, *, still="me", **fields):
    found = [
        Recording(id=name, video=folder / f"{name}.mkv", speaker=still if name == "still" else "me") for name in names
    ]
    plan = Plan(retarget="default", cache=cache, jobs=1, profile="robot", **fields)
    return prepare.prepare(Found(tuple(found)), out, plan, about={"kind": "test"}).corpus


@pytest.mark.usefixtures("tracked")
def test_the_face_moves_as_the_person(talks, cache, tmp_path, said):
    corpus = make(talks, tmp_path, cache, ["one", "two", "gap", "nobody"])
    face = load_face(default_model_folder())
    assert corpus.face == face.model_id
    assert corpus.about["retarget"]["look_from"] == "corpus"
    assert [clip.id for clip in corpus.clips] == ["gap", "one", "two"]
    assert "nobody.mkv" in corpus.left_out["nobody"]
    assert "a face was found in only 0" in corpus.left_out["nobody"]
    for clip in corpus.clips:
        first = 90 if clip.id == "two" else 0
        _, codes = corpus.load(clip)
        true = said[2][first : first + len(codes)]
        drawn, real = (lip_opening(face.model.landmark_track(rows)) for rows in (codes, true))
        quality = corpus.arrays(clip, "quality")["quality"]
        assert np.corrcoef(drawn[quality > 0], real[quality > 0])[0, 1] > 0.95
        if clip.id == "gap":
            assert (quality[26:44] == 0).all()
            assert np.isfinite(codes).all()
    again = make(talks, tmp_path, cache, ["one", "two", "gap", "nobody"])
    assert again.clips == corpus.clips


@pytest.mark.usefixtures("tracked")
def test_no_likeness_is_in_it(talks, cache, tmp_path):
    """Codes of the face, features of the sound; nothing that has the person's own landmarks."""
    corpus = make(talks, tmp_path, cache, ["one", "two"])
    for clip in corpus.clips:
        assert set(corpus.arrays(clip)) == {"features", "codes", "quality", "phones"}
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    names = ("one", "two")
    assert files == {
        "manifest.json",
        "face.json",
        "face.safetensors",
        *(f"{folder}/{name}.npz" for folder in ("clips", "encoded") for name in names),
    }
    for name in names:
        with np.load(tmp_path / "encoded" / f"{name}.npz") as held:
            assert held["landmarks"].shape == (0, 68, 2)
            assert {key: held[key].shape[1:] for key in ("codes", "quality")} == {"codes": (16,), "quality": ()}


@pytest.mark.usefixtures("tracked")
def test_who_does_not_move_is_left_out(talks, cache, tmp_path):
    corpus = make(talks, tmp_path, cache, ["one", "still", "two"], still="statue")
    assert [clip.id for clip in corpus.clips] == ["one", "two"]
    assert "still.mkv: statue: " in corpus.left_out["still"]
    with pytest.raises(InputError, match="too little movement"):
        make(talks, tmp_path / "alone", cache, ["still"])


@pytest.mark.usefixtures("tracked")
def test_a_face_is_named_once(talks, cache, tmp_path):
    with pytest.raises(InputError, match="name one of them"):
        make(talks, tmp_path, cache, ["one"], face=default_model_folder())


def test_without_a_tracker_nothing_is_measured(talks, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "has_tracker", lambda: False)
    with pytest.raises(InputError, match="tracker"):
        make(talks, tmp_path, cache, ["one"])


@pytest.mark.usefixtures("tracked")
def test_the_command(talks, cache, tmp_path):
    options = ["--retarget", "default", "--profile", "robot", "--jobs", "1", "--cache", str(cache)]
    done = CliRunner().invoke(app, ["video", str(talks), str(tmp_path / "out"), *options])
    assert done.exit_code == 0, done.output
    assert "retargeted" in done.output
    assert read_corpus(tmp_path / "out").about["kind"] == "retargeted video"
