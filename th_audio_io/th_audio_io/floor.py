"""Who has the floor: the speech of a goal goes before what the source hears or plays by itself, which is left out meanwhile."""

from __future__ import annotations

import threading

import numpy as np

from th_audio_io.formats import to_s16
from th_audio_io.topics import SoundTopics
from th_common.node import TalkingHeadNode


class Floor:
    """The one way of a source's sound to the topics. Open and close in the executor; the rest is safe between threads."""

    def __init__(self, node: TalkingHeadNode) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._topics: SoundTopics | None = None
        self._own: tuple[int, int] | None = None  # rate, channels of the source's own sound, while there is any
        self._holder: object | None = None  # the speech that has the floor
        self._channels = 1  # that were announced last

    # --- in the executor --------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether the topics are there."""
        return self._topics is not None

    def open(self) -> None:
        """Offer the topics."""
        if self._topics is None:
            self._topics = SoundTopics(self._node)

    def close(self) -> None:
        """Take the topics away."""
        with self._lock:
            topics, self._topics, self._own = self._topics, None, None
        if topics is not None:
            topics.close()

    # --- the source's own sound -------------------------------------------------------------------------------------------

    def begin_own(self, rate: int, channels: int) -> None:
        """The source's own sound begins."""
        with self._lock:
            self._own = rate, channels
            self._announce(rate, channels)

    def publish_own(self, data: bytes, begin: float) -> None:
        """Publish S16LE bytes of it, captured from time.monotonic() == `begin` on, unless speech has the floor."""
        with self._lock:
            if self._topics is not None and self._holder is None:
                self._topics.publish(data, begin)

    def end_own(self) -> None:
        """It has ended."""
        with self._lock:
            self._own = None

    # --- speech -----------------------------------------------------------------------------------------------------------

    def take(self, holder: object, rate: int) -> int:
        """Take the floor for speech of this rate; returns the rate to speak at, which is the own sound's where there is any."""
        with self._lock:
            self._holder = holder
            if self._own is not None:
                return self._own[0]
            self._announce(rate, 1)
            return rate

    def say(self, holder: object, samples: np.ndarray, begin: float) -> float | None:
        """Publish mono float samples due from time.monotonic() == `begin` on; their stamp, None where another has the floor."""
        with self._lock:
            if self._topics is None or self._holder is not holder:
                return None
            return self._topics.publish(to_s16(np.repeat(samples, self._channels)), begin)

    def hold(self) -> None:
        """Nobody may say anything until the floor is taken or left: of what was being said nothing comes any more."""
        with self._lock:
            self._holder = object()

    def leave(self) -> None:
        """Give the floor back."""
        with self._lock:
            self._holder = None

    def listeners(self) -> int:
        """Subscriptions to the sound."""
        with self._lock:
            return self._topics.listeners() if self._topics is not None else 0

    def _announce(self, rate: int, channels: int) -> None:
        self._channels = channels
        if self._topics is not None:
            self._topics.announce(rate, channels)
