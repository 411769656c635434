import av
import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.clock import frame_clock, to_clock
from th_training.aam.encode_video import VideoEncoder
from th_training.aam.round_trip import by_fitting


@pytest.fixture(scope="module")
def encoder(actor_face):
    return VideoEncoder(actor_face)


def steady(count, rate):
    return np.arange(count) / rate


def truth(scene, rows):
    return np.stack([scene.code((k + 1) / 60) for k in range(rows)])


@pytest.mark.parametrize("rate", [25, 30, 50])
def test_codes_are_on_the_clock_of_the_features(encoder, scene, tmp_path, rate):
    video = scene.video(tmp_path / "clip.mp4", steady(rate, rate), rate=rate)
    encoded = encoder.encode(video)
    assert encoded.codes.shape == (60, 16)
    assert encoded.codes.dtype == np.float32
    assert encoded.landmarks.shape == (60, 68, 2)
    assert encoded.pose.shape == (60, 2, 3)
    assert encoded.video_fps == pytest.approx(rate, rel=1e-3)
    assert encoded.seen == 1.0
    assert encoded.quality.min() > 0.9
    inner = slice(2, 58)
    off = encoded.codes[inner, :8] - truth(scene, 60)[inner, :8]
    assert np.sqrt((off**2).mean()) < 0.3  # an sd of the eighth mode is 0.1 px

    def apart(slip):
        points = np.stack([scene.landmarks((k + 1) / 60 + slip) for k in range(60)])
        return np.linalg.norm(encoded.landmarks - points, axis=-1)[inner].mean()

    assert apart(0.0) < 0.25
    # Half a frame of 25 fps too early or too late
    assert apart(0.0) < 0.6 * min(apart(-0.02), apart(0.02))
    np.testing.assert_allclose(encoded.pose[30], scene.pose(31 / 60), atol=1.0)


def test_a_variable_frame_rate_is_followed(encoder, scene, tmp_path):
    gaps = np.random.default_rng(2).choice([0.02, 0.04, 0.05], 30)
    times = np.round(np.cumsum(gaps) * 1200) / 1200
    encoded = encoder.encode(scene.video(tmp_path / "uneven.mp4", times - times[0]))
    rows = slice(3, len(encoded.codes) - 3)
    off = encoded.codes[rows, :8] - truth(scene, len(encoded.codes))[rows, :8]
    assert np.sqrt((off**2).mean()) < 0.3  # as above


def test_where_nobody_is_seen_is_marked(encoder, scene, tmp_path):
    encoded = encoder.encode(scene.video(tmp_path / "away.mp4", steady(30, 25), hidden=range(10, 15)))
    gone = slice(25, 35)  # rows between the pictures of 0.42 and 0.58 s
    assert (encoded.quality[gone] == 0).all()
    assert encoded.quality[:22].min() > 0.9
    assert encoded.quality[40:].min() > 0.9
    assert np.isfinite(encoded.codes).all()
    # Bridged in line: no row beyond its neighbours
    low, high = np.minimum(encoded.codes[22], encoded.codes[38]), np.maximum(encoded.codes[22], encoded.codes[38])
    assert (encoded.codes[gone] >= low - 0.3).all()
    assert (encoded.codes[gone] <= high + 0.3).all()
    assert encoded.seen == pytest.approx(25 / 30)


def test_too_little_face_and_grey_pictures_are_refused(encoder, scene, tmp_path):
    with pytest.raises(InputError, match=r"away\.mp4: the face was seen in only 40% of 10"):
        encoder.encode(scene.video(tmp_path / "away.mp4", steady(10, 25), hidden=range(4, 10)))
    grey = tmp_path / "grey.mp4"
    with av.open(str(grey), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), 128, np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match=r"grey\.mp4: damaged video, 5 of 5"):
        encoder.encode(grey)


@pytest.mark.parametrize("content", [b"", b"no video at all " * 100])
def test_what_is_no_video_is_named(encoder, tmp_path, content):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.mp4"):
        encoder.encode(path)
    with pytest.raises(InputError, match=r"missing\.mp4"):
        encoder.encode(tmp_path / "missing.mp4")


def shown(path, scene, light, *, count=60, rate=30, still=False):
    """A video of the scene in a light that changes: light(time) is its gain."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 240, "yuv420p", 6_000_000
        for k in range(count):
            time = (k + 0.5) / rate
            picture = np.clip(scene.picture(0.5 if still else time) * light(time), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return path


def test_inspecting_codes_as_encoding_does(actor_face, encoder, scene, tmp_path):
    video = shown(tmp_path / "half.mp4", scene, lambda time: 0.5, count=20)
    encoded = encoder.encode(video)
    coded = np.array([one.code for one in by_fitting(actor_face, video)])
    times = (np.arange(20) + 0.5) / 30
    expected = to_clock(times, coded, frame_clock(20 / 30))
    np.testing.assert_allclose(encoded.codes, expected, atol=1e-3)


def test_light_that_comes_and_goes_is_not_taken_for_the_face(encoder, scene, tmp_path):
    video = shown(tmp_path / "slow.mp4", scene, lambda time: 0.8 + 0.2 * np.sin(2.5 * time), still=True)
    encoded = encoder.encode(video)
    assert encoded.codes[6:-6].std(0).max() < 0.3


def test_what_lies_in_a_hole_is_not_known(encoder, scene, tmp_path):
    times = np.r_[np.arange(12) / 25, 1.4 + np.arange(12) / 25]
    encoded = encoder.encode(scene.video(tmp_path / "hole.mp4", times))
    at = (np.arange(len(encoded.codes)) + 1) / 60
    hole = (at > 0.48) & (at < 1.4)
    assert hole.sum() > 50
    assert (encoded.quality[hole] == 0).all()
    assert (encoded.quality[(at > 0.02) & (at < 0.44)] > 0.9).all()
    assert (encoded.quality[(at > 1.44) & (at < 1.84)] > 0.9).all()
    assert np.abs(encoded.codes[hole]).max() <= np.abs(encoded.codes[~hole]).max() + 1e-3
    np.testing.assert_allclose(np.diff(encoded.codes[hole], 2, axis=0), 0, atol=1e-4)


def test_the_only_picture_of_a_video_was_seen(encoder, scene, tmp_path):
    encoded = encoder.encode(scene.video(tmp_path / "one.mp4", np.zeros(1)))
    assert len(encoded.quality) == 2
    assert encoded.quality.min() > 0.9
