import os
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from th_common.default_model import default_model_folder
from th_common.errors import InputError, ModelError
from th_training.aam.commands import app
from th_training.aam.encode_corpus import encode_corpus, face_and_id, find_videos
from th_training.aam.files import write_face


@pytest.fixture(scope="module")
def videos(scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for k, name in enumerate(("one", "two")):
        scene.video(folder / f"{name}.mp4", 0.2 * k + np.arange(12) / 25)
    (folder / "damaged.mp4").write_bytes((folder / "one.mp4").read_bytes()[:900])
    return folder


@pytest.fixture
def face():
    return default_model_folder()


def states(outcomes):
    return {outcome.video.stem: outcome.state for outcome in outcomes}


def test_clips_are_coded_kept_and_made_anew(face, videos, scene, tmp_path):
    out = tmp_path / "codes"
    found = find_videos([videos])
    assert [path.stem for path in found] == ["damaged", "one", "two"]
    first = encode_corpus(face, found, out, jobs=2)
    assert states(first) == {"damaged": "left out", "one": "coded", "two": "coded"}
    assert "damaged.mp4" in first[0].reason
    assert sorted(path.name for path in out.iterdir()) == ["one.npz", "two.npz"]
    with np.load(out / "one.npz", allow_pickle=False) as held:
        assert held["codes"].shape == (28, 16)
        assert held["quality"].shape == (28,)
        assert held["landmarks"].shape == (28, 68, 2)
        assert held["pose"].shape == (28, 2, 3)
        assert float(held["fps"]) == 60
        assert str(held["face"]) == face_and_id(face)[1]

    stamp = os.stat(out / "one.npz").st_mtime_ns
    (out / "two.npz").write_bytes(b"half a file")
    again = encode_corpus(face, found, out, jobs=1)
    assert states(again) == {"damaged": "left out", "one": "kept", "two": "coded"}
    assert os.stat(out / "one.npz").st_mtime_ns == stamp


def test_another_video_face_or_rate_is_made_anew(face, videos, scene, actor_face, tmp_path):
    own = tmp_path / "clip.mp4"
    own.write_bytes((videos / "one.mp4").read_bytes())
    out = tmp_path / "codes"

    def run(face, **options):
        return encode_corpus(face, [own], out, jobs=1, **options)[0].state

    assert [run(face), run(face), run(face, fps=30.0), run(face)] == ["coded", "kept", "coded", "coded"]
    own.write_bytes((videos / "two.mp4").read_bytes())
    assert run(face) == "coded"
    other = tmp_path / "other.safetensors"
    write_face(other, replace(actor_face, rest=np.zeros_like(actor_face.rest)))
    assert run(other) == "coded"


def test_clips_of_one_name_and_empty_folders_are_refused(videos, tmp_path):
    with pytest.raises(InputError, match=r"2 videos would all become one\.npz"):
        find_videos([videos / "one.mp4", videos])
    with pytest.raises(InputError, match="no video"):
        find_videos([tmp_path])


def test_a_face_that_is_none_and_odd_rates_are_refused(face, videos, tmp_path):
    with pytest.raises(ModelError, match="no such face"):
        encode_corpus(tmp_path / "none.safetensors", [videos / "one.mp4"], tmp_path)
    with pytest.raises(InputError, match="rows per second"):
        encode_corpus(face, [videos / "one.mp4"], tmp_path, fps=0)


def test_the_command_says_what_it_did(face, videos, tmp_path):
    runner = CliRunner()
    done = runner.invoke(app, ["encode", str(face), str(videos), "--out", str(tmp_path / "codes"), "--jobs", "1"])
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert "left out:" in text
    assert "2 videos coded, 0 kept, 1 left out; 56 rows" in text
    none = runner.invoke(app, ["encode", str(face), str(videos / "damaged.mp4"), "--out", str(tmp_path / "codes")])
    assert none.exit_code != 0
    assert isinstance(none.exception, InputError)
