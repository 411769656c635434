"""Where it is known from how a face looks and how far it goes; and what is said where it is not."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from th_common.default_model import default_model_folder
from th_common.errors import DeviceError, InputError, ModelError
from th_training.aam.files import write_face
from th_training.corpus.format import Clip, find_face_file, write_clip, write_manifest
from th_training.corpus.own_face import FACE_FILE
from th_training.corpus.recordings import Recording
from th_training.retarget import repertoire as repertoires
from th_training.retarget.repertoire import Repertoire, find_face, find_repertoire, is_actor


@pytest.fixture
def stranger(face):
    """A face that is not the actor's."""
    mean = face.shape_mean.copy()
    mean[:, 0] = 256 + (mean[:, 0] - 256) * 1.1
    return replace(face, shape_mean=mean)


@pytest.fixture
def sounds(tmp_path):
    from th_audio_io.sources import example_path

    place = shutil.copy(example_path(), tmp_path / "said.wav")
    return [Recording(id="said", video=place)]


def test_the_actor_is_known_by_its_shape(face, stranger):
    assert is_actor(face)
    assert not is_actor(stranger)
    assert not is_actor(replace(face, canvas=(512, 640)))


def test_a_look_follows_its_shape(face, repertoire, shapes, rule):
    look = repertoire.look(face)
    shape = shapes[1][:60]
    codes = look.codes(np.zeros((60, 0)), repertoires.landmarks(face, shape))
    np.testing.assert_allclose(codes[:, :8], shape, atol=1e-4)
    assert np.abs(codes[:, 8:] - rule(shape)).mean() < 0.15
    assert look.figures["pose_map_r2"] > 0.8


def test_a_look_that_follows_nothing_is_no_error(face, shapes):
    noise = np.random.default_rng(0).normal(size=shapes[0].shape)
    loose = Repertoire(np.c_[shapes[0], noise].astype(np.float32), shapes[1], "corpus")
    assert loose.look(face).figures["pose_map_r2"] < 0.3


def test_a_corpus_tells_of_its_face(stranger, shapes, rule, tmp_path):
    write_face(tmp_path / FACE_FILE, stranger)
    moods, plain = shapes
    clips = []
    for name, emotion, split, codes in (
        ("calm", "neutral", "train", plain),
        ("glad", "happiness", "train", moods[:200]),
        ("held", "neutral", "test", moods[200:300]),
    ):
        rows = np.c_[codes, rule(codes)].astype(np.float32)
        clip = Clip(id=name, speaker="me", frames=len(rows), emotion=emotion, split=split)
        clips.append(write_clip(tmp_path, clip, codes=rows, features=np.zeros((len(rows), 40), np.float32)))
    write_manifest(tmp_path, clips, profile="robot", face_file=FACE_FILE)
    assert find_face_file(find_face(str(tmp_path))) == tmp_path / FACE_FILE
    found = find_repertoire(tmp_path, tmp_path / "out", [])
    assert found.source == "corpus"
    assert len(found.codes) == len(plain) + 200  # no test clip
    np.testing.assert_allclose(found.speech, plain, atol=1e-6)


def test_without_a_picture_of_it_a_predictor_tells(sounds, tmp_path, monkeypatch):
    """No OpenGL: the shipped model's own answers; expressions of the card are moods."""

    def no_display(*_args):
        raise DeviceError("no OpenGL")

    monkeypatch.setattr(repertoires, "_draw", no_display)
    found = find_repertoire(default_model_folder(), tmp_path, sounds)
    assert found.approximate
    assert len(found.codes) == len(found.speech) + 7
    assert np.ptp(found.speech[:, 0]) > 0.5


def test_a_model_without_expressions_will_do(sounds, tmp_path, monkeypatch):
    known = repertoires.read_card(default_model_folder())
    monkeypatch.setattr(repertoires, "read_card", lambda _: replace(known, expressions={}))
    monkeypatch.setattr(repertoires, "is_actor", lambda _: False)
    found = find_repertoire(default_model_folder(), tmp_path, sounds)
    assert len(found.codes) == len(found.speech)


def test_what_is_drawn_is_kept(face, tmp_path, monkeypatch, repertoire):
    drawn = []

    def draw(*_args):
        drawn.append(1)
        return repertoire

    monkeypatch.setattr(repertoires, "_draw", draw)
    first = find_repertoire(default_model_folder(), tmp_path, [])
    again = find_repertoire(default_model_folder(), tmp_path, [])
    assert len(drawn) == 1
    np.testing.assert_array_equal(first.codes, again.codes)
    (tmp_path / repertoires.FILE).write_bytes(b"damaged")
    find_repertoire(default_model_folder(), tmp_path, [])
    assert len(drawn) == 2


def test_a_face_alone_is_refused(stranger, tmp_path):
    write_face(tmp_path / "me.safetensors", stranger)
    with pytest.raises(InputError, match="how its look follows its shape"):
        find_repertoire(find_face(str(tmp_path / "me.safetensors")), tmp_path, [])
    with pytest.raises(ModelError, match="nobody"):
        find_face("nobody")
