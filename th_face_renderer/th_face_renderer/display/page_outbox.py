"""What waits to be sent to one viewer: bounded, sound before pictures, the oldest dropped first."""

from __future__ import annotations

import threading
from collections import deque

MAX_PICTURES = 12  # 0.2 s at 60 pictures a second: older ones would come too late to be drawn
MAX_SOUND = 3.0  # s


class Outbox:
    """Filled by the threads that speak, emptied by the one that sends. No call waits for the network.

    Order out: a stop, then info, note and estimate (of each only the newest), then sound, then pictures.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news: dict[str, str | None] = {"info": None, "note": None, "estimate": None}
        self._urgent: str | None = None
        self._sound: deque[tuple[bytes, float]] = deque()
        self._seconds = 0.0
        self._pictures: deque[bytes] = deque()
        self.dropped_pictures = 0
        self.dropped_sound = 0
        self.listening = False

    def put_info(self, text: str) -> None:
        """Replace whatever info has not left yet."""
        self._replace("info", text)

    def put_note(self, text: str) -> None:
        """Replace whatever note has not left yet."""
        self._replace("note", text)

    def put_estimate(self, text: str) -> None:
        """Replace whatever estimate has not left yet."""
        self._replace("estimate", text)

    def put_stop(self, text: str) -> None:
        """Forget sound and pictures; the viewer hears of it next."""
        with self._lock:
            self._urgent = text
            self._sound.clear()
            self._seconds = 0.0
            self._pictures.clear()

    def put_picture(self, message: bytes) -> None:
        """Add a picture; a full box loses its oldest."""
        with self._lock:
            if len(self._pictures) >= MAX_PICTURES:
                self._pictures.popleft()
                self.dropped_pictures += 1
            self._pictures.append(message)

    def put_sound(self, message: bytes, seconds: float) -> None:
        """Add a piece of sound that lasts `seconds`; a viewer that does not listen gets none."""
        with self._lock:
            if not self.listening:
                return
            self._sound.append((message, seconds))
            self._seconds += seconds
            while self._seconds > MAX_SOUND and len(self._sound) > 1:
                self._seconds -= self._sound.popleft()[1]
                self.dropped_sound += 1

    def listen(self, on: bool) -> None:
        """Take sound from now on, or no longer."""
        with self._lock:
            self.listening = on
            if not on:
                self._sound.clear()
                self._seconds = 0.0

    def take(self) -> str | bytes | None:
        """The next thing to send, None when there is nothing."""
        with self._lock:
            if self._urgent is not None:
                text, self._urgent = self._urgent, None
                return text
            for kind, news in self._news.items():
                if news is not None:
                    self._news[kind] = None
                    return news
            if self._sound:
                message, seconds = self._sound.popleft()
                self._seconds -= seconds
                return message
            return self._pictures.popleft() if self._pictures else None

    def _replace(self, kind: str, text: str) -> None:
        with self._lock:
            self._news[kind] = text
