"""The loudspeaker: sound handed over with the time at which it must be heard."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import soxr

from th_audio_io.clock import SampleClock
from th_audio_io.devices import STREAMS, find_device
from th_audio_io.playout import OutputSchedule
from th_common.errors import DeviceError

SILENT = 4.0
"""s without a callback after which the device is lost: not every host interface says so. A sound server asks for nothing while
its own buffer is full, up to 2 s after the start and after each underrun: opening it again would begin that anew, for ever."""
BUFFER = (
    0.04  # s wanted in the device: sound is scheduled well ahead, so depth costs nothing and bridges a busy machine
)


class Loudspeaker:
    """A sound device by PortAudio that plays samples at given times on time.monotonic().

    `device`: "" for the system's own, else an index or part of a name. `latency` in s is the time from the callback to the
    ear: None takes what the device says of itself. Where nothing is due there is silence. `close` frees the device.

    Raises:
        DeviceError: PortAudio or the device is missing or busy; the text names what there is.
    """

    def __init__(self, device: str = "", *, latency: float | None = None) -> None:
        with STREAMS.opening() as sd:
            self._open(sd, device, latency)
            STREAMS.opened()

    def _open(self, sd: Any, device: str, latency: float | None) -> None:
        index, info = find_device(device, "output")
        self.name, self.rate = str(info["name"]), int(info["default_samplerate"])
        self.schedule = OutputSchedule(self.rate)
        self.underflows = 0
        """Blocks that the device missed because the machine was too slow."""
        self._set_latency = latency
        self._clock = SampleClock(self.rate)  # callbacks come in jerks, the device plays evenly
        self._resampler: soxr.ResampleStream | None = None
        self._source_rate = 0
        self._next_due = 0.0
        self._ahead = 0.0  # s of sound that the resampler holds
        self._channels = min(2, int(info["max_output_channels"]))
        self._asked = time.monotonic()
        self._closed = False
        try:
            self._stream = sd.OutputStream(
                samplerate=self.rate,
                device=index,
                channels=self._channels,
                dtype="float32",
                latency=BUFFER,
                callback=self._fill,
            )
            self._stream.start()
        except (sd.PortAudioError, ValueError) as error:
            raise DeviceError(f"the loudspeaker {self.name!r} cannot be opened: {error}") from error

    @property
    def latency(self) -> float:
        """Seconds from the callback to the ear."""
        return float(self._stream.latency) if self._set_latency is None else self._set_latency

    @property
    def playing(self) -> bool:
        """Whether the device still asks for sound: False when it was unplugged or broke."""
        return bool(self._stream.active) and time.monotonic() - self._asked < SILENT

    def play(self, samples: np.ndarray, rate: int, due: float) -> None:
        """Hand over float32 (N,) at `rate` Hz, the first sample to be heard when time.monotonic() is `due`."""
        if rate != self.rate:
            fresh = self._resampler is None or rate != self._source_rate or abs(due - self._next_due) > 0.02
            if fresh:
                self._resampler, self._source_rate = soxr.ResampleStream(rate, self.rate, 1, "float32"), rate
                self._ahead = 0.0
            assert self._resampler is not None
            self._next_due = due + len(samples) / rate
            due -= self._ahead
            self._ahead += len(samples) / rate
            samples = self._resampler.resample_chunk(samples)
            self._ahead -= len(samples) / self.rate
        if len(samples):
            self.schedule.put(samples, due)

    def clear(self) -> None:
        """Forget what is not played yet."""
        self.schedule.clear()
        self._resampler = None

    def close(self) -> None:
        """Stop at once and free the device."""
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)
        if not self._closed:
            STREAMS.closed()
        self._closed = True

    def _fill(self, out: np.ndarray, frames: int, times: Any, status: Any) -> None:
        self._asked = time.monotonic()
        if status.output_underflow:
            self.underflows += 1
            self._clock = SampleClock(self.rate)
        delay = times.outputBufferDacTime - times.currentTime
        if self._set_latency is not None or not 0.0 < delay < 2.0:  # some host interfaces do not say
            delay = self.latency
        place = self._clock.place(frames, time.monotonic() + delay)
        out[:] = self.schedule.pull(frames, place.time + place.missing / self.rate)[:, None]
