"""Videos are read as they are meant to be seen, or refused by name."""

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from th_common.errors import InputError
from th_training.errors import DamagedVideoError
from th_training.video import frame_rate, is_grey, read_video, timed_pictures

SIZE = (96, 128)
QUARTERS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def scene(k=0, size=SIZE):
    """Four corners of different colours and a structure that moves: decoders must predict."""
    height, width = size
    rng = np.random.default_rng(0)
    coarse = rng.integers(90, 160, (height // 8, width // 8, 3), np.uint8)
    picture = cv2.resize(np.roll(coarse, k // 2, 1), (width, height), interpolation=cv2.INTER_CUBIC)
    h, w = height // 4, width // 4
    picture[:h, :w], picture[:h, -w:], picture[-h:, :w] = (0, 0, 255), (0, 255, 0), (255, 0, 0)
    return picture


def write(path, count=60, *, codec="mpeg4", rate=25, pts=None, pixel=None, sound=None, options=None):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        stream.bit_rate = 4_000_000
        stream.codec_context.gop_size = 12
        if pixel:
            stream.codec_context.sample_aspect_ratio = pixel
        if sound is not None:
            track = container.add_stream("pcm_s16le", rate=16000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.int16), format="s16", layout="mono")
            frame.rate, frame.pts = 16000, sound
            container.mux(track.encode(frame))
        for k in range(count):
            frame = av.VideoFrame.from_ndarray(scene(k), format="bgr24")
            frame.pts, frame.time_base = (k if pts is None else pts[k]), Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            container.mux(track.encode())
    return path


def turn(path, matrix):
    """Put a display matrix (a, b, c, d) into an mp4, as phones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    old = np.frombuffer(bytes(data[at : at + 36]), ">i4").reshape(3, 3)
    assert old[2, 2] == 1 << 30
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = np.array([[a, b, 0], [c, d, 0], [0, 0, 1 << 30]], ">i4").tobytes()
    path.write_bytes(data)
    return path


def near(picture, truth):
    return picture.shape == truth.shape and np.abs(picture.astype(int) - truth).mean() < 12


def test_pictures_and_rate_are_read(tmp_path):
    path = write(tmp_path / "clip.mp4")
    pictures, rate = read_video(path)
    assert rate == frame_rate(path) == 25
    found = list(pictures)
    assert len(found) == 60
    assert all(near(picture, scene(k)) for k, picture in enumerate(found))


def test_a_video_that_is_not_read_on_is_not_held_open(tmp_path):
    path = write(tmp_path / "clip.mp4")
    with contextlib.closing(timed_pictures(path)) as pictures:
        next(pictures)
    read_video(path)
    held = [place.resolve() for place in Path("/proc/self/fd").iterdir() if place.exists()]
    assert path.resolve() not in held


@pytest.mark.parametrize("angle", QUARTERS)
def test_a_phone_held_upright_gives_upright_pictures(tmp_path, angle):
    path = turn(write(tmp_path / "phone.mp4", 3), QUARTERS[angle])
    truth = np.rot90(scene(), -angle // 90)  # clockwise
    assert near(next(read_video(path)[0]), truth)
    assert near(next(timed_pictures(path))[2], truth)


def test_mirrored_pictures_are_mirrored_back(tmp_path):
    assert near(next(read_video(turn(write(tmp_path / "a.mp4", 3), (-1, 0, 0, 1)))[0]), scene()[:, ::-1])
    transposed = scene().transpose(1, 0, 2)
    assert near(next(read_video(turn(write(tmp_path / "b.mp4", 3), (0, 1, 1, 0)))[0]), transposed)


@pytest.mark.parametrize(("pixel", "size"), [(Fraction(2), (96, 256)), (Fraction(1, 2), (192, 128))])
def test_pixels_are_made_square(tmp_path, pixel, size):
    picture = next(read_video(write(tmp_path / "wide.mkv", 3, pixel=pixel))[0])
    assert picture.shape == (*size, 3)
    assert np.abs(picture.astype(int) - cv2.resize(scene(), size[::-1], interpolation=cv2.INTER_CUBIC)).mean() < 12


def test_both_at_once(tmp_path):
    path = turn(write(tmp_path / "clip.mp4", 3, pixel=Fraction(2)), QUARTERS[90])
    picture = next(read_video(path)[0])
    assert near(cv2.resize(picture, (96, 128), interpolation=cv2.INTER_AREA), np.rot90(scene(), -1))
    assert picture.shape == (256, 96, 3)


CODECS = [("clip.mpg", "mpeg2video"), ("clip.avi", "mpeg4"), ("clip.mp4", "libx264"), ("clip.mkv", "libx264")]


@pytest.mark.parametrize(("name", "codec"), CODECS)
def test_a_whole_video_is_not_called_damaged(tmp_path, name, codec):
    assert len(list(timed_pictures(write(tmp_path / name, codec=codec)))) == 60


@pytest.mark.parametrize(("name", "codec"), CODECS)
@pytest.mark.parametrize("share", [0.3, 2 / 3, 0.9])
def test_a_video_that_breaks_off_is_refused_by_name(tmp_path, name, codec, share):
    options = {"movflags": "+faststart"} if name.endswith("mp4") else None
    path = tmp_path / name
    write(path, codec=codec)
    if options:  # else its index is what is cut off, and it is no video at all
        fast = tmp_path / "fast.mp4"
        with av.open(str(path)) as held, av.open(str(fast), "w", options=options) as container:
            stream = container.add_stream_from_template(held.streams.video[0])
            for packet in held.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    container.mux(packet)
        path = fast
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(DamagedVideoError, match=rf"{path.name}: damaged video"):
        list(timed_pictures(path))
    with pytest.raises(DamagedVideoError, match=rf"{path.name}: damaged video"):
        list(read_video(path)[0])


@pytest.mark.parametrize(("name", "codec"), [CODECS[0], CODECS[2], CODECS[3]])
@pytest.mark.parametrize("size", [200, 5000])
def test_garbage_in_the_middle_is_refused_by_name(tmp_path, name, codec, size):
    path = write(tmp_path / name, codec=codec)
    data = bytearray(path.read_bytes())
    at = len(data) // 2
    data[at : at + size] = np.random.default_rng(1).bytes(size)
    path.write_bytes(data)
    with pytest.raises(DamagedVideoError, match=rf"{name}: damaged video, (picture \d+|\d+ pictures|broken after)"):
        list(timed_pictures(path))


def test_pictures_missing_from_a_fixed_rate_are_damage_and_from_an_uneven_one_not(tmp_path):
    times = [*range(20), *range(30, 50)]
    with pytest.raises(DamagedVideoError, match="10 pictures are missing before 20"):
        list(timed_pictures(write(tmp_path / "gap.mpg", 40, codec="mpeg2video", pts=times)))
    found = [time for time, _, _ in timed_pictures(write(tmp_path / "gap.mp4", 40, pts=times))]
    np.testing.assert_allclose(found, np.array(times) / 25, atol=1e-3)


def test_grey_pictures_are_damage(tmp_path):
    assert is_grey(np.full((*SIZE, 3), 128, np.uint8))
    assert not is_grey(scene())
    assert not is_grey(np.broadcast_to(np.uint8([0, 128, 255]), (*SIZE, 3)))
    path = tmp_path / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        for k in range(40):
            picture = np.full((*SIZE, 3), 128, np.uint8) if k == 20 else scene(k)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    with pytest.raises(DamagedVideoError, match=r"grey\.mp4: damaged video, 1 of 40 pictures are grey"):
        list(read_video(path)[0])


def test_one_picture_far_away_is_said_in_words(tmp_path):
    with pytest.raises(InputError, match=r"far\.mp4: 20 pictures in 400\d\.\d s: not from 1 to 240 a second"):
        frame_rate(write(tmp_path / "far.mp4", 20, pts=[*range(19), 100_000]))


def test_what_is_no_video_is_named(tmp_path):
    broken = tmp_path / "broken.mpg"
    broken.write_bytes(b"not a video")
    for path in (broken, tmp_path / "missing.mpg"):
        with pytest.raises(InputError, match=rf"{path.name}: not a readable video"):
            read_video(path)
        with pytest.raises(InputError, match=rf"{path.name}: not a readable video"):
            next(timed_pictures(path))
    sound = tmp_path / "sound.mkv"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
    with pytest.raises(InputError, match="holds no video stream"):
        next(timed_pictures(sound))


def test_times_count_from_where_the_sound_begins(tmp_path):
    path = write(tmp_path / "late.mkv", 5, pts=range(5, 10), sound=0)
    times = [time for time, _, _ in timed_pictures(path)]
    np.testing.assert_allclose(times, 0.2 + np.arange(5) / 25, atol=0.002)
