"""From recordings to a corpus: what comes out, what is left out by name, and that nothing half is ever taken for a whole."""

import errno
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile
from typer.testing import CliRunner

from th_audio_features import extract
from th_common.default_model import default_model_folder
from th_common.errors import InputError
from th_face_renderer import load_face
from th_training import whole
from th_training.corpus import checks, pictures, prepare
from th_training.corpus.commands import app
from th_training.corpus.format import MANIFEST, read_corpus
from th_training.corpus.prepare import Plan
from th_training.corpus.recordings import Found, Recording
from th_training.corpus.savee import find_savee
from th_training.corpus.sound import read_sound
from th_training.speech.phones import PHONES

TRACKER = all(importlib.util.find_spec(name) for name in ("dlib", "face_recognition_models"))
CORPUS = Path(os.environ.get("TH_CORPUS", Path(__file__).parents[4] / "shared" / "corpus")) / "grid_s1"
RATE = 16_000


@pytest.fixture
def no_tracker(monkeypatch):
    """As on a machine without dlib: no landmarks, and nothing that takes seconds."""
    for module in (checks, pictures, prepare):
        monkeypatch.setattr(module, "has_tracker", lambda: False)


@pytest.fixture(scope="session")
def filmed(talk, said, tmp_path_factory):
    """Good and bad recordings."""
    folder = tmp_path_factory.mktemp("filmed")
    samples, rate, _ = said
    uneven = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.06, 36))
    talk(folder / "even.mkv")
    talk(folder / "uneven.mkv", 1.0, 2.5, times=uneven - uneven[0])
    talk(folder / "late.mkv", 2.0, 3.5, sound_start=0.4)
    talk(folder / "long.mkv", 1.0, 2.5, times=np.arange(50) / 25)
    talk(folder / "one_picture.mkv", times=np.zeros(1))
    talk(folder / "mute.mkv", with_sound=False)
    talk(folder / "nobody.mkv", people=0)
    talk(folder / "two.mkv", people=2, times=np.arange(20) / 25)
    talk(folder / "slow.mkv", times=np.arange(12) / 8, fps=8)
    talk(folder / "silent.mkv", with_sound=False)
    scipy.io.wavfile.write(folder / "silent.wav", rate, np.zeros(round(1.5 * rate), np.int16))
    talk(folder / "other.mkv", with_sound=False)
    scipy.io.wavfile.write(folder / "other.wav", rate, np.round(np.tile(samples, 3) * 32767).astype(np.int16))
    (folder / "broken.mkv").write_bytes((folder / "even.mkv").read_bytes()[:20_000])
    return folder


