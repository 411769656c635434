"""When has a stream ended that says nothing of its end?"""

from __future__ import annotations

LONGEST = 1.5  # s that a source's habits may add
HALF_LIFE = 2.0  # s in which an unusual pause is half forgotten


class Patience:
    """A timeout for a source that may send in bursts: the longest of its recent pauses is waited for on top.

    The first pause that is longer than the timeout still ends the stream; from then on the source is known.
    """

    def __init__(self) -> None:
        self._pause = 0.0

    def went_on(self, pause: float) -> None:
        """After `pause` s the source went on with what it had begun."""
        pause = min(max(pause, 0.0), LONGEST)
        self._pause = max(pause, self._pause * 0.5 ** (pause / HALF_LIFE))

    def ended(self, silence: float, timeout: float) -> bool:
        """Whether `silence` s mean the end, if `timeout` s do for a source that sends evenly."""
        return self.left(silence, timeout) < 0.0

    def left(self, silence: float, timeout: float) -> float:
        """How many s more of silence are waited for."""
        return timeout + self._pause - silence
