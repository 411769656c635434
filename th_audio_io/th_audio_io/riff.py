"""PCM in messages, raw or behind RIFF/WAVE headers."""

from __future__ import annotations

import struct

from th_audio_io.formats import AudioFormat, to_float
from th_audio_io.payload import MAX_PAYLOAD, Block
from th_common.errors import InputError

_MAX_FMT_CHUNK = 4096
_MAX_HEADER = 1 << 20
_ENDLESS = (0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF)  # data sizes that streaming writers put before they know
_USUAL = 50  # messages in a row without a broken sample after which one is an accident, not the way the source cuts
_TAGS = {(1, 8): "U8", (1, 16): "S16LE", (1, 24): "S24LE", (1, 32): "S32LE", (3, 32): "F32LE", (3, 64): "F64LE"}


class WaveDecoder:
    """PCM, with or without a RIFF/WAVE header at the start of the stream or of any payload.

    A header overrides the announced rate, channels and sample format; chunks behind the data are skipped. Messages may be cut
    anywhere, within a sample too; but where a source that cuts at samples sends one message that ends within a sample, what is
    left of it is dropped (`broken` counts), or all that follows would be noise.
    """

    delay = 0
    pending = 0.0  # a part of one sample at most

    def __init__(self, announced: AudioFormat) -> None:
        self._announced = announced
        self.broken = 0
        self._reset()

    def _reset(self) -> None:
        self._format = self._announced
        self._buffer = bytearray()
        self._sniffing = True  # at a place where "RIFF" would be a header
        self._in_header = False
        self._described = False
        self._header_bytes = 0
        self._skip = 0
        self._remaining: int | None = None  # bytes to the end of the data chunk, None: no end known
        self._pad = 0
        self._whole = self._whole_before = (
            0  # messages of whole samples in a row: now, and before the last that was not
        )

    def drop_partial(self) -> None:
        """Sound was lost or begins anew: the next payload begins with a whole sample."""
        if self._in_samples and self._buffer:
            self._buffer.clear()
            self.broken += 1

    def push(self, data: bytes) -> list[Block]:
        """Decode one payload.

        Raises:
            InputError: the payload is too long or its header is damaged or of another coding; the decoder starts afresh.
        """
        if len(data) > MAX_PAYLOAD:
            raise InputError(f"message of {len(data)} bytes, more than {MAX_PAYLOAD}")
        if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
            self._reset()
        if len(data) % self._format.frame_bytes:
            self._whole, self._whole_before = 0, self._whole
        else:
            if max(self._whole, self._whole_before) >= _USUAL:
                self.drop_partial()
            self._whole += 1
        self._buffer += data
        try:
            return self._drain()
        except InputError:
            self._reset()
            raise

    @property
    def _in_samples(self) -> bool:
        """Whether what waits in the buffer is a part of a sample, not of a header."""
        return not (self._sniffing or self._in_header or self._skip) and self._remaining != 0

    def _drain(self) -> list[Block]:
        blocks: list[Block] = []
        while self._step(blocks):
            pass
        return blocks

    def _step(self, blocks: list[Block]) -> bool:
        """Take one piece off the buffer; False when more bytes are needed."""
        buffer = self._buffer
        if self._skip:
            taken = min(self._skip, len(buffer))
            del buffer[:taken]
            self._skip -= taken
            return taken > 0
        if self._sniffing:
            if len(buffer) < 12 and _may_be_header(buffer):
                return False
            self._sniffing = False
            self._in_header = _may_be_header(buffer)
            if self._in_header:
                self._described, self._header_bytes = False, 12
                del buffer[:12]
            return True
        if self._in_header:
            return self._chunk()
        if self._remaining == 0:
            # Behind the data: another chunk, another header, or just more sound.
            if len(buffer) < 8 + self._pad:
                return False
            self._remaining = None
            del buffer[: self._pad]
            self._sniffing = bytes(buffer[:4]) == b"RIFF"
            self._in_header = not self._sniffing and bytes(buffer[:4]) in (b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ")
            return True
        return self._pcm(blocks)

    def _pcm(self, blocks: list[Block]) -> bool:
        size = self._format.frame_bytes
        usable = len(self._buffer) if self._remaining is None else min(len(self._buffer), self._remaining)
        whole = usable - usable % size
        if whole == 0:
            if usable == self._remaining:  # a data chunk that ends within a sample
                del self._buffer[:usable]
                self._remaining = 0
                return True
            return False
        piece = bytes(self._buffer[:whole])
        del self._buffer[:whole]
        if self._remaining is not None:
            self._remaining -= whole
        samples, nonfinite = to_float(piece, self._format.sample_format, self._format.channels)
        blocks.append(Block(samples, self._format.rate, nonfinite))
        return True

    def _chunk(self) -> bool:
        if len(self._buffer) < 8:
            return False
        name, size = struct.unpack_from("<4sI", self._buffer)
        if not all(32 <= c < 127 for c in name):
            raise InputError(f"damaged RIFF header: chunk named {name!r}")
        if name == b"data":
            if not self._described:
                raise InputError("damaged RIFF header: no 'fmt ' chunk before the data")
            del self._buffer[:8]
            self._in_header = False
            self._remaining, self._pad = (None, 0) if size in _ENDLESS else (size, size % 2)
            return True
        self._header_bytes += 8 + size
        if self._header_bytes > _MAX_HEADER or (name == b"fmt " and size > _MAX_FMT_CHUNK):
            raise InputError(f"damaged RIFF header: chunk {name!r} of {size} bytes")
        padded = size + size % 2
        if name == b"fmt ":
            if len(self._buffer) < 8 + padded:
                return False
            self._format = _wave_format(bytes(self._buffer[8 : 8 + size]))
            self._described = True
            del self._buffer[: 8 + padded]
            return True
        del self._buffer[:8]
        self._skip = padded
        return True


def _may_be_header(start: bytes | bytearray) -> bool:
    return start[:4] == b"RIFF"[: len(start)] and start[8:12] == b"WAVE"[: max(0, len(start) - 8)]


def _wave_format(fmt: bytes) -> AudioFormat:
    if len(fmt) < 16:
        raise InputError(f"damaged RIFF header: 'fmt ' chunk of {len(fmt)} bytes")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
    if tag == 0xFFFE and len(fmt) >= 26:
        tag = struct.unpack_from("<H", fmt, 24)[0]
    if (tag, bits) not in _TAGS:
        raise InputError(f"RIFF/WAVE of format tag {tag} with {bits} bits is not supported; supported: PCM and float")
    return AudioFormat.of(rate=rate, channels=channels, sample_format=_TAGS[tag, bits], coding="wave")