@pytest.fixture(scope="session")
def made(filmed, cache, tmp_path_factory):
    """The corpus of four good recordings; its pictures are coded once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (checks, pictures, prepare):
            patch.setattr(module, "has_tracker", lambda: False)
        found = recordings(filmed, "even", "uneven", "late", "long")
        return make(found, tmp_path_factory.mktemp("made"), cache, profile="robot")


@pytest.fixture
def coded(made, tmp_path, no_tracker):
    """A folder where the pictures of the four are coded already, and no more."""
    shutil.copytree(made.corpus.folder / "encoded", tmp_path / "corpus" / "encoded")
    return tmp_path / "corpus"


def recordings(folder, *names, **fields):
    found = []
    for name in names:
        sound = folder / f"{name}.wav"
        found.append(
            Recording(
                id=name, video=folder / f"{name}.mkv", sound=sound if sound.is_file() else None, speaker="me", **fields
            )
        )
    return Found(tuple(found))


def plan(cache, **fields):
    return Plan(face=default_model_folder(), cache=cache, jobs=1, **fields)


def make(found, out, cache, **fields):
    return prepare.prepare(found, out, plan(cache, **fields), about={"kind": "test"})


def test_recordings_become_a_corpus(made, filmed):
    corpus = read_corpus(made.corpus.folder)
    assert corpus == made.corpus
    assert [clip.id for clip in corpus.clips] == ["even", "late", "long", "uneven"]
    assert sorted(clip.split for clip in corpus.clips) == ["test", "train", "train", "validation"]
    assert corpus.face_path is not None
    assert corpus.face == json.loads((default_model_folder() / "card.json").read_text())["id"]
    for clip in corpus.clips:
        arrays = corpus.arrays(clip)
        assert set(arrays) == {"features", "codes", "quality", "phones"}
        assert arrays["codes"].dtype == np.float32
        assert arrays["codes"].shape == (clip.frames, 16)
        assert arrays["phones"].dtype == np.int16
        assert (arrays["phones"] == -1).all()  # nobody knows what is said
        assert clip.extra["video"] == str(filmed / f"{clip.id}.mkv")


@pytest.mark.parametrize(("name", "begin"), [("even", 0.0), ("uneven", 1.0), ("late", 2.0), ("long", 1.0)])
def test_rows_are_in_step_with_the_sound(name, begin, made, filmed, said):
    """Whatever the frame rate, and wherever sound and pictures begin: a row is the face that was drawn for that sound."""
    *_, true = said
    model = load_face(default_model_folder()).model
    clip = next(clip for clip in made.corpus.clips if clip.id == name)
    features, codes = made.corpus.load(clip)
    row = round(clip.extra["sound_start"] * 60)
    whole = extract(read_sound(filmed / f"{name}.mkv").samples, RATE, profile="robot")
    np.testing.assert_allclose(features[8:-8, :13], whole[row + 8 : row + clip.frames - 8, :13], atol=1e-3)
    if name == "late":  # the sound begins 0.4 s after the pictures, which show the sentence from their own start on
        begin += 0.4
    seen, drawn = (points[:, 66, 1] - points[:, 62, 1] for points in map(model.landmark_track, (codes, true)))
    count, first = len(seen) - 10, round(begin * 60) + row + 5
    at = {k: np.corrcoef(seen[5:-5], drawn[first + k : first + k + count])[0, 1] for k in range(-5, 6)}
    assert max(at, key=at.__getitem__) in (-1, 0, 1)
    assert at[0] > 0.95


def test_what_cannot_be_used_is_left_out_by_name(filmed, cache, coded):
    bad = ("one_picture", "mute", "nobody", "two", "slow", "silent", "other", "broken", "gone")
    found = recordings(filmed, "even", *bad)
    corpus = make(replace(found, passed_over={"x.avi": "is none"}), coded, cache).corpus
    assert [clip.id for clip in corpus.clips] == ["even"]  # a corpus of one clip, all of it to train on
    assert corpus.clips[0].split == "train"
    said = dict(corpus.left_out)
    assert said.pop("x.avi") == "is none"
    assert set(said) == set(bad)
    expected = {
        "one_picture": "1 picture are too short",
        "mute": "holds no sound",
        "nobody": "the face was seen in only 0%",
        "two": "two faces, in 5 of 5",
        "slow": "8 pictures per second are too few",
        "silent": "silent",
        "other": "have only 1.52 of 11.98 s in common",
        "broken": "damaged video",
        "gone": "not a readable video",
    }
    for name, text in expected.items():
        assert f"{name}." in said[name]
        assert text in said[name]


@pytest.mark.usefixtures("no_tracker")
def test_nothing_to_use_is_said(filmed, cache, tmp_path):
    with pytest.raises(InputError, match=r"none of \d recordings can be used; first: .*nobody.mkv"):
        make(recordings(filmed, "nobody", "nobody2"), tmp_path, cache)
    assert not (tmp_path / MANIFEST).exists()


def test_without_a_tracker_there_is_no_face_to_build(filmed, cache, tmp_path, no_tracker):
    with pytest.raises(InputError, match="--face"):
        prepare.prepare(recordings(filmed, "even"), tmp_path, Plan(cache=cache, jobs=1), about={})


def test_a_corpus_of_another_kind_is_not_written_over(made, filmed, cache, tmp_path):
    folder = shutil.copytree(made.corpus.folder, tmp_path / "other")
    with pytest.raises(InputError, match=r"another kind \(test, not grid\)"):
        prepare.prepare(recordings(filmed, "even"), folder, plan(cache), about={"kind": "grid"})
    assert read_corpus(folder).clips == made.corpus.clips


def test_phones_come_from_the_text(filmed, cache, filming, talk, coded, tmp_path):
    pytest.importorskip("pocketsphinx")
    talk(tmp_path / "all.mkv", 0.0, 4.0)
    found = recordings(tmp_path, "all", text=filming.TEXT)
    other = recordings(
        filmed, "even", text="Sphinx of black quartz, judge my vow before the jury of twelve yawns again."
    )
    foreign = replace(recordings(filmed, "uneven").recordings[0], text="Guten Tag", language="de")
    found = Found(found.recordings + other.recordings + (foreign,))
    done = make(found, coded, cache)
    clips = {clip.id: clip for clip in done.corpus.clips}
    phones = done.corpus.arrays(clips["all"], "phones")["phones"]
    assert (phones >= 0).all()
    assert clips["all"].extra["phones"] == "aligned"
    assert len(np.unique(phones[:, 1])) > 15
    assert (done.corpus.arrays(clips["even"], "phones")["phones"] == -1).all()
    assert "no phones: " in done.notes["even"][0]
    assert "uneven" not in done.notes


def test_only_what_has_changed_is_made_anew(filmed, cache, coded):
    tmp_path = coded
    found = recordings(filmed, "even", "uneven")
    make(found, tmp_path, cache)

    def stamps():
        return {str(path.relative_to(tmp_path)): path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}

    first = stamps()
    make(found, tmp_path, cache)
    assert stamps() == first
    changed = (found.recordings[0], replace(found.recordings[1], emotion="fear"))
    make(Found(changed), tmp_path, cache)
    second = stamps()
    assert {name for name in first if first[name] != second[name]} == {"clips/uneven.npz"}
    corpus = make(recordings(filmed, "even"), tmp_path, cache, profile="robot").corpus
    assert [path.stem for path in (tmp_path / "clips").iterdir()] == ["even"]
    assert corpus.profile == "robot"


def test_a_full_disk_leaves_no_corpus_and_is_gone_on_from(filmed, cache, coded, monkeypatch):
    tmp_path = coded
    found = recordings(filmed, "even", "uneven")
    replaced = os.replace

    def full(source, target):
        if str(target).endswith(f"clips{os.sep}uneven.npz"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replaced(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(whole.os, "replace", full)
        with pytest.raises(InputError, match=r"1 of 2 recordings failed, first uneven: .*No space left.*goes on"):
            make(found, tmp_path, cache)
    with pytest.raises(InputError, match="not a finished corpus"):
        read_corpus(tmp_path)
    stamp = (tmp_path / "clips" / "even.npz").stat().st_mtime_ns
    assert len(make(found, tmp_path, cache).corpus.clips) == 2
    assert (tmp_path / "clips" / "even.npz").stat().st_mtime_ns == stamp
    assert not list(tmp_path.rglob("*.partial"))


def test_a_kill_leaves_no_corpus_even_over_an_older_one(filmed, cache, coded):
    out = coded
    make(recordings(filmed, "even", "uneven", "late"), out, cache)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from th_training.corpus import checks, pictures, prepare\n"
        "for module in (checks, pictures, prepare):\n    module.has_tracker = lambda: False\n"
        "from th_common.default_model import default_model_folder\n"
        "from th_training.corpus.recordings import Found, Recording\n"
        f"names = ('even', 'uneven', 'late')\nfolder = Path({str(filmed)!r})\n"
        "found = Found(tuple(Recording(id=n, video=folder / f'{n}.mkv', emotion='fear') for n in names))\n"
        f"plan = prepare.Plan(face=default_model_folder(), cache=Path({str(cache)!r}), jobs=1)\n"
        f"prepare.prepare(found, Path({str(out)!r}), plan, about={{'kind': 'test'}})\n"
    )
    before = (out / "clips" / "even.npz").stat().st_mtime_ns
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 120
    while (out / "clips" / "even.npz").stat().st_mtime_ns == before and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with pytest.raises(InputError, match="not a finished corpus"):
        read_corpus(out)


@pytest.mark.usefixtures("no_tracker")
def test_labels_go_before_the_text(filmed, cache, coded, tmp_path):
    labels = tmp_path / "even.lab"
    labels.write_text("0 5000000 sil\n5000000 9000000 aa\n9000000 12000000 m\n12000000 15000000 sil\n")
    wrong = tmp_path / "uneven.lab"
    wrong.write_text("0 5000000 quack\n")
    found = tuple(
        replace(one, labels=place)
        for one, place in zip(recordings(filmed, "even", "uneven").recordings, (labels, wrong), strict=True)
    )
    done = make(Found(found), coded, cache, profile="robot")
    even, uneven = done.corpus.clips
    phones = done.corpus.arrays(even, "phones")["phones"]
    assert even.extra["phones"] == "labels"
    names = [PHONES[k] for k in phones[:, 1]]
    assert names[32 - round(60 * even.extra["start"])] == "AA"
    assert (names.count("AA"), names.count("M")) == (24, 18)
    assert (done.corpus.arrays(uneven, "phones")["phones"] == -1).all()
    assert "quack" in done.notes["uneven"][0]


@pytest.mark.usefixtures("no_tracker")
def test_a_lag_is_taken_out(filmed, cache, talk, said, tmp_path):
    talk(tmp_path / "late.mkv", 0.0, 3.5, lag=0.2)
    found = recordings(tmp_path, "late")
    plain = make(found, tmp_path / "plain", cache)
    assert plain.lag is not None
    assert plain.lag.seconds == pytest.approx(0.2, abs=0.02)
    assert plain.corpus.about["lag_applied"] == 0
    done = make(found, tmp_path / "applied", cache, apply_lag=True)
    assert done.lag is not None
    assert done.lag.seconds == pytest.approx(0.0, abs=0.01)
    assert done.corpus.about["lag_applied"] == pytest.approx(0.2, abs=0.02)
    clip = done.corpus.clips[0]
    before, after = plain.corpus.load(plain.corpus.clips[0]), done.corpus.load(clip)
    first = round(clip.extra["start"] * 60)
    common = min(len(after[1]), len(before[1]) - first)
    assert common > 190
    np.testing.assert_array_equal(after[1][:common], before[1][first : first + common])
    assert clip.extra["sound_start"] == pytest.approx(clip.extra["start"] - clip.extra["lag"], abs=1e-5)


@pytest.mark.skipif(not TRACKER, reason="dlib or its weights are not installed")
def test_landmarks_are_measured_with_the_pose_out(talk, cache, tmp_path):
    talk(tmp_path / "even.mkv", times=np.arange(30) / 25)
    corpus = make(recordings(tmp_path, "even"), tmp_path / "corpus", cache).corpus
    clip = corpus.clips[0]
    arrays = corpus.arrays(clip, "landmarks", "codes")
    assert arrays["landmarks"].shape == (clip.frames, 68, 2)
    drawn = load_face(default_model_folder()).model.landmark_track(arrays["codes"])
    error = np.linalg.norm(arrays["landmarks"] - drawn, axis=-1)
    assert 0.5 < error.mean() < 12  # px of a canvas of 512: measured by another eye, in one place


@pytest.mark.usefixtures("no_tracker")
def test_savee_end_to_end(talk, said, cache, tmp_path):
    """Two sentences at 60 pictures per second, laid out as SAVEE is, the sound in a file of its own."""
    samples, rate, _ = said
    for name, begin in (("a1", 0.0), ("sa12", 1.5)):
        clip = tmp_path / "SAVEE" / "AudioVisualClip" / "DC" / f"{name}.avi"
        clip.parent.mkdir(parents=True, exist_ok=True)
        talk(clip, begin, begin + 1.5, fps=60, with_sound=False)
        letters = name.rstrip("0123456789")
        sound = tmp_path / "SAVEE" / "AudioData" / "DC" / f"{letters}{int(name[len(letters) :]):02d}.wav"
        sound.parent.mkdir(parents=True, exist_ok=True)
        part = samples[round(begin * rate) : round((begin + 1.5) * rate)]
        scipy.io.wavfile.write(sound, rate, np.round(part * 32767).astype(np.int16))
    corpus = make(find_savee(tmp_path / "SAVEE"), tmp_path / "corpus", cache).corpus
    assert [(clip.id, clip.emotion, clip.speaker) for clip in corpus.clips] == [
        ("DC-a01", "anger", "DC"),
        ("DC-sa12", "sadness", "DC"),
    ]
    assert len(corpus.left_out) == 118
    assert {clip.frames for clip in corpus.clips} == {89}
    assert all(clip.extra["video_fps"] == 60 for clip in corpus.clips)
    assert corpus.profile == "paper"


def test_the_command_says_what_it_made(filmed, cache, coded, tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("even", "uneven", "nobody"):
        (folder / f"{name}.mkv").symlink_to(filmed / f"{name}.mkv")
    words = [
        "video",
        folder,
        coded,
        "--face",
        default_model_folder(),
        "--jobs",
        1,
        "--cache",
        cache,
        "--speaker",
        "me",
    ]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, (result.output, result.exception)
    for text in (
        "2 clips of 3 recordings",
        "left out: nobody: ",
        "profile paper",
        "lag: pictures",
        "quality of the codes: 0.9",
    ):
        assert text in result.output
    shown = CliRunner().invoke(app, ["show", str(coded)])
    assert shown.exit_code == 0
    assert "arrays: codes, features, phones, quality" in shown.output
    refused = CliRunner().invoke(app, ["video", str(folder), str(tmp_path / "d"), "--profile", "none"])
    assert isinstance(refused.exception, InputError)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS.parent} (TH_CORPUS names one)")
@pytest.mark.skipif(not TRACKER, reason="dlib or its weights are not installed")
def test_a_real_speaker_over_two_processes(cache, tmp_path):
    folder = tmp_path / "grid_s1"
    folder.mkdir()
    names = ["bbaz7a", "bbbm1s", "brwa4p"]
    for name in names:
        (folder / f"{name}.mpg").symlink_to(CORPUS / "video" / f"{name}.mpg")
        (folder / f"{name}.align").symlink_to(CORPUS / "align" / f"{name}.align")
    words = ["grid", folder, tmp_path / "c", "--pictures", 20, "--jobs", 2, "--cache", cache]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, (result.output, result.exception)
    corpus = read_corpus(tmp_path / "c")
    assert [clip.id for clip in corpus.clips] == ["bbaz7a", "bbbm1s"]
    assert "grey" in corpus.left_out["brwa4p"]
    known = json.loads((tmp_path / "c" / "face.json").read_text())
    assert known["clips"] == len(corpus.split("train")) == 2
    for clip in corpus.clips:
        arrays = corpus.arrays(clip)
        assert (arrays["phones"] >= 0).all()
        assert np.isfinite(arrays["landmarks"]).all()
        assert arrays["quality"].mean() > 0.9
