"""Pictures and a recording's sound as one mp4."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from th_audio_io.sources import FileSource
from th_common.errors import InputError
from th_training.sound_track import SoundTrack
from th_training.whole import replacing


def write_movie(
    path: Path, pictures: Iterable[np.ndarray], *, fps: float, sound: Path | None = None, crf: int = 20
) -> int:
    """Write uint8 BGR pictures of one even size as H.264 at `fps`, with the sound of a file; returns how many there were.

    A recording without sound gives a silent video. What is not finished is removed.
    Raises InputError where the video cannot be written, or there is no picture.
    """
    if path.suffix.lower() != ".mp4":
        raise InputError(f"the video's name must end in .mp4, not {path.name!r}")
    source = _sound(sound)
    with replacing_video(path) as partial:
        count = _write(partial, pictures, Fraction(fps).limit_denominator(1001), source, crf)
        if not count:
            raise InputError(f"there is no picture for the video {path}")
    return count


@contextlib.contextmanager
def replacing_video(path: Path) -> Iterator[Path]:
    """`replacing` for a video: FFmpeg's errors, too, come out as InputError, naming the file."""
    try:
        with replacing(path) as partial:
            yield partial
    except av.error.FFmpegError as error:
        raise InputError(f"{path} cannot be written ({error})") from error


def even(picture: np.ndarray) -> np.ndarray:
    """A picture without its last row or column where the number of those is odd (H.264 takes pairs)."""
    return np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])


def _sound(path: Path | None) -> FileSource | None:
    if path is None:
        return None
    try:
        return FileSource(path)
    except InputError:
        return None


def _write(path: Path, pictures: Iterable[np.ndarray], rate: Fraction, source: FileSource | None, crf: int) -> int:
    count = 0
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video: Any = container.add_stream("libx264", rate=rate)
        video.pix_fmt, video.options = "yuv420p", {"preset": "veryfast", "crf": str(crf)}
        video.codec_context.time_base = 1 / rate
        sound = None if source is None else SoundTrack(container, source)
        for picture in pictures:
            if not count:
                video.height, video.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = count, 1 / rate
            container.mux(video.encode(frame))
            count += 1
            if sound is not None:
                sound.write_until(float(count / rate))
        if count:
            container.mux(video.encode(None))
        if sound is not None:
            sound.finish()
    return count
