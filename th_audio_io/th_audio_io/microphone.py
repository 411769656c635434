"""The operator's microphone."""

from __future__ import annotations

import queue
import time
from typing import Any

from th_audio_io.devices import STREAMS, find_device
from th_common.errors import DeviceError


class MicrophoneSource:
    """A microphone through PortAudio. Its sound stays in memory: nothing here writes it anywhere.

    `device`: "" for the system's own, else an index or part of a name. `rate` in Hz is the wanted one, or the device's own
    where it refuses that. `close` frees the device.

    Raises:
        DeviceError: PortAudio or the device is missing or busy; the text names what there is.
    """

    capacity = 64

    def __init__(self, device: str = "", *, rate: int = 16_000, channels: int = 1, chunk: float = 0.016) -> None:
        with STREAMS.opening() as sd:
            self._open(sd, device, rate, channels, chunk)
            STREAMS.opened()

    def _open(self, sd: Any, device: str, rate: int, channels: int, chunk: float) -> None:
        index, info = find_device(device, "input")
        self.name, self.channels = str(info["name"]), min(channels, int(info["max_input_channels"]))
        self.overruns = 0
        self._chunks: queue.Queue[tuple[bytes, float]] = queue.Queue(self.capacity)
        failure: Exception | None = None
        for self.rate in dict.fromkeys((rate, int(info["default_samplerate"]))):
            try:
                self._stream = sd.RawInputStream(
                    samplerate=self.rate,
                    blocksize=round(self.rate * chunk),
                    device=index,
                    channels=self.channels,
                    dtype="int16",
                    latency="low",
                    callback=self._hear,
                )
                self._stream.start()
            except (sd.PortAudioError, ValueError) as error:
                failure = error
                continue
            self._closed = False
            return
        raise DeviceError(f"the microphone {self.name!r} cannot be opened: {failure}")

    def read(self, timeout: float) -> tuple[bytes, float] | None:
        """The next chunk: S16LE bytes, interleaved, and the time.monotonic() of its first sample; None after `timeout` s."""
        try:
            return self._chunks.get(timeout=timeout)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Stop listening and free the device."""
        self._stream.close(ignore_errors=True)
        if not self._closed:
            STREAMS.closed()
        self._closed = True

    def _hear(self, data: Any, frames: int, times: Any, status: Any) -> None:
        now = time.monotonic()
        age = times.currentTime - times.inputBufferAdcTime
        if not 0.0 < age < 2.0:  # some host interfaces do not say
            age = frames / self.rate
        if status.input_overflow or self._chunks.full():
            self.overruns += 1
        if self._chunks.full():
            self._chunks.get_nowait()
        self._chunks.put_nowait((bytes(data), now - age))
