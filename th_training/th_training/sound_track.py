"""The sound of a video that is being written."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np

from th_audio_io.sources import FileSource

SOUND_RATE = 48_000  # Hz, of the AAC track


class SoundTrack:
    """The recording's own sound, times `gain`, as AAC, written no further than the pictures are."""

    def __init__(self, container: Any, source: FileSource, *, gain: float = 1.0) -> None:
        self._container, self._gain = container, np.float32(gain)
        layout = "mono" if source.channels == 1 else "stereo"
        self._stream = container.add_stream("aac", rate=SOUND_RATE, layout=layout)
        self._stream.bit_rate = 96_000 * min(source.channels, 2)
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=SOUND_RATE)
        self._blocks, self._rate, self._layout = source.blocks(), source.rate, layout
        self._read = 0

    def write_until(self, seconds: float) -> None:
        while self._read < seconds * self._rate:
            block = next(self._blocks, None)
            if block is None:
                return
            planes = block[:, :1] if self._layout == "mono" else block[:, :2]
            packed = np.ascontiguousarray(planes * self._gain, np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._read, Fraction(1, self._rate)
            self._read += len(block)
            self._encode(self._resampler.resample(frame))

    def finish(self) -> None:
        self.write_until(float("inf"))
        self._encode([*self._resampler.resample(None), None])

    def _encode(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            self._container.mux(self._stream.encode(frame))
