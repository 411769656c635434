"""Codes by their deadlines: what a stream of frames becomes on a machine, and with a sound, that may falter.

    full rate   every frame through the network
    half rate   the network computes two frames at once, and shows every second one; the renderer interpolates
    energy      no network: loudness opens the mouth
    rest        nothing; the renderer brings the face to rest

A `Ladder` chooses, by the codes that come too late because the machine was busy; late sound is a matter of the presentation delay. And where the frames stop coming, those that wait for their right context get
their codes in time all the same, with the context that there is: `wake` does that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from th_common.ladder import Ladder
from th_common.patience import Patience
from th_face_predictor.mouth import ENERGY, EnergyMouth
from th_face_predictor.stream import PredictorStream

RUNGS = ("full rate", "half rate", "energy", "rest")
FULL, HALF, VOICE, REST = range(len(RUNGS))
LEAD = 0.012
"""A code leaves at least so long (s) before it is due: it must travel and be drawn."""
LATE = 0.005
"""A code that leaves later than this (s) before it is due has missed its deadline."""
BUDGET = 0.06
"""Time (s) from the arrival of the sound to the code that a machine may take; a code is not late by its fault before."""
FOREIGN = 5.0
"""Due times further off than this (s) are of another clock (a recording, a simulation): they tell no deadline."""
IDLE = 0.3
"""Without frames for so long (s), and the usual pauses on top, the stream has ended."""
FADE = 6
"""Frames in which the face goes over to the codes of another rung."""


@dataclass(frozen=True)
class Frame:
    """One frame of a stream: its number, its features (40,), when its face is due and when its sound was heard (s, of `now`; 0: not
    known), and whatever belongs to it."""

    number: int
    features: np.ndarray
    due: float
    heard: float = 0.0
    source: Any = None


@dataclass(frozen=True)
class _Heard:
    frame: Frame
    opening: float


Codes = list[tuple[Frame, np.ndarray]]


class LivePredictor:
    """Frames in, (frame, code) out; every frame at most once, in order.

    `now` is the clock that frames are due in, `steady` one that never jumps; both in s. `on_ready` is told of every frame whose right
    context is complete, also of those that could not wait for it, and of the frame that completed it: whoever sets the delay learns
    from it what is needed. Without `timed` no clock decides anything: every code has its whole context, and only `end` ends a stream.
    """

    def __init__(
        self,
        stream: PredictorStream,
        mouth: EnergyMouth,
        *,
        now: Callable[[], float],
        steady: Callable[[], float],
        on_ready: Callable[[Frame, Frame], None] = lambda frame, last: None,
        timed: bool = True,
    ) -> None:
        self._timed = timed
        self._stream, self._mouth, self._now, self._steady = stream, mouth, now, steady
        self._on_ready = on_ready
        self.ladder = Ladder(RUNGS)
        self._held: list[_Heard] = []  # at half rate: waits for the next one
        self._waiting: deque[_Heard] = deque()  # in the stream, no full context yet
        self._early = 0  # of those, how many have their code already
        self._latest = 0.0  # when the newest frame's sound was heard, or the frame came
        self._unready: deque[Frame] = deque()  # without the network: what would wait for its context
        self._arrived: float | None = None
        self._patience = Patience()
        self._last: np.ndarray | None = None
        self._fading = 0
        self._from = mouth.rest
        self.hurried = 0
        """Codes computed with less context than the model's, because they were due."""

    @property
    def pending(self) -> int:
        """Frames that have no code yet."""
        return len(self._held) + len(self._waiting) - self._early

    def push(self, frames: Sequence[Frame]) -> Codes:
        """The next frames of the stream.

        Raises:
            InputError: features hold NaN or infinity; the frames are left out.
        """
        features = np.stack([f.features for f in frames]).astype(np.float32)
        self._stream.check(features)
        steady = self._steady()
        if self._arrived is not None:
            self._patience.went_on(steady - self._arrived)
        self._arrived = steady
        self._latest = frames[-1].heard or self._now()
        heard = [_Heard(f, self._mouth.hear(float(f.features[ENERGY]))) for f in frames]
        return self._judged(self._by_energy(heard) if self.ladder.rung >= VOICE else self._by_network(heard))

    def wake(self) -> tuple[Codes, float | None]:
        """Codes that cannot wait any longer, and the s after which to ask again (None: not before the next frame)."""
        if self._arrived is None or not self._timed:
            return [], None
        left = self._patience.left(self._steady() - self._arrived, IDLE)
        if left <= 0.0:
            return self.end(), None
        out = self._hurry()
        waits = [left]
        head = self._head()
        if head is not None and self._tells(head):
            waits.append(head.due - LEAD - self._now())
        return out, max(0.001, min(waits))

    def end(self) -> Codes:
        """The stream ends: codes of what is pending; the next frame begins another one."""
        out = self._through_network() + self._take(self._stream.flush())
        self.clear()
        return self._faded(out)

    def clear(self) -> None:
        """Forget the stream with all that is pending."""
        self._stream.clear()
        self._waiting.clear()
        self._unready.clear()
        self._held.clear()
        self._early = 0
        self._arrived = None

    # --- the rungs -------------------------------------------------------------------------------------------------------

    def _by_network(self, frames: Sequence[_Heard]) -> Codes:
        half = self.ladder.rung == HALF
        self._held.extend(frames)
        if half and len(self._held) < 2:
            return []
        out = self._through_network()
        return [(f, c) for f, c in out if f.number % 2 == 0] if half else out

    def _by_energy(self, frames: Sequence[_Heard]) -> Codes:
        for heard in frames:
            self._unready.append(heard.frame)
            if len(self._unready) > self._stream.lookahead:
                self._on_ready(self._unready.popleft(), heard.frame)
        return [(heard.frame, self._mouth.code(heard.opening)) for heard in frames]

    def _through_network(self) -> Codes:
        """What is held goes into the stream; what comes out of it."""
        if not self._held:
            return []
        self._waiting.extend(self._held)
        features = np.stack([heard.frame.features for heard in self._held])
        self._held.clear()
        codes = self._stream.push(features)
        for at in range(len(codes)):
            self._on_ready(self._waiting[at].frame, self._waiting[at + self._stream.lookahead].frame)
        return self._take(codes)

    def _take(self, codes: np.ndarray) -> Codes:
        """Give codes to the frames that waited for them, but for those that have one."""
        out: Codes = []
        for code in codes:
            heard = self._waiting.popleft()
            if self._early:
                self._early -= 1
            else:
                out.append((heard.frame, code))
        return out

    def _hurry(self) -> Codes:
        """Codes of the frames that are due, as if the stream ended here."""
        head = self._head()
        if head is None or not self._tells(head) or head.due - LEAD > self._now():
            return []
        out = self._through_network()
        codes = self._stream.peek()
        until = self._now() + LEAD
        while self._early < len(self._waiting) and self._waiting[self._early].frame.due <= until:
            out.append((self._waiting[self._early].frame, codes[self._early]))
            self._early += 1
            self.hurried += 1
        return self._judged(out)

    def _head(self) -> Frame | None:
        """The oldest frame without a code."""
        if self._early < len(self._waiting):
            return self._waiting[self._early].frame
        return self._held[0].frame if self._held else None

    # --- deadlines -------------------------------------------------------------------------------------------------------

    def _tells(self, frame: Frame) -> bool:
        return self._timed and abs(frame.due - self._now()) < FOREIGN

    def _judged(self, out: Codes) -> Codes:
        """Keep the ladder informed; what waits goes over to another rung with it."""
        now, rung = self._now(), self.ladder.rung
        shown = self._faded([] if rung == REST else out)
        slow = now - self._latest > BUDGET
        for frame, _ in out:
            if self._tells(frame) and self.ladder.observe(slow and now > frame.due - LATE, now):
                break  # the others are the old rung's
        if self.ladder.rung != rung:
            self._from, self._fading = (self._mouth.rest if self._last is None else self._last), FADE
            if (rung < VOICE) != (self.ladder.rung < VOICE):
                shown += self._change_over()
        return shown

    def _change_over(self) -> Codes:
        """Between network and energy: what waits for the network is shown by energy, and the network begins anew."""
        waiting = [*self._waiting][self._early :] + self._held
        arrived = self._arrived
        self.clear()
        self._arrived = arrived
        return self._faded(self._by_energy(waiting))

    def _faded(self, out: Codes) -> Codes:
        shown: Codes = []
        for frame, code in out:
            if self._fading:
                self._fading -= 1
                code = code + np.float32(self._fading / FADE) * (self._from - code)
            self._last = code
            shown.append((frame, code))
        return shown
