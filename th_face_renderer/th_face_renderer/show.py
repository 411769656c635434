"""Draw, tick by tick, the face that is due, on every display that somebody looks at."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from th_common.health import Health
from th_common.ladder import Ladder
from th_common.latency import StageTimes
from th_common.thresholds import Trend
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.display import CodeDisplay, Display
from th_face_renderer.schedule import LATE, Floats, Pose

KEEPALIVE = 1.0
"""A face that does not move is drawn again after this long (s), so that nobody takes it for dead."""
RUNGS = ("full rate", "half rate", "rest")
"""What is left out when drawing is too slow: pictures that came too late are never shown. Who draws the face elsewhere goes on."""
FULL, HALF, REST = range(len(RUNGS))
_REMEMBERED = 300


@dataclass
class Seat:
    """One display and what it showed last. `draws`: it is handed codes, not pictures, and costs next to nothing."""

    display: Display | CodeDisplay
    show: Callable[[Pose, float], None]
    draws: bool
    viewers: int = 0
    pose: Pose | None = None
    shown_at: float = field(default=-1e18)

    def wants(self, pose: Pose, viewers: int, now: float) -> bool:
        """Whether `pose` is news to this display: another face, a new viewer, or too long the same."""
        if viewers > self.viewers or self.pose is None or not 0.0 <= now - self.shown_at < KEEPALIVE:
            return True
        return not _alike(pose, self.pose)


class Poses(Protocol):
    """Which face is due: a CodeSchedule, or a LivingFace around it."""

    def at(self, time: float) -> Pose:
        """The pose due at a time."""

    def rest(self, time: float) -> Floats:
        """The code of a face that does nothing."""


class Show:
    """The face on its displays: `tick` once per frame, or `run` in a thread.

    `now` is the clock that codes are due in. An error of a display goes to `on_error` and the show goes on. `stages` are told what
    drawing ("render") and handing over ("display") take, and how late after its time a picture is handed over ("face").
    """

    def __init__(
        self,
        decoder: FaceDecoder,
        schedule: Poses,
        displays: Sequence[Display | CodeDisplay],
        *,
        size: tuple[int, int],
        now: Callable[[], float],
        on_error: Callable[[Exception], None],
        stages: StageTimes | None = None,
    ) -> None:
        self._decoder, self._schedule, self._size, self._now, self._on_error = decoder, schedule, size, now, on_error
        self._stages = StageTimes() if stages is None else stages
        self._seats = [self._seat(display) for display in displays]
        self._picture: np.ndarray | None = None
        self._drawn: Pose | None = None
        self._worked = self._renew = False
        self._costs: deque[float] = deque(maxlen=_REMEMBERED)
        self._skews: deque[float] = deque(maxlen=_REMEMBERED)
        self.drawn = 0
        """Pictures drawn so far."""
        self.missed = 0
        """Ticks left out because the ones before took too long."""
        self.late = 0
        """Pictures that were not shown because they were ready more than LATE s after they were due."""
        self.ladder = Ladder(RUNGS)

    @property
    def viewers(self) -> int:
        """How many look at the face, all displays together."""
        return sum(seat.viewers for seat in self._seats)

    def costs(self) -> tuple[float, float]:
        """Median and 95th percentile of the time (s) to draw and hand over a picture; zeros before the first."""
        return _percentiles(list(self._costs))

    def skews(self) -> tuple[float, float]:
        """Median and 95th percentile of the time (s) by which pictures are handed over after they are due."""
        return _percentiles(list(self._skews))

    def update_health(self, health: Health, trend: Trend) -> None:
        """Write how the show goes to a node's diagnostics."""
        (cost, cost95), (skew, skew95) = self.costs(), self.skews()
        health.set("viewers", self.viewers)
        health.set("pictures", self.drawn)
        health.set("pictures per s", trend.per_second("pictures", self.drawn))
        health.set("missed ticks", self.missed)
        health.set("missed ticks per s", trend.per_second("missed", self.missed))
        health.set("late pictures", self.late)
        health.set("pace", self.ladder.name)
        health.set("times too slow", self.ladder.falls)
        if self.ladder.rung:
            health.raise_fault("machine too slow", f"at {self.ladder.name}: pictures were drawn too late")
        else:
            health.clear_fault("machine too slow")
        health.set("render ms p50", cost * 1e3)
        health.set("render ms p95", cost95 * 1e3)
        health.set("skew ms p50", skew * 1e3)
        health.set("skew ms p95", skew95 * 1e3)

    def renew(self) -> None:
        """Show every display its face again on the next tick: what it was handed for later is void. From any thread."""
        self._renew = True

    def tick(self) -> None:
        """Show what is due now where somebody looks and would see anything new."""
        now = self._now()
        if self._renew:
            self._renew = False
            self._picture = self._drawn = None
            for seat in self._seats:
                seat.pose = None
        drawn, late = self.drawn, self.late
        for seat in self._seats:
            try:
                viewers = seat.display.poll()
                if viewers:
                    self._serve(seat, viewers, now)
                else:
                    seat.pose = None
                seat.viewers = viewers
            except Exception as error:
                self._on_error(error)
        self._worked = self.drawn > drawn
        if self._worked or self.ladder.rung == REST:
            self._pace(self.late > late)

    def _pace(self, missed: bool) -> None:
        self.ladder.observe(missed, self._now())

    def run(self, rate: float, stop: threading.Event) -> None:
        """Tick `rate` times a second, on absolute deadlines, until `stop` is set; displays open and close with it."""
        for seat in self._seats:
            self._guarded(seat.display.open)
        period, due = 1.0 / rate, time.monotonic()
        while not stop.is_set():
            self._guarded(self.tick)
            step = period if self.ladder.rung == FULL else 2.0 * period
            due += step
            skipped = max(0, int((time.monotonic() - due) / step))
            self.missed += skipped
            due += skipped * step
            # Half the pictures help against ticks that are missed; no picture at all only against those that come too late.
            if self._worked and skipped and self.ladder.rung == FULL:
                self._pace(True)
            stop.wait(max(0.0, due - time.monotonic()))
        for seat in self._seats:
            self._guarded(seat.display.close)

    def _serve(self, seat: Seat, viewers: int, now: float) -> None:
        present_at = now + seat.display.lead
        pose = self._schedule.at(present_at)
        resting = self.ladder.rung == REST and not seat.draws
        shown = Pose(self._schedule.rest(present_at), speaking=False) if resting else pose
        if not seat.wants(shown, viewers, now):
            return
        begin = time.perf_counter()
        if not seat.draws:
            self._picture_of(shown)
        drawn = time.perf_counter()
        if pose.speaking and not resting and self._now() - present_at > LATE:
            self.late += 1
            return
        seat.show(shown, present_at)
        seat.pose, seat.shown_at = shown, now
        done, handed = time.perf_counter(), self._now()
        self._costs.append(done - begin)
        self._skews.append(handed - present_at)
        if pose.speaking:
            self._stages.add("display", done - drawn)
            self._stages.add("face", handed - now)

    def _seat(self, display: Display | CodeDisplay) -> Seat:
        if isinstance(display, CodeDisplay):
            return Seat(display, lambda pose, at: display.show_code(pose.code, at, layer=pose.layer), draws=True)
        return Seat(display, lambda pose, at: display.show(self._picture_of(pose), at), draws=False)

    def _picture_of(self, pose: Pose) -> np.ndarray:
        if self._picture is None or self._drawn is None or not _alike(pose, self._drawn):
            begin = time.perf_counter()
            self._picture = self._decoder.render(pose.code, self._size, layer=pose.layer, copy=False)
            self._drawn = pose
            self.drawn += 1
            self._stages.add("render", time.perf_counter() - begin)
        return self._picture

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self._on_error(error)


def _alike(one: Pose, two: Pose) -> bool:
    return one.layer == two.layer and np.array_equal(one.code, two.code)


def _percentiles(values: list[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 0.0
    median, high = np.percentile(values, [50, 95])
    return float(median), float(high)
