"""Videos as they are meant to be seen: upright, with square pixels, and whole; damaged ones are refused by name.

No damage is small: pictures are predicted from the ones before, so that one broken picture is seen in all up to the next key
picture. A video is damaged where the reader or the decoder marks something as corrupt or gives up, where pictures are missing
from a stream of fixed rate (MPEG) or beside bytes that nothing could be made of (Matroska), where the file ends before the time
that it declares, or where more than 2 % of the pictures are grey. Codecs without any check (VP8, FFV1) do not notice changed
bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from th_common.errors import InputError
from th_training.errors import DamagedVideoError

MOST_GREY = 0.02
"""Share of a video's pictures that may be grey; more, and it is damaged."""

_FLAT = 6.0  # grey levels: sd of a picture that a damaged stream left grey
_FIXED_RATE = ("mpeg", "mpegvideo", "mpegts")  # containers whose video has a fixed rate by their standard
_MISSING = 2.5  # pictures' time between two of them: film at television's rate comes to 1.5
_UNREAD = 1024  # bytes between two packets that are no header of a block or a cluster
_SHORT = 0.25, 0.02  # s, and share of the duration, that what is there may be shorter than what the file declares
_WIDEST = 4  # a pixel's width to its height, or the other way round
_SQUARE = Fraction(1)
_BROKEN = (av.error.FFmpegError, OSError, ValueError)


def frame_rate(path: str | os.PathLike[str]) -> float:
    """Pictures per second of a video, on average.

    Raises InputError where the file is missing, holds no video, or the rate is outside 1..240.
    """
    with _opened(path) as (_, stream):
        return _rate(path, stream)


def read_video(path: str | os.PathLike[str]) -> tuple[Iterator[np.ndarray], float]:
    """Pictures (H, W, 3) uint8 BGR of a video in order, and how many there are per second.

    Raises InputError as `frame_rate`; the iterator raises DamagedVideoError (see above) where it comes upon the damage.
    """
    return (picture for _, picture in _pictures(path)), frame_rate(path)


def timed_pictures(path: str | os.PathLike[str]) -> Iterator[tuple[float, float, np.ndarray]]:
    """(time, duration, picture (H, W, 3) uint8 BGR) of a video, s from where its sound begins (without: its pictures).

    Times are the file's own, so that a variable frame rate is kept; a picture that is not later than the one before is
    left out. Raises InputError and DamagedVideoError as `read_video`.
    """
    with _opened(path) as (container, stream):
        usual = 1 / _rate(path, stream)
        sound = container.streams.audio[0] if container.streams.audio else None
        first = None
        if sound is not None and sound.start_time is not None and sound.time_base is not None:
            first = float(sound.start_time * sound.time_base)
    held: tuple[float, np.ndarray] | None = None
    for time, picture in _pictures(path):
        if first is None:
            first = time
        if held is not None and time <= held[0]:
            continue
        if held is not None:
            yield held[0] - first, min(time - held[0], usual), held[1]
        held = time, picture
    if held is not None:
        yield held[0] - (first or 0.0), usual, held[1]


def is_grey(picture: np.ndarray) -> bool:
    """Whether a picture (H, W, C) shows nothing at all, as a damaged stream leaves it: its sd is below 6 levels."""
    mean, sd = cv2.meanStdDev(picture[::4, ::4])
    return float(np.sqrt((sd**2).mean() + mean.var())) < _FLAT


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        container = av.open(os.fspath(path))
    except _BROKEN as error:
        raise InputError(f"{path}: not a readable video ({error})") from error
    with container:
        if not container.streams.video:
            raise InputError(f"{path}: holds no video stream")
        stream = container.streams.video[0]
        stream.thread_count = 1  # one core for each video: others have others
        yield container, stream


def _rate(path: str | os.PathLike[str], stream: VideoStream) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    if 1 <= rate <= 240:
        return rate
    if stream.frames and stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
        raise InputError(f"{path}: {stream.frames} pictures in {seconds:.1f} s: not from 1 to 240 a second on average")
    raise InputError(f"{path}: frame rate {rate:g} is outside 1..240")


