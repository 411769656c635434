"""`th landmarks` from end to end, with a tracker that sees a face where the test puts one."""

import csv

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from th_common.errors import InputError
from th_training.errors import NoTrackerError
from th_training.landmarks import commands, dlib68, sources, video
from th_training.landmarks.dlib68 import Box
from th_training.landmarks.files import read_landmarks, write_landmarks
from th_training.landmarks.track import load_track
from th_training.movie import even, write_movie

av = pytest.importorskip("av", reason="PyAV is not installed")
FACE = np.random.default_rng(1).uniform(-20, 20, (68, 2))


class Finder:
    """Sees the same face everywhere; where the picture's first pixel is dark there is none."""

    def detect(self, image, *, enlarge=1.0):
        return None if image[:8, :8].mean() < 60 else Box(60.0, 48.0, 50.0, 1.0)

    def landmarks(self, image, box):
        return FACE + np.array([box.x, box.y]), 0.3 if image[-8:, -8:].mean() < 60 else 0.9


@pytest.fixture(autouse=True)
def finder(monkeypatch, tmp_path):
    monkeypatch.setattr(video, "Landmarker", Finder)
    monkeypatch.setattr(sources, "Landmarker", Finder)
    monkeypatch.chdir(tmp_path)


def picture(*, face=True, sure=True):
    frame = np.random.default_rng(0).integers(100, 255, (96, 128, 3), np.uint8)
    frame[:16, :16] = 255 if face else 0
    frame[-16:, -16:] = 255 if sure else 0
    return frame


@pytest.fixture
def clip(tmp_path):
    frames = [picture(face=k not in (*range(10, 12), *range(20, 30)), sure=k != 5) for k in range(40)]
    write_movie(tmp_path / "clip.mp4", frames, fps=25, crf=10)
    return tmp_path / "clip.mp4"


