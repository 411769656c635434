"""MP3 in messages: frames are found here and decoded one by one, so that no parser holds sound back."""

from __future__ import annotations

from typing import Any

import av
import numpy as np

from th_audio_io.payload import MAX_PAYLOAD, Block
from th_common.errors import InputError

# LAME (audio_capture's encoder) delays by 576 samples, every decoder by 529; GStreamer's stamps do not account for it.
CODEC_DELAY = 576 + 529
MAX_GARBAGE = 8192
MAX_FAILURES = 16

_BITRATES = {  # kbit/s by index 1..14, layer III
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2 and 2.5
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


class Mp3Decoder:
    """Incremental MPEG layer III decoder: frames may be cut anywhere across payloads.

    A frame that cannot be decoded becomes zeros of its length (counted as lost), so that the sample clock stays right.
    """

    delay = CODEC_DELAY
    broken = 0

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._buffer = bytearray()
        self._locked: bytes | None = None  # what all headers of a stream share
        self._skip = 0
        self._garbage = 0
        self._failures = 0
        self._channels = 1
        self._codec: Any = av.CodecContext.create("mp3float", "r")

    def drop_partial(self) -> None:
        """Nothing to do: frames are found again by their headers."""

    @property
    def pending(self) -> float:
        """Samples of the frame whose bytes are not all here."""
        size = frame_bytes(self._buffer[:4])
        return len(self._buffer) / size * _describe(self._buffer)[1] if size else 0.0

    def push(self, data: bytes) -> list[Block]:
        """Decode one payload.

        Raises:
            InputError: this is not MP3, or nothing of it can be decoded; the decoder starts afresh with the next payload.
        """
        if len(data) > MAX_PAYLOAD:
            raise InputError(f"message of {len(data)} bytes, more than {MAX_PAYLOAD}")
        self._buffer += data
        blocks: list[Block] = []
        while (frame := self._next_frame()) is not None:
            blocks.append(self._decode(frame))
        if self._garbage > MAX_GARBAGE or self._failures > MAX_FAILURES:
            self._reset()
            raise InputError("the payload is announced as mp3 but cannot be decoded as such")
        return _joined(blocks)

    def _next_frame(self) -> bytes | None:
        """The next whole frame, None when more bytes are needed; garbage before it is dropped and counted."""
        buffer = self._buffer
        at = 0
        try:
            while True:
                if self._skip:
                    taken = min(self._skip, len(buffer) - at)
                    at, self._skip = at + taken, self._skip - taken
                if len(buffer) - at < 10 and buffer[at : at + 3] == b"ID3"[: len(buffer) - at]:
                    return None
                if buffer[at : at + 3] == b"ID3":
                    a, b, c, d = (x & 0x7F for x in buffer[at + 6 : at + 10])
                    self._skip = 10 + (a << 21 | b << 14 | c << 7 | d)
                    continue
                if len(buffer) - at < 4:
                    return None
                size = frame_bytes(buffer[at : at + 4])
                if size is None or not self._plausible(at, size):
                    # A loss in the middle of a frame, or no MP3 at all: look for the next header.
                    sync = buffer.find(b"\xff", at + 1)
                    step = (sync if sync >= 0 else len(buffer)) - at
                    at += step
                    self._garbage += step
                    self._locked = None
                    if self._garbage > MAX_GARBAGE:
                        at = len(buffer)
                        return None
                    continue
                if len(buffer) - at < size:
                    return None
                frame = bytes(buffer[at : at + size])
                self._locked = _shared(frame)
                at += size
                return frame
        finally:
            del buffer[:at]

    def _plausible(self, at: int, size: int) -> bool:
        header = bytes(self._buffer[at : at + 4])
        if self._locked is not None:
            return _shared(header) == self._locked
        following = self._buffer[at + size : at + size + 4]
        return len(following) < 4 or _shared(bytes(following)) == _shared(header)

    def _decode(self, frame: bytes) -> Block:
        rate, length = _describe(frame)
        try:
            decoded = [np.atleast_2d(f.to_ndarray()) for f in self._codec.decode(av.Packet(frame))]
        except (av.error.FFmpegError, ValueError):
            decoded = []
        if not decoded:
            self._failures += 1
            return Block(np.zeros((length, self._channels), np.float32), rate, lost=length)
        self._failures = self._garbage = 0
        samples = np.concatenate(decoded, axis=1).T.astype(np.float32)
        self._channels = samples.shape[1]
        return Block(np.clip(np.nan_to_num(samples), -1, 1), rate)


def frame_bytes(header: bytes | bytearray) -> int | None:
    """Bytes of the layer III frame that begins with this header (4 bytes), None if it is no such header.

    ISO/IEC 11172-3 section 2.4.1.3 and 13818-3.
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or rate == 3 or bitrate in (0, 15) or header[3] & 3 == 2:
        return None
    first = version == 3
    return (144 if first else 72) * 1000 * _BITRATES[first][bitrate - 1] // _RATES[version][rate] + (header[2] >> 1 & 1)


def _describe(header: bytes | bytearray) -> tuple[int, int]:
    """(rate in Hz, samples per channel) of a valid frame header."""
    version = header[1] >> 3 & 3
    return _RATES[version][header[2] >> 2 & 3], 1152 if version == 3 else 576


def _shared(header: bytes) -> bytes:
    return bytes((header[0], header[1] & 0xFE, header[2] & 0x0C))


def _joined(blocks: list[Block]) -> list[Block]:
    """One block per run of equal rate and channels."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last is not None and last.rate == block.rate and last.samples.shape[1] == block.samples.shape[1]:
            samples = np.concatenate((last.samples, block.samples))
            joined[-1] = Block(samples, block.rate, 0, last.lost + block.lost)
        else:
            joined.append(block)
    return joined
