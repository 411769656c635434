"""How far the face is with a piece of speech: by what was sent, and by the facial codes that came back for it."""

from __future__ import annotations

from th_audio_io.parameters import MAX_DELAY

FRAME = 1 / 60
PATIENCE = 3.0  # s without a code behind the end of the sound: the face will not finish


class Progress:
    """Progress of speech of `duration` s. Times are s on the node's clock, in which the sound is stamped."""

    def __init__(self, duration: float) -> None:
        self.duration = duration
        self.begin: float | None = None
        """Stamp of the first sample, None before it was sent."""
        self.end: float | None = None
        """When the last one ends, None before it was sent."""
        self._delay = 0.0
        self._latest: float | None = None
        self._due: float | None = None

    def sent(self, stamp: float, first: int, count: int, rate: int) -> None:
        """Samples `first` .. `first + count` of speech and the silence behind it went out with this stamp."""
        if self.begin is None:
            self.begin = stamp - first / rate
        left = self.duration - first / rate
        if self.end is None and left <= count / rate:
            self.end = stamp + left

    def code(self, captured: float, delay: float) -> None:
        """A code came whose face, and the sound captured then, are due `delay` s later. Impossible delays are not believed."""
        if self.begin is None or captured < self.begin or not 0.0 <= delay <= MAX_DELAY:
            return
        self._latest, self._delay = captured, delay
        if self._due is None and self.end is not None and captured >= self.end - FRAME:
            self._due = captured + delay

    def spoken(self, now: float) -> float:
        """Seconds of it that were seen and heard."""
        if self._latest is None or self.begin is None:
            return 0.0
        return min(max(now - self._delay - self.begin, 0.0), self.duration)

    def finished(self, now: float) -> bool:
        """Whether its last frame has been presented."""
        return self._due is not None and now >= self._due

    def failure(self, now: float) -> str:
        """Why it will never finish, empty as long as it may."""
        if self.end is None or self._due is not None or now < self.end + PATIENCE:
            return ""
        if self._latest is None:
            return "no facial codes came: do audio_features and face_predictor run?"
        if now < self._latest + self._delay + PATIENCE:
            return ""
        assert self.begin is not None
        return f"facial codes came for the first {self._latest - self.begin:.2f} s only (/diagnostics says why)"
