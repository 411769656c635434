import av
import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.encode_video import VideoEncoder


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
    assert np.sqrt((off**2).mean()) < 0.25

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
    assert np.sqrt((off**2).mean()) < 0.2


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
