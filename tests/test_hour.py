"""One hour of speech on a simulated clock, through the parts that keep time: intake, offset, delay, schedule, delay line.

The sound says of every sample when it was captured: its value is a counter. So at any moment it is known which moment's face is shown
and which moment's sound is heard, whatever was lost, mixed up or made up on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from th_audio_features.frame_clock import FrameClock
from th_audio_io.intake import AudioIntake, Chunk
from th_audio_io.jitter_buffer import JitterBuffer
from th_audio_io.offset import ClockOffset
from th_audio_io.playout import DelayLine, Piece
from th_audio_io.selection import Message
from th_audio_io.timeline import Timeline
from th_face_predictor.delay import PresentationDelay
from th_face_renderer.schedule import CodeSchedule

RATE = 8_000
COUNT = 320  # samples of a message: 40 ms
PER_LEVEL = 8  # samples with the same value: 1 ms
LEVELS = 30_000  # then it begins again: 30 s
ALGORITHMIC = 0.2  # s from a frame's centre to the last sample it needs
COMPUTING = 0.008
BEGIN = 1_790_000_000.0
TICK = 0.02
LOOK = 13  # ticks between two looks at the skew


@dataclass(frozen=True)
class Way:
    """The operator's sound card and clock, and the network (see the same in tests/skew.py)."""

    jitter: float = 0.0
    ordered: bool = True
    loss: float = 0.0
    card: float = 0.0  # ppm that the sound card is slow
    clock: float = 0.0  # ppm that the operator's clock is fast
    behind: float = 0.0


@dataclass
class Ear:
    """What a node's RosIntake does, without the node."""

    intake: AudioIntake = field(default_factory=lambda: AudioIntake(rate=RATE))
    offset: ClockOffset = field(default_factory=ClockOffset)

    def __post_init__(self) -> None:
        self.buffer = JitterBuffer(self._end, max_gap=self.intake.max_gap)

    def _end(self) -> float | None:
        clock = self.intake.clock
        return clock.end if clock is not None and clock.end else None

    def hear(self, message: Message) -> list[Chunk]:
        chunks = []
        for used in self.buffer.take(message):
            for chunk in self.intake.push(used.data, stamp=used.stamp, arrival=used.arrival):
                if chunk.start:
                    self.offset.restart()
                self.offset.update(chunk.end, used.arrival)
                chunks.append(chunk)
        return chunks


class Face:
    """Frames, codes and the schedule: a code is the capture time that the frame's centre tells."""

    def __init__(self, timeline: Timeline) -> None:
        self.ear, self.timeline = Ear(), timeline
        self.delay = PresentationDelay(ALGORITHMIC, 0.1)
        self.schedule = CodeSchedule(np.zeros(1, np.float32))
        self._clock, self._frame = FrameClock(RATE), 0
        self._told: list[tuple[int, np.ndarray]] = []  # first sample's position, capture times in s

    def hear(self, message: Message, now: float) -> None:
        for chunk in self.ear.hear(message):
            if chunk.start:
                self._clock, self._frame, self._told = FrameClock(RATE), 0, []
            self._told.append((self._clock.position, _told(chunk.samples, chunk.concealed)))
            self._clock.add(len(chunk.samples), chunk.time)
            while self._clock.position / RATE >= (self._frame + 1) / 60 + ALGORITHMIC:
                self._emit(now)

    def _emit(self, now: float) -> None:
        stamp = self._clock.time_at((self._frame + 1) / 60)
        captured = stamp + self.ear.offset.value
        self.delay.observe(captured, now + COMPUTING)
        due = captured + self.delay.value
        self.timeline.learn(stamp, due)
        told = self._at((self._frame + 1) / 60 * RATE)
        if not np.isnan(told):
            self.schedule.push(np.array([told], np.float32), due=due, frame=self._frame, now=now + COMPUTING)
        self._frame += 1

    def _at(self, position: float) -> float:
        while len(self._told) > 1 and self._told[1][0] <= position:
            self._told.pop(0)
        first, times = self._told[0]
        return float(times[int(position - first)])


