import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from th_common.default_model import default_model_folder
from th_common.errors import InputError, ModelError
from th_training.aam.commands import app
from th_training.aam.encode_corpus import encode_corpus, face_and_id, find_videos
from th_training.aam.encode_video import VideoEncoder
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


def test_a_killed_process_costs_its_clip_alone(face, videos, tmp_path):
    """One clip is a pipe that nobody writes to: its process is killed while it waits for it."""
    stuck = tmp_path / "stuck.mp4"
    os.mkfifo(stuck)
    out = tmp_path / "codes"

    def kill_after_all_others(outcomes, total):
        for count, outcome in enumerate(outcomes, 1):
            yield outcome
            if count == total - 1:
                for child in multiprocessing.active_children():
                    os.kill(child.pid, signal.SIGKILL)

    clips = [stuck, videos / "one.mp4", videos / "two.mp4"]
    outcomes = encode_corpus(face, clips, out, jobs=2, progress=kill_after_all_others)
    assert states(outcomes) == {"stuck": "failed", "one": "coded", "two": "coded"}
    assert next(o.reason for o in outcomes if o.state == "failed").endswith(
        "stuck.mp4: its process was killed (SIGKILL)"
    )


@pytest.mark.parametrize("error", [MemoryError(), cv2.error("bad size"), OSError(28, "No space left on device")])
def test_what_one_clip_fails_of_is_its_own(face, videos, tmp_path, monkeypatch, error):
    code = VideoEncoder.encode

    def encode(self, path, **options):
        if path.stem == "one":
            raise error
        return code(self, path, **options)

    monkeypatch.setattr(VideoEncoder, "encode", encode)
    command = ["encode", str(face), str(videos / "one.mp4"), str(videos / "two.mp4"), "--out", str(tmp_path / "codes")]
    done = CliRunner().invoke(app, [*command, "--jobs", "1"])
    text = " ".join(done.output.split())
    assert f"one.mp4: {type(error).__name__}" in text
    assert "1 videos coded, 0 kept, 0 left out, 1 failed" in text
    assert isinstance(done.exception, InputError)
    assert "1 of 2 videos failed, 1 are in" in str(done.exception)


def test_a_full_disk_is_a_failure_of_the_clip(face, videos, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    [outcome] = encode_corpus(face, [videos / "one.mp4"], tmp_path / "codes", jobs=1)
    assert outcome.state == "failed"
    assert "No space left on device" in outcome.reason
    assert not list((tmp_path / "codes").iterdir())


def test_what_killed_runs_left_is_swept(face, videos, tmp_path):
    out = tmp_path / "codes"
    out.mkdir()
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    stale = out / f".one.npz.{int(gone.stdout)}.partial"
    running = out / f".one.npz.{os.getppid()}.partial"
    stale.write_bytes(b"half")
    running.write_bytes(b"half")
    encode_corpus(face, [videos / "one.mp4"], out, jobs=1)
    assert sorted(path.name for path in out.iterdir()) == [running.name, "one.npz"]


def test_places_and_processes_that_cannot_be_are_said_in_words(face, videos, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        encode_corpus(face, [videos / "one.mp4"], tmp_path / "file")
    with pytest.raises(InputError, match="at least one process"):
        encode_corpus(face, [videos / "one.mp4"], tmp_path, jobs=0)
    done = CliRunner().invoke(app, ["encode", str(face), str(videos), "--out", str(tmp_path), "--jobs", "0"])
    assert done.exit_code == 2
    assert "Traceback" not in done.output


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
