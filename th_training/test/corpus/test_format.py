"""The corpus folder: what is written is read back, damage is named, and a kill leaves nothing half."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from th_audio_features import extract
from th_common.errors import InputError
from th_training.corpus import format as corpora
from th_training.corpus.format import Clip, common_rows, write_clip


def make_clip(folder, name, *, speaker="a", frames=12, key="k", source=""):
    rng = np.random.default_rng(abs(hash(name)) % 1000)
    features = rng.normal(size=(frames, 40)).astype(np.float32)
    codes = rng.normal(size=(frames, 16)).astype(np.float32)
    clip = Clip(id=name, speaker=speaker, frames=frames, key=key, source=source or name)
    return corpora.write_clip(folder, clip, features=features, codes=codes), features, codes


def test_round_trip(tmp_path):
    clip, features, codes = make_clip(tmp_path, "one.a_1")
    corpora.write_manifest(tmp_path, [clip], profile="robot", face="abc", about={"seed": 3})
    corpus = corpora.read_corpus(tmp_path)
    assert corpus.clips == (clip,)
    assert (corpus.profile, corpus.face, corpus.about) == ("robot", "abc", {"seed": 3})
    [(_, got_features, got_codes)] = corpus.pairs("train")
    np.testing.assert_array_equal(got_features, features)
    np.testing.assert_array_equal(got_codes, codes)
    assert corpus.summary()["clips"] == {"train": 1, "validation": 0, "test": 0}


def test_a_folder_without_manifest_is_no_corpus(tmp_path):
    make_clip(tmp_path, "one")
    with pytest.raises(InputError, match="not a finished corpus"):
        corpora.read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a readable manifest"),
        ("[]", "list"),
        ("9" * 5000, "not a readable manifest"),
        ('{"format": "other/2"}', "other/2"),
        (json.dumps({"format": corpora.FORMAT, "fps": 25}), "25"),
        (json.dumps({"format": corpora.FORMAT, "fps": 60, "clips": [{"surprise": 1}]}), "not a readable manifest"),
    ],
)
def test_a_bad_manifest_is_named(tmp_path, text, said):
    (tmp_path / corpora.MANIFEST).write_text(text)
    with pytest.raises(InputError, match=said):
        corpora.read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "../../secret"}, "plain name"),
        ({"id": "/etc/passwd"}, "plain name"),
        ({"id": "two"}, "'two' comes twice"),
        ({"extra": ["video"]}, "another type"),
        ({"frames": True}, "another type"),
        ({"face_file": "/etc/passwd"}, "not a file of this folder"),
        ({"face_file": "../face.safetensors"}, "not a file of this folder"),
        ({"face_file": ".."}, "not a file of this folder"),
    ],
)
def test_a_manifest_that_reaches_elsewhere_or_is_of_other_types_is_refused(tmp_path, fields, said):
    corpora.write_manifest(tmp_path, [make_clip(tmp_path, name)[0] for name in ("one", "two")], profile="robot")
    raw = json.loads((tmp_path / corpora.MANIFEST).read_text())
    (raw if "face_file" in fields else raw["clips"][0]).update(fields)
    (tmp_path / corpora.MANIFEST).write_text(json.dumps(raw))
    with pytest.raises(InputError, match=said):
        corpora.read_corpus(tmp_path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"features": np.zeros((12, 39), np.float32)},
        {"features": np.full((12, 40), "x")},
        {"codes": np.zeros((12, 16), complex)},
        {"codes": np.zeros((12, 0), np.float32)},
        {"codes": np.zeros(12, np.float32)},
    ],
)
def test_arrays_that_are_not_features_and_codes_are_refused(tmp_path, arrays):
    clip, features, codes = make_clip(tmp_path, "one")
    corpus = corpora.write_manifest(tmp_path, [clip], profile="robot")
    np.savez(corpora.clip_path(tmp_path, "one"), **({"features": features, "codes": codes} | arrays))
    with pytest.raises(InputError, match=r"one\.npz: .* are not numbers of"):
        corpus.load(clip)


def test_damaged_and_missing_clips_are_named(tmp_path):
    clip, *_ = make_clip(tmp_path, "one")
    corpus = corpora.write_manifest(tmp_path, [clip], profile="robot")
    path = corpora.clip_path(tmp_path, "one")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        corpus.load(clip)
    assert corpora.finished_clip(tmp_path, "one", "k") is None
    path.unlink()
    with pytest.raises(InputError, match="no such clip"):
        corpus.load(clip)
    with pytest.raises(InputError, match="no such clip"):
        corpora.write_manifest(tmp_path, [clip], profile="robot")


def test_only_a_clip_of_the_same_ingredients_is_kept(tmp_path):
    clip, *_ = make_clip(tmp_path, "one", key="first")
    assert corpora.finished_clip(tmp_path, "one", "first") == clip
    assert corpora.finished_clip(tmp_path, "one", "second") is None


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden", "x" * 200])
def test_ids_are_plain_names(tmp_path, name):
    with pytest.raises(InputError, match="plain name"):
        corpora.clip_path(tmp_path, name)


def test_arrays_are_checked(tmp_path):
    clip = Clip(id="one", speaker="a", frames=4)
    with pytest.raises(InputError, match="5 rows"):
        corpora.write_clip(tmp_path, clip, features=np.zeros((5, 40), np.float32))
    with pytest.raises(InputError, match="NaN"):
        corpora.write_clip(tmp_path, clip, features=np.full((4, 40), np.nan, np.float32))


def test_splits_keep_sources_together_and_hold_voices_out():
    clips = [
        Clip(id=f"{speaker}{i}x{copy}", speaker=speaker, frames=1, source=f"text{i}")
        for speaker in "abc"
        for i in range(20)
        for copy in range(3)
    ]
    split = corpora.assign_splits(clips, seed=1, held_out=["c"])
    assert split == corpora.assign_splits(reversed(clips), seed=1, held_out=["c"])[::-1]
    by_source: dict[str, set[str]] = {}
    for clip in split:
        if clip.speaker != "c":
            by_source.setdefault(clip.source, set()).add(clip.split)
    assert {clip.split for clip in split if clip.speaker == "c"} == {"test"}
    assert all(len(splits) == 1 for splits in by_source.values())
    for speaker in "ab":
        assert {clip.split for clip in split if clip.speaker == speaker} == {"train", "validation", "test"}


ENDLESS = """
import sys, numpy
from th_training.corpus.format import Clip, write_clip
for i in range(10**6):
    clip = Clip(id="one", speaker="a", frames=2000, key=str(i))
    write_clip(sys.argv[1], clip, features=numpy.full((2000, 40), i, "f4"))