class Sound:
    """The delayed sound."""

    def __init__(self, timeline: Timeline) -> None:
        self.ear, self.line, self._timeline = Ear(), DelayLine(), timeline
        self._heard: list[Piece] = []

    def _delay(self, capture: float) -> float:
        learned = self._timeline.delay(capture)
        return 0.25 + self.ear.offset.value if learned is None else learned

    def hear(self, message: Message, now: float) -> None:
        for chunk in self.ear.hear(message):
            samples = chunk.samples.copy()
            samples[: chunk.concealed] = -1.0  # what is made up tells no time
            self.line.put(Chunk(samples, chunk.rate, chunk.time, chunk.start, 0, chunk.arrival))

    def let_go(self, now: float) -> None:
        self._heard = [p for p in self._heard if p.due > now - 1.0] + self.line.due(now, self._delay)

    def at(self, now: float) -> float:
        """Capture time of what is heard now, NaN if that is nothing or made up."""
        for piece in self._heard:
            index = round((now - piece.due) * RATE)
            if 0 <= index < len(piece.samples):
                return float(_told(piece.samples[index : index + 1], 0)[0])
        return float("nan")


def _told(samples: np.ndarray, concealed: int) -> np.ndarray:
    """Capture time modulo 30 s of each sample, NaN where it was made up."""
    levels = np.rint(samples.astype(np.float64) * 32768)
    times = np.where(levels >= 0, levels * PER_LEVEL / RATE, np.nan)
    times[:concealed] = np.nan
    return times


def hour(way: Way, seconds: float, *, seed: int = 3) -> tuple[np.ndarray, Face, Sound]:
    """(moments, face minus sound in s; NaN where either is made up or between streams), and the two ends."""
    rng = np.random.default_rng(seed)
    total = round(seconds * RATE / COUNT)
    captured = COUNT / RATE * (1 + way.card * 1e-6) * np.arange(total)
    arrives = captured + COUNT / RATE + 0.003 + rng.uniform(0, way.jitter, total)
    if way.ordered:
        arrives = np.maximum.accumulate(arrives)
    kept = np.flatnonzero(rng.random(total) >= way.loss)
    timeline = Timeline()
    face, sound = Face(timeline), Sound(timeline)
    tick, skews = 0, []
    for n in kept[np.argsort(arrives[kept], kind="stable")]:
        while tick * TICK < arrives[n]:
            now = BEGIN + tick * TICK
            sound.let_go(now)
            if tick % LOOK == 0:
                skews.append((tick * TICK, _skew(face, sound, now)))
            tick += 1
        now = BEGIN + arrives[n]
        levels = (n * COUNT + np.arange(COUNT)) // PER_LEVEL % LEVELS
        stamp = BEGIN + captured[n] * (1 + way.clock * 1e-6) - way.behind
        data = levels.astype("<i2").tobytes()
        face.hear(Message(data, stamp, now + rng.uniform(0, 0.002)), now)
        sound.hear(Message(data, stamp, now + rng.uniform(0, 0.002)), now)
    return np.array(skews), face, sound


def _skew(face: Face, sound: Sound, now: float) -> float:
    """How much later than its sound the face shown now is, s."""
    pose, heard = face.schedule.at(now), sound.at(now)
    if not pose.speaking or np.isnan(heard):
        return float("nan")
    # The counter begins anew every 30 s; in between a code is interpolated across the seam, which tells nothing.
    skew = heard - float(pose.code[0])
    return skew if abs(skew) < 1.0 else float("nan")


WAYS = {
    "same clock": (Way(), 300.0),
    "network": (Way(jitter=0.1, loss=0.02, card=200.0, clock=200.0, behind=1234.5), 3600.0),
    "mixed up": (Way(jitter=0.1, ordered=False, loss=0.02, card=-200.0, clock=-200.0, behind=-5e6), 300.0),
    "drifts away": (Way(jitter=0.02, loss=0.02, clock=200.0, behind=-0.02), 900.0),
    "200 ms": (Way(jitter=0.2, loss=0.02, card=200.0), 300.0),
}


@pytest.mark.parametrize("name", WAYS)
def test_sound_and_face_stay_together(name: str) -> None:
    way, seconds = WAYS[name]
    skews, face, sound = hour(way, seconds)
    known = skews[~np.isnan(skews[:, 1])]
    settled = known[known[:, 0] > 20.0, 1]
    assert len(settled) > 0.85 * len(skews), "face and sound are there nearly always"
    assert np.percentile(np.abs(settled), 99) < 0.02
    last = known[known[:, 0] > seconds - 300.0, 1]
    assert abs(np.median(last)) < 0.005, "nor does it grow with time"
    assert face.schedule.late + face.delay.late < 0.02 * 60 * seconds
    assert len(face.schedule) < 120, "a second of codes waits, no more"
    assert sound.line.waiting() < 1.5
    assert sound.line.late < 0.02 * seconds / 0.02
    assert face.delay.margin < way.jitter + 0.25