def run(*arguments):
    result = CliRunner().invoke(commands.app, [str(word) for word in arguments], catch_exceptions=True)
    if isinstance(result.exception, InputError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_a_video_is_tracked_and_what_wants_a_look_is_listed(clip, tmp_path):
    out = run("track", clip, "--out", "o", "--sheet", "s.png", "--overlay", "v.mp4", "--review", "r.csv", "--count", 7)
    assert "2 filled, 10 lost" in out
    assert "smoothed by a parabola over 5 frames (0.20 s), which leaves 70% of the jitter" in out
    track = load_track(tmp_path / "o" / "clip.npz")
    assert np.flatnonzero(track.lost).tolist() == list(range(20, 30))
    with open("r.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    why = {(int(row["frame"]), row["reason"].split(" ")[0]) for row in rows}
    assert {(5, "low"), (10, "filled:"), (25, "no")} <= why
    assert float(rows[0]["severity"]) >= float(rows[-1]["severity"])
    assert cv2.imread("s.png").shape == (2 * 320, 6 * 320, 3)
    with av.open("v.mp4") as movie:
        frames = [frame.to_ndarray(format="bgr24") for frame in movie.decode(video=0)]
    assert len(frames) == 40
    assert frames[0].shape[:2] == (480, 640)  # small video is enlarged


def test_frames_are_written_as_files_of_their_own(clip, tmp_path):
    run("track", clip, "--out", "pts", "--format", "pts", "--first-pixel", 0)
    assert len(list((tmp_path / "pts").iterdir())) == 30
    track = video.cached_track(clip, tmp_path / "build/cache/landmarks", strict=False)
    np.testing.assert_allclose(read_landmarks("pts/clip_000003.pts", first=0), track.landmarks[3], atol=1e-3)


def test_frames_go_out_to_be_corrected_and_come_back(clip, tmp_path):
    run("export", clip, "--out", "hand", "--frames", 12)
    names = sorted(path.name for path in (tmp_path / "hand").iterdir())
    assert "clip_000025.png" in names  # lost: the picture alone
    assert "clip_000025.pts" not in names
    assert {"clip_000010.png", "clip_000010.pts"} <= set(names)
    corrected = read_landmarks("hand/clip_000010.pts") + np.array([3, 4])
    for path in (tmp_path / "hand").glob("*.pts"):
        path.unlink()
    write_landmarks("hand/clip_000010.pts", corrected)
    out = run("import", "hand", clip, "--out", "new")
    assert "1 frames, 5.00 px from the tracker" in out
    track = load_track("new/clip.npz")
    np.testing.assert_allclose(track.landmarks[10], corrected, atol=1e-3)
    assert track.by_hand == {10}
    with pytest.raises(InputError, match="npz"):
        run("export", clip, "--out", "x", "--format", "npz")


def test_hand_annotation_alone_needs_no_tracker(clip, tmp_path, monkeypatch):
    def absent():
        raise NoTrackerError("not installed")

    monkeypatch.setattr(video, "Landmarker", absent)
    write_landmarks(tmp_path / "clip_7.pts", FACE + 60)
    run("import", tmp_path, clip, "--out", "new", "--only")
    track = load_track("new/clip.npz")
    assert np.flatnonzero(~track.lost).tolist() == [7]
    with pytest.raises(InputError, match="not installed"):
        run("track", clip)
    (tmp_path / "clip_7.pts").rename(tmp_path / "clip_99.pts")
    with pytest.raises(InputError, match="none of the files"):
        run("import", tmp_path, clip, "--out", "new", "--only")


def test_pictures_are_landmarked_too_or_as_the_file_beside_says(tmp_path):
    cv2.imwrite("one.png", picture())
    cv2.imwrite("two.jpg", picture())
    write_landmarks("two.pts", FACE + 50)
    cv2.imwrite("none.png", picture(face=False))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    out = run("track", "one.png", "two.jpg", "none.png", "broken.png", "--out", "o", "--format", "ljson")
    assert "none.png: shows no face" in out
    assert "broken.png: not a picture" in out
    np.testing.assert_allclose(read_landmarks("o/one.ljson"), FACE + np.array([60, 48]), atol=1e-3)
    np.testing.assert_allclose(read_landmarks("o/two.ljson"), FACE + 50, atol=1e-3)


def test_two_files_of_one_name_and_no_usable_file_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="same name"):
        run("track", "x.mp4", "a/x.mpg")
    with pytest.raises(InputError, match="none of the files"):
        run("track", "x.mp4")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--smooth", 4), "odd number"),
        (("--overlay", "v.avi"), "end in .mp4"),
        (("--sheet", "s.xyz"), r"\.xyz is no format"),
        (("--out", "file/below"), "cannot make the folder"),
        (("--review", "file/below/r.csv"), "cannot make the folder"),
        (("--overlay", "file/v.mp4"), "cannot make the folder"),
        (("--annotations", "nowhere"), "no such folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(clip, tmp_path, options, text):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=text) as error:
        run("track", clip, *options)
    assert "\n" not in str(error.value)


def test_the_licence_of_the_weights_is_said_once(caplog):
    dlib68._say_licence.cache_clear()
    for _ in range(3):
        dlib68._say_licence()
    assert [record.message for record in caplog.records] == [dlib68.LICENCE_NOTICE]
    assert "not for commercial use" in dlib68.LICENCE_NOTICE


def test_a_movie_that_cannot_be_written_leaves_nothing(tmp_path):
    frames = [even(np.zeros((33, 41, 3), np.uint8))]
    assert frames[0].shape == (32, 40, 3)
    for path, pictures in ((tmp_path / "no" / "a.mp4", frames), (tmp_path / "a.mp4", []), (tmp_path / "a.avi", frames)):
        with pytest.raises(InputError):
            write_movie(path, pictures, fps=25)
    assert not [path for path in tmp_path.iterdir() if "a." in path.name]
