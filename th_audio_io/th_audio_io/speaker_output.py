"""The delayed sound on a loudspeaker that may be missing, go away and come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from th_audio_io.intake import Chunk
from th_audio_io.loudspeaker import Loudspeaker
from th_audio_io.playout import Delay, DelayLine
from th_common.errors import DeviceError
from th_common.health import Health

AHEAD = 0.08  # s before it is due that the loudspeaker gets the sound, on top of the device's latency
RETRY = 3.0  # s between attempts to open a device that is not there
LOOK = 0.2  # s between looks at whether it still plays


class SpeakerOutput:
    """Opens the loudspeaker in a thread of its own, again and again where it is missing or lost, and feeds it in time.

    Args:
        open_device: makes the Loudspeaker, may raise DeviceError and take its time.
        on_missing: told in words why it cannot be opened, at every attempt.
        on_lost: told in words that it went away.
        on_open: told that it is there.
    """

    def __init__(
        self,
        open_device: Callable[[], Loudspeaker],
        *,
        on_missing: Callable[[str], None],
        on_lost: Callable[[str], None],
        on_open: Callable[[], None] = lambda: None,
    ) -> None:
        self._open_device, self._on_missing, self._on_lost, self._on_open = open_device, on_missing, on_lost, on_open
        self._line = DelayLine()
        self._speaker: Loudspeaker | None = None
        self._stopping = threading.Event()
        self.opened = 0
        """How often the device was opened."""
        self._thread = threading.Thread(target=self._keep, name="loudspeaker", daemon=True)
        self._thread.start()

    def put(self, chunk: Chunk) -> bool:
        """Take sound; returns whether it is the next to leave."""
        return self._line.put(chunk)

    def clear(self) -> None:
        """Cut the sound at once."""
        self._line.clear()
        speaker = self._speaker
        if speaker is not None:
            speaker.clear()

    def close(self) -> None:
        """Stop and free the device."""
        self._stopping.set()
        self._thread.join(timeout=2.0)
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            speaker.close()

    def let_go(self, now: float, delay: Delay, monotonic: Callable[[float], float]) -> float | None:
        """Hand over what is due soon; `monotonic` makes time.monotonic() of the clock of `now`. Returns when to come again."""
        speaker = self._speaker
        lead = AHEAD + (speaker.latency if speaker is not None else 0.0)
        for piece in self._line.due(now, delay, lead=lead):
            if speaker is not None:
                speaker.play(piece.samples, piece.rate, monotonic(piece.due))
        due = self._line.next_due(delay)
        return None if due is None else due - lead

    def update_health(self, health: Health) -> None:
        """Show the device and how it keeps time."""
        speaker = self._speaker
        health.set("loudspeaker", "missing" if speaker is None else speaker.name)
        health.set("loudspeaker opened", self.opened)
        if speaker is not None:
            health.set("loudspeaker latency ms", speaker.latency * 1e3)
            health.set("loudspeaker underruns", speaker.schedule.underruns + speaker.underflows)
            health.set("loudspeaker slips", speaker.schedule.slips)
            health.set("loudspeaker error ms", speaker.schedule.error * 1e3)

    def _keep(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            speaker, wait = self._speaker, LOOK
            if speaker is not None and speaker.playing:
                continue
            if speaker is not None:
                self._on_lost(f"the loudspeaker {speaker.name!r} stopped: unplugged?")
                self._speaker = None
                speaker.close()
            wait = self._try_to_open()

    def _try_to_open(self) -> float:
        begin = time.monotonic()
        try:
            speaker = self._open_device()
        except DeviceError as error:
            # The topic does not need the device: go on without.
            self._on_missing(str(error))
            return max(0.0, RETRY - (time.monotonic() - begin))
        self.opened += 1
        self._on_open()
        self._speaker = speaker
        return LOOK