"""


def test_a_kill_leaves_whole_clips(tmp_path):
    path = corpora.clip_path(tmp_path, "one")
    with subprocess.Popen([sys.executable, "-c", ENDLESS, str(tmp_path)]) as process:
        deadline = time.monotonic() + 30
        while not path.exists() and process.poll() is None and time.monotonic() < deadline:
            process.poll()
        process.kill()
    features = corpora.read_arrays(tmp_path, "one")["features"]
    assert features.shape == (2000, 40)
    assert (features == features[0, 0]).all()


def test_features_and_codes_of_one_recording_are_cut_to_what_both_have():
    """3 s of video: 180 codes; its sound: a row less, for the features need a whole window."""
    sound = np.zeros(3 * 16000, np.int16)
    features, codes = extract(sound, 16000, profile="robot"), np.arange(180.0)[:, None] * np.ones(16)
    assert len(features) == 179
    cut = common_rows(features, codes)
    assert [len(part) for part in cut] == [179, 179]
    np.testing.assert_array_equal(cut[1], codes[:179])
    assert [len(part) for part in common_rows(features, codes[:150])] == [150, 150]
    with pytest.raises(InputError, match="179 rows of features and 140 of codes are more than 30 apart"):
        common_rows(features, codes[:140])
    with pytest.raises(InputError, match="none in common"):
        common_rows(features[:0], codes[:5])


def test_a_clip_whose_codes_and_features_differ_is_refused(tmp_path):
    with pytest.raises(InputError, match="codes has 180 rows, not 179"):
        write_clip(
            tmp_path,
            Clip(id="one", speaker="me", frames=179),
            features=np.zeros((179, 40), np.float32),
            codes=np.zeros((180, 16), np.float32),
        )


def test_format_1_is_still_read(tmp_path):
    clip, features, _ = make_clip(tmp_path, "one")
    corpora.write_manifest(tmp_path, [clip], profile="robot", face="abc")
    place = tmp_path / corpora.MANIFEST
    older = json.loads(place.read_text())
    for name in ("left_out", "face_file"):
        del older[name]
    place.write_text(json.dumps(older | {"format": "talking-head-corpus/1"}))
    corpus = corpora.read_corpus(tmp_path)
    assert (corpus.left_out, corpus.face_path) == ({}, None)
    np.testing.assert_array_equal(corpus.load(clip)[0], features)


def test_arrays_are_read_one_by_one(tmp_path):
    rows = np.arange(6, dtype=np.float32)[:, None]
    clip = write_clip(tmp_path, Clip(id="one", speaker="a", frames=6, key="k"), features=rows, landmarks=rows + 1)
    corpus = corpora.write_manifest(tmp_path, [clip], profile="robot", left_out={"two": "no face"})
    assert corpora.read_corpus(tmp_path).left_out == {"two": "no face"}
    assert list(corpus.arrays(clip, "landmarks")) == ["landmarks"]
    assert set(corpus.arrays(clip)) == {"features", "landmarks"}
    with pytest.raises(InputError, match="'codes' is missing"):
        corpus.load(clip)


def test_a_clip_of_another_making_is_refused(tmp_path):
    """A corpus that is made again, and killed: clips that are not the manifest's are no part of it."""
    clip, *_ = make_clip(tmp_path, "one", key="first")
    corpus = corpora.write_manifest(tmp_path, [clip], profile="robot")
    make_clip(tmp_path, "one", key="second")
    with pytest.raises(InputError, match="is not the clip that the manifest speaks of"):
        corpus.load(clip)


def test_a_corpus_that_is_opened_again_is_none(tmp_path):
    clip, *_ = make_clip(tmp_path, "one")
    corpora.write_manifest(tmp_path, [clip], profile="robot")
    corpora.open_again(tmp_path)
    corpora.open_again(tmp_path)
    with pytest.raises(InputError, match="not a finished corpus"):
        corpora.read_corpus(tmp_path)


def test_a_face_that_is_missing_is_named(tmp_path):
    clip, *_ = make_clip(tmp_path, "one")
    with pytest.raises(InputError, match="no such face"):
        corpora.write_manifest(tmp_path, [clip], profile="robot", face="f", face_file="face.safetensors")
