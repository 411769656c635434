"""The same sound often comes twice, with and without stamps (audio_capture publishes both): take it once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

HOLD = 0.3  # s that the first unstamped messages wait for a stamped twin
HELD_MESSAGES = 64
PATIENCE = 2.0  # s of silence on the stamped topic after which the unstamped one may take over


@dataclass(frozen=True)
class Message:
    """One payload as it came; `stamp` in s is None on the unstamped topic, 0 if the publisher left it empty."""

    data: bytes
    stamp: float | None
    arrival: float


class Selection:
    """Choose among the messages of both topics: stamped ones win, nothing is taken twice.

    The first messages wait until it is known what comes: a stamped one and the format (`announced`), or `HOLD` s have gone.
    mode: "auto", or "stamped" or "unstamped" to hear one topic alone.
    """

    def __init__(self, mode: str = "auto") -> None:
        self._mode = mode
        self._held: list[Message] | None = []
        self._announced = False
        self._stamped_at: float | None = None
        self._taken: deque[bytes] = deque(maxlen=HELD_MESSAGES)

    def announced(self) -> list[Message]:
        """The format is known now; returns the messages that waited for it and need wait no longer."""
        self._announced = True
        return self._release() if self._held and self._complete() else []

    def choose(self, message: Message) -> list[Message]:
        """The messages to use now, oldest first."""
        stamped = message.stamp is not None
        if self._mode != "auto" and stamped != (self._mode == "stamped"):
            return []
        if stamped:
            self._stamped_at = message.arrival
        if self._held is None:
            return self._filter([message])
        self._held.append(message)
        waited = message.arrival - self._held[0].arrival
        done = self._complete() or not 0.0 <= waited < HOLD or len(self._held) >= HELD_MESSAGES
        return self._release() if done else []

    def _complete(self) -> bool:
        return self._announced and (self._mode != "auto" or self._stamped_at is not None)

    def _release(self) -> list[Message]:
        held, self._held = self._held or [], None
        if self._stamped_at is not None:
            held = [m for m in held if m.stamp is not None]
        return self._filter(held)

    def _filter(self, messages: list[Message]) -> list[Message]:
        used = []
        for message in messages:
            if message.stamp is None:
                if self._stamped_at is not None and 0.0 <= message.arrival - self._stamped_at < PATIENCE:
                    continue
                self._taken.append(message.data)
            elif self._taken:
                if message.data in self._taken:
                    continue
                self._taken.clear()
            used.append(message)
        return used
