import av
import numpy as np
import pytest

from th_common.errors import InputError
from th_training.errors import DamagedVideoError
from th_training.landmarks.dlib68 import Box
from th_training.landmarks.track import smooth
from th_training.landmarks.video import cached_track, landmark_video, track_video

SIZE = (96, 128)


def write_video(path, frames, *, fps=25):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode())
    return path


def noise(count, seed=0):
    return list(np.random.default_rng(seed).integers(0, 255, (count, *SIZE, 3), np.uint8))


class Finder:
    """A landmarker that sees a face wherever it is told to."""

    def __init__(self, missing=()):
        self.missing, self.seen, self.calls = set(missing), 0, 0

    def detect(self, image, *, enlarge=1.0):
        index, self.seen = self.seen, self.seen + 1
        self.calls += 1
        return None if index in self.missing else Box(60 + (index % 3 == 0), 40, 50, 1.0)

    def landmarks(self, image, box):
        return np.full((68, 2), box.x), 0.9


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "clip.mp4", noise(30))


def test_every_frame_has_landmarks_and_the_box_is_steady(video):
    track = track_video(video, landmarker=Finder())
    assert track.landmarks.shape == (30, 68, 2)
    assert np.ptp(track.landmarks[5:-5]) == 0
    landmarks, fps = landmark_video(video, landmarker=Finder())
    assert landmarks.shape == (30, 68, 2)
    assert fps == 25


def test_a_short_gap_is_filled_without_trust(video):
    track = track_video(video, landmarker=Finder(missing={10, 11}))
    assert np.flatnonzero(track.confidence == 0).tolist() == [10, 11]
    assert np.isfinite(track.landmarks).all()


@pytest.mark.parametrize(("missing", "text"), [(range(9), "only 21 of 30"), (range(10, 17), "7 frames in a row")])
def test_too_little_face_is_refused(video, missing, text):
    # 7 of 30 would pass the share; at 25 fps a quarter of a second is 6 frames.
    with pytest.raises(InputError, match=text if len(missing) > 7 else "7 frames in a row|only 23"):
        track_video(video, landmarker=Finder(missing=missing))


def test_grey_frames_are_damage(tmp_path):
    frames = noise(20) + [np.full((*SIZE, 3), 128, np.uint8)] * 5
    path = write_video(tmp_path / "grey.mp4", frames)
    with pytest.raises(InputError, match=r"grey.mp4: damaged video, \d+ of 25 pictures are grey"):
        track_video(path, landmarker=Finder())


def test_a_track_is_remembered_and_so_is_damage(video, tmp_path):
    finder = Finder()
    first = cached_track(video, tmp_path / "cache", landmarker=finder)
    calls = finder.calls
    again = cached_track(video, tmp_path / "cache", landmarker=finder)
    assert finder.calls == calls
    np.testing.assert_array_equal(first.landmarks, again.landmarks)
    [stored] = (tmp_path / "cache").iterdir()
    stored.write_bytes(stored.read_bytes()[:100])
    np.testing.assert_array_equal(
        cached_track(video, tmp_path / "cache", landmarker=Finder()).landmarks, first.landmarks
    )
    for finder in (Finder(missing=range(30)), Finder()):
        with pytest.raises(InputError, match="only 0"):
            cached_track(video, tmp_path / "other", landmarker=finder)


def test_damage_is_remembered_by_content_not_by_name(video, tmp_path, monkeypatch):
    cut = tmp_path / "cut.avi"
    write_video(cut, noise(30))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    with pytest.raises(DamagedVideoError, match=r"cut\.avi: damaged video"):
        cached_track(cut, tmp_path / "cache", landmarker=Finder())
    monkeypatch.setattr("th_training.landmarks.video.read_video", None)
    (tmp_path / "below").mkdir()
    moved = cut.rename(tmp_path / "below" / "cut.avi")
    with pytest.raises(DamagedVideoError, match=r"below/cut\.avi: damaged video"):
        cached_track(moved, tmp_path / "cache", landmarker=Finder())


def test_smoothing_keeps_a_parabola_and_calms_jitter():
    t = np.arange(40.0)
    curve = np.broadcast_to((0.1 * t**2)[:, None, None], (40, 68, 2))
    np.testing.assert_allclose(smooth(curve), curve, atol=1e-9)
    jitter = curve + np.random.default_rng(0).normal(size=curve.shape)
    assert (smooth(jitter) - curve).std() < 0.75
