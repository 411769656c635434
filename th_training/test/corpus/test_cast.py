"""The actor's corpus in the paper's layout: who says what, how often with which emotion, and that the face must be the actor's."""

import hashlib
import json
from collections import Counter

import numpy as np
import pytest
import scipy.io.wavfile

from th_common.default_model import default_model_folder
from th_common.errors import DeviceError, InputError, ModelError
from th_training.aam.pose_map import PoseMap
from th_training.actor.units import UNITS
from th_training.corpus import actor
from th_training.corpus import cast as casting
from th_training.corpus.cast import cast, find_voices, make_actor_corpus
from th_training.corpus.format import read_corpus
from th_training.speech import espeak, sentences, voices
from th_training.speech.phones import PHONES

ESPEAK = [voice for voice in voices.VOICES if voice.engine == "espeak" and voice.language == "en"]


def undrawn(key, seed, *, sitter, model, tracks, progress, name):
    """A map from poses to codes whose appearance half stands still: nothing is drawn."""
    shape, appearance = model.dimensions
    mean, modes = model.shape_mean[:68].astype(float), model.shape_modes[:, :68].astype(float)
    width = shape + len(UNITS)
    still = np.zeros((1 + width, appearance)), np.zeros((1, width)), np.zeros((1, appearance))
    return PoseMap(mean, modes, np.ones(width), *still, 1.0, {})


def silent(_what):
    return lambda items, _total: items


def test_one_voice_says_the_papers_counts():
    takes = cast(ESPEAK[:1])
    assert len(takes) == 120
    counts = Counter(take.emotion for take in takes)
    assert counts == {name: 30 if name == "neutral" else 15 for name in sentences.EMOTIONS}
    assert len({take.text for take in takes}) == 120
    assert all(take.clean and take.profile == "paper" for take in takes)
    own = {text: emotion for emotion, text in sentences.english()}
    told = np.mean([own[take.text] == take.emotion for take in takes])
    assert told < 0.3  # the words do not tell how they are said


def test_casts_are_seeded_and_every_voice_says_as_much():
    first, again, other = (cast(ESPEAK[:2], clips=200, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert Counter(take.voice.id for take in first) == {voice.id: 200 for voice in ESPEAK[:2]}
    assert len({take.id for take in first}) == 400
    assert len({take.key for take in first}) == 400


def test_clean_takes_leave_the_keys_of_others_alone():
    take = cast(ESPEAK[:1], clips=1)[0]
    noisy = type(take)(id=take.id, voice=take.voice, text=take.text, emotion=take.emotion, seed=take.seed)
    assert noisy.key != take.key
    known = {"id": "a", "voice": None, "text": "silence", "emotion": "neutral", "seed": 1, "profile": "robot"}
    version = f"{actor.VERSION} quiet {actor.quiet.VERSION}"
    before = hashlib.sha256(json.dumps([version, known], sort_keys=True).encode()).hexdigest()[:16]
    assert type(take)(**known).key == before  # recordings that were made before there were clean ones are kept


def test_unknown_voices_are_named():
    with pytest.raises(InputError, match="no English voice 'nobody'"):
        find_voices(["nobody"])
    if espeak.installed():
        names = [ESPEAK[0].id, ESPEAK[1].id, ESPEAK[0].id]
        assert [voice.id for voice in find_voices(names)] == names[:2]
        assert len(find_voices([])) == 1


def test_a_small_cast_becomes_a_corpus(tmp_path, monkeypatch):
    if not espeak.installed():
        pytest.skip("espeak-ng is not installed")
    monkeypatch.setattr(casting, "_draw", undrawn)
    takes = cast(ESPEAK[:1], clips=4, profile="robot")
    try:
        made = make_actor_corpus(tmp_path, takes, face=default_model_folder(), progress=silent)
    except DeviceError as error:
        pytest.skip(str(error))
    corpus = read_corpus(tmp_path)
    assert corpus == made
    assert [len(corpus.split(name)) for name in ("train", "validation", "test")] == [2, 1, 1]
    for clip in corpus.clips:
        arrays = corpus.arrays(clip)
        assert set(arrays) == {"features", "codes", "landmarks", "phones"}
        assert {PHONES[k] for k in arrays["phones"][:, 1]} > {"SIL"}
        rate, samples = scipy.io.wavfile.read(tmp_path / clip.extra["sound"])
        assert clip.frames <= len(samples) / rate * 60 < clip.frames + 3
        assert clip.emotion in sentences.EMOTIONS
    stamps = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.npz"))]
    make_actor_corpus(tmp_path, takes, face=default_model_folder(), progress=silent)
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.npz"))] == stamps


def test_a_face_that_is_not_the_actors_is_refused(tmp_path, monkeypatch):
    if not espeak.installed():
        pytest.skip("espeak-ng is not installed")
    from th_training.aam.files import read_face, write_face

    monkeypatch.setattr(casting, "POSES", 60)
    monkeypatch.setattr(casting, "_MOST_TRACKS", 200)
    model = read_face(default_model_folder())
    tensors = {name: np.array(tensor) for name, tensor in model.to_tensors().items()}
    tensors["texture.mean"] = 255 - tensors["texture.mean"]
    write_face(tmp_path / "other.safetensors", type(model).from_tensors(tensors))
    with pytest.raises(
        (ModelError, DeviceError), match=r"other.safetensors: not a face of the virtual actor|OpenGL|EGL"
    ):
        make_actor_corpus(
            tmp_path / "c", cast(ESPEAK[:1], clips=1), face=tmp_path / "other.safetensors", progress=silent
        )
    with pytest.raises(InputError, match="not a finished corpus"):
        read_corpus(tmp_path / "c")
