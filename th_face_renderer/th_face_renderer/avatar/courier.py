"""When a frame leaves for an avatar: each code at its time, and as many frames in between as an avatar alive needs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from th_face_renderer.living import LivingFace
from th_face_renderer.schedule import Pose


class Courier:
    """Sends the pose that is due, when it is due: `tick` after tick, or `run` in a thread. All times in s, of one clock.

    While codes are due a frame leaves at the time of each; else, and where codes are sparse, one every `period`. All leave `lead`
    earlier than that, for avatar programs that take as long to show them. An error of `send` goes to `on_error`, and the next frame
    leaves as it would.
    """

    def __init__(
        self,
        living: LivingFace,
        send: Callable[[Pose, float], None],
        *,
        now: Callable[[], float],
        on_error: Callable[[Exception], None],
        period: float = 1 / 60,
        lead: float = 0.0,
    ) -> None:
        self._living, self._send, self._now, self._on_error = living, send, now, on_error
        self._period, self._lead = period, lead
        self._due = now() + lead
        self.missed = 0
        """Frames left out because the ones before took too long, or the clock jumped."""

    def tick(self) -> float:
        """Send the frame if it is time; returns for how long (s) nothing is to be done."""
        now = self._now()
        if now < self._due - self._lead:
            if self._due - self._lead - now > 2 * self._period:  # the clock was set back
                self._due = now + self._lead
            return min(self._due - self._lead - now, self._period)
        try:
            self._send(self._living.at(self._due), self._due)
        except Exception as error:
            self._on_error(error)
        self._due = self._next(self._due)
        late = int((self._now() + self._lead - self._due) / self._period)
        if late > 0:
            self.missed += late
            self._due += late * self._period
        return max(0.0, self._due - self._lead - self._now())

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop` is set."""
        while not stop.wait(self.tick()):
            pass

    def _next(self, due: float) -> float:
        """One period later, or at the time of the code that is nearest to that, if one is within half a period."""
        regular = due + self._period
        codes = self._living.schedule.measures(due + 0.5 * self._period, due + 1.5 * self._period)
        return min((code for code, _ in codes), key=lambda code: abs(code - regular), default=regular)
