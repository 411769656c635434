"""Payloads and their times -> one clean stream: mono float32 in [-1, 1], every sample with its capture time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from th_audio_io.clock import ArrivalClock, Event, SampleClock
from th_audio_io.conceal import HISTORY, bridge
from th_audio_io.formats import AudioFormat
from th_audio_io.payload import Block, payload_decoder
from th_common.errors import InputError

FROZEN = 8  # messages in a row with one and the same stamp: such stamps say nothing
CANCELLED = 0.01  # of the channels' loudest sample: a mix below that has lost what the channels carry
MAX_COAST = 1.0  # s of sound without stamps in a stream that had them, before arrivals take over
MAX_LEAD = 0.25  # s: a longer message was not captured just before it arrived, but made and sent at once


@dataclass(frozen=True)
class Chunk:
    """A piece of the stream.

    `samples`: float32 (N,), mono, N > 0, at `rate` Hz. `time`: capture time of the first one in s, in the clock of the stamps
    (or of the arrivals where there are no stamps). `start`: first chunk of a new stream, nothing before it belongs to it.
    `concealed`: so many samples at the front stand for lost sound, made up from what is around them; they are counted in N and in
    `time`. `arrival`: when the message with it, or the one that it waited for, came, s, 0 where nobody said.
    """

    samples: np.ndarray
    rate: int
    time: float
    start: bool = False
    concealed: int = 0
    arrival: float = 0.0

    @property
    def end(self) -> float:
        """Capture time at the end of the last sample, s."""
        return self.time + len(self.samples) / self.rate


@dataclass
class IntakeCounters:
    """What happened so far; sample counts are of one channel."""

    messages: int = 0
    samples: int = 0
    streams: int = 0
    gaps: int = 0
    concealed: int = 0
    repeats: int = 0
    refused: int = 0
    nonfinite: int = 0
    undecoded: int = 0
    broken: int = 0
    cancelled: int = 0


class AudioIntake:
    """One source's payloads in, chunks out.

    A gap of at most `max_gap` s is filled with what is around it, fading to silence; a longer one, time that goes backward, another rate, or a new format
    begins a new stream. A message whose stamp was there before is left out.
    """

    def __init__(
        self,
        *,
        rate: int = 16_000,
        channels: int = 1,
        sample_format: str = "S16LE",
        coding: str = "wave",
        max_gap: float = 0.25,
    ) -> None:
        self.max_gap = max_gap
        self.counters = IntakeCounters()
        self.rate: int | None = None
        """Rate of the stream in Hz, None before its first sound."""
        self._fallback = AudioFormat.of(rate=rate, channels=channels, sample_format=sample_format, coding=coding)
        self._refusal: str | None = None
        self._arrival = 0.0
        self._stamp: float | None = None
        self._same = 0
        self._broken = 0
        self._use(self._fallback)

    @property
    def format(self) -> AudioFormat:
        """The announced format; a RIFF header or MP3 frames may say otherwise."""
        return self._format

    @property
    def clock(self) -> SampleClock | None:
        """The clock of the stream in hand (drift, jitter), None before its first sound."""
        return self._clock

    @property
    def held(self) -> float:
        """Samples by which the sound of the next payload begins before its stamp: what is held of one cut in two, the codec's delay."""
        return self._decoder.pending + self._decoder.delay

    def set_format(self, *, rate: int = 0, channels: int = 0, sample_format: str = "", coding: str = "") -> bool:
        """Announce a format (AudioInfo); zero or empty means unsaid and leaves the fallback. True if it is a new one.

        Raises:
            InputError: not supported (the text says what is). Payloads are refused until a good format is announced:
                bytes of an unknown kind read as sound would be noise at full level.
        """
        known = self._fallback
        try:
            announced = AudioFormat.of(
                rate=rate or known.rate,
                channels=channels or known.channels,
                sample_format=sample_format.strip() or known.sample_format,
                coding=coding.strip() or known.coding,
            )
        except InputError as error:
            self._refusal = str(error)
            raise
        if announced == self._format and self._refusal is None:
            return False
        self._refusal = None
        self._use(announced)
        return True

    def restart(self) -> None:
        """Forget the stream in hand: what comes next begins a new one."""
        self._use(self._format)

    def push(self, data: bytes, *, stamp: float | None, arrival: float) -> list[Chunk]:
        """Take one payload; `stamp` is the capture time of its first sample in s, None or 0 if unknown; `arrival` is now.

        Raises:
            InputError: the payload cannot be understood; the intake goes on with the next one.
        """
        self.counters.messages += 1
        if self._refusal is not None:
            self.counters.refused += 1
            raise InputError(self._refusal)
        if stamp and stamp == self._stamp:
            self._same += 1
            stamp = None if self._same >= FROZEN else stamp
        else:
            self._stamp, self._same = stamp, 0
        pause, self._arrival = arrival - self._arrival, arrival
        if self._elsewhere(stamp, pause):
            self._decoder.drop_partial()
        held = self._decoder.pending
        try:
            blocks = [b for b in self._decoder.push(data) if len(b.samples)]
        except InputError:
            self.counters.refused += 1
            raise
        finally:
            self.counters.broken += self._decoder.broken - self._broken
            self._broken = self._decoder.broken
        if not blocks:
            return []
        if stamp:
            time = stamp - (held + self._decoder.delay) / blocks[0].rate
        else:
            time = arrival - min(sum(len(b.samples) / b.rate for b in blocks), MAX_LEAD)
        chunks: list[Chunk] = []
        for block in blocks:
            chunks.extend(self._place(block, time, stamped=bool(stamp), pause=pause))
            time += len(block.samples) / block.rate
        return chunks

    def _use(self, audio_format: AudioFormat) -> None:
        self._format = audio_format
        self._decoder = payload_decoder(audio_format)
        self._broken = 0
        self._clock: SampleClock | None = None
        self._coasted = 0.0
        self._before = np.zeros(0, np.float32)  # the end of the sound so far, for what is lost behind it

    def _elsewhere(self, stamp: float | None, pause: float) -> bool:
        """Whether a message cannot follow on the one before: it belongs to another stream."""
        if not stamp:
            return pause > self.max_gap
        clock = self._clock
        return clock is not None and not isinstance(clock, ArrivalClock) and abs(stamp - clock.end) > self.max_gap

    def _clock_for(self, block: Block, *, stamped: bool, pause: float) -> tuple[SampleClock, bool]:
        """The clock to place a block with, and whether the block's time means anything to it."""
        clock = self._clock
        if clock is not None and clock.rate == block.rate:
            if stamped != isinstance(clock, ArrivalClock):
                self._coasted = 0.0
                return clock, True
            if not stamped and self._coasted < MAX_COAST and pause <= self.max_gap:
                self._coasted += len(block.samples) / block.rate
                return clock, False
        kind = SampleClock if stamped else ArrivalClock
        self._clock, self._coasted = kind(block.rate, max_gap=self.max_gap), 0.0
        return self._clock, True

    def _place(self, block: Block, time: float, *, stamped: bool, pause: float) -> Iterator[Chunk]:
        clock, timed = self._clock_for(block, stamped=stamped, pause=pause)
        place = clock.place(len(block.samples), time if timed else None)
        counters = self.counters
        if place.event is Event.REPEAT:
            counters.repeats += 1
            return
        counters.streams += place.event is Event.START
        counters.gaps += place.missing > 0
        counters.concealed += place.missing
        counters.samples += len(block.samples)
        counters.nonfinite += block.nonfinite
        counters.undecoded += block.lost
        self.rate = block.rate
        mono = block.samples.mean(axis=1, dtype=np.float32) if block.samples.shape[1] > 1 else block.samples[:, 0]
        if block.samples.shape[1] > 1 and np.abs(mono).max() < CANCELLED * np.abs(block.samples).max():
            counters.cancelled += len(mono)
        history, before = round(HISTORY * block.rate), self._before
        self._before = mono[-history:] if len(mono) >= history else np.concatenate((before, mono))[-history:]
        if place.event is Event.START:
            self._before = self._before[-len(mono) :]
        elif place.missing:
            mono = np.concatenate((bridge(before, mono, place.missing, block.rate), mono))
        yield Chunk(mono, block.rate, place.time, place.event is Event.START, place.missing, self._arrival)