def _pictures(path: str | os.PathLike[str]) -> Iterator[tuple[float, np.ndarray]]:
    """(time in s as the file has it, picture) of every picture."""
    with _opened(path) as (container, stream):
        rate = _rate(path, stream)
        seen = _Seen(path, rate, set(container.format.name.split(",")))
        colours = VideoReformatter()  # kept, for making one costs as much as decoding
        pixel = _pixel(stream)
        try:
            for packet in container.demux():
                shown = packet.stream.index == stream.index
                seen.packet(packet, shown)
                if not shown:
                    continue
                for frame in stream.decode(packet):
                    time = seen.frame(frame)
                    picture = _upright(frame, colours, pixel)
                    seen.picture(picture)
                    yield time, picture
            seen.all_of(container)
        except InputError:
            raise
        except _BROKEN as error:
            raise DamagedVideoError(f"{path}: damaged video, broken after {seen.count} pictures ({error})") from error


class _Seen:
    """What was read of a video so far; its methods raise DamagedVideoError."""

    def __init__(self, path: str | os.PathLike[str], rate: float, formats: set[str]) -> None:
        self.count = 0
        self._path, self._rate = path, rate
        self._fixed = bool(formats & set(_FIXED_RATE))
        self._contiguous = "matroska" in formats
        self._place: int | None = None
        self._grey = 0
        self._before: float | None = None
        self._end: float | None = 0.0

    def packet(self, packet: av.Packet, shown: bool) -> None:
        if shown and packet.is_corrupt:
            raise DamagedVideoError(f"{self._path}: damaged video, what comes after picture {self.count} is corrupt")
        if self._contiguous and packet.pos is not None and packet.pos >= 0:
            unread = 0 if self._place is None else packet.pos - self._place
            self._place = packet.pos + packet.size
            self._fixed |= unread > _UNREAD  # from here on a gap is what could not be read
        if packet.pts is not None and packet.time_base is not None and self._end is not None:
            self._end = max(self._end, float((packet.pts + (packet.duration or 0)) * packet.time_base))

    def frame(self, frame: VideoFrame) -> float:
        """Its time in s."""
        if frame.time is None:
            self._end = None  # no times in the file, and its duration is a guess
        time = self.count / self._rate if frame.time is None else float(frame.time)
        if frame.is_corrupt:
            raise DamagedVideoError(f"{self._path}: damaged video, picture {self.count} (at {time:.2f} s) is corrupt")
        if self._fixed and self._before is not None and (time - self._before) * self._rate > _MISSING:
            lost = round((time - self._before) * self._rate) - 1
            raise DamagedVideoError(
                f"{self._path}: damaged video, {lost} pictures are missing before {self.count} (at {time:.2f} s)"
            )
        self.count += 1
        self._before = time
        return time

    def picture(self, picture: np.ndarray) -> None:
        self._grey += is_grey(picture)

    def all_of(self, container: InputContainer) -> None:
        if self._grey > MOST_GREY * self.count:
            raise DamagedVideoError(f"{self._path}: damaged video, {self._grey} of {self.count} pictures are grey")
        if self._end is None or container.duration is None:
            return
        start, duration = (container.start_time or 0) / av.time_base, container.duration / av.time_base
        there = self._end - start
        if duration - there > max(_SHORT[0], _SHORT[1] * duration):
            raise DamagedVideoError(f"{self._path}: damaged video, it ends at {there:.2f} of {duration:.2f} s")


def _pixel(stream: VideoStream) -> Fraction:
    """A pixel's width to its height; 1 where the file says nothing, or nonsense."""
    pixel = stream.sample_aspect_ratio
    return pixel if pixel and Fraction(1, _WIDEST) <= pixel <= _WIDEST else _SQUARE


def _upright(frame: VideoFrame, colours: VideoReformatter, pixel: Fraction) -> np.ndarray:
    """A picture with square pixels (the narrower way stretched, so that none is lost), turned as the camera was held."""
    if pixel == _SQUARE:
        picture = colours.reformat(frame, format="bgr24").to_ndarray()
    else:
        width, height = round(frame.width * max(pixel, _SQUARE)), round(frame.height / min(pixel, _SQUARE))
        picture = colours.reformat(frame, width, height, format="bgr24", interpolation="BICUBIC").to_ndarray()
    side: Any = frame.side_data  # iterates over its parts, other than its type says
    turns = [data for data in side if data.type == Type.DISPLAYMATRIX]
    if not turns:
        return picture
    # x' = a x + c y, y' = b x + d y with y down (libavutil/display.h), to the nearest quarter turn, mirrored or not
    a, b, _, c, d = np.frombuffer(bytes(turns[0]), np.int32)[:5].tolist()
    if abs(a) + abs(d) < abs(b) + abs(c):
        picture, a, d = picture.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
