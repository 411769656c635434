"""Messages that overtook each other on the way, put in order again; as deep as the way has shown to need, and no deeper."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator

from th_audio_io.selection import Message

DEEPEST = 0.25  # s that a message waits at most for one that it has overtaken
MEMORY = 30.0  # s for which the latest straggler is remembered
SPARE = 0.01  # s waited on top of what stragglers needed
SEAM = 0.006  # s: what begins so near behind the end of what came before follows on it
MOST = 64  # messages held at most


class JitterBuffer:
    """Holds a message back that has come before its turn, until its turn comes or `depth` is over.

    Where nothing was overtaken for a while the depth is 0 and lost sound is known at once, from the message after it. The first
    straggler teaches how late they come. Unstamped messages pass: nothing tells their order.

    Args:
        end: capture time at which the sound so far ends, None before the first sound.
        max_gap: s; a message further ahead belongs to another stream and does not wait.
    """

    def __init__(self, end: Callable[[], float | None], *, max_gap: float) -> None:
        self._end, self._max_gap = end, max_gap
        self._held: list[tuple[float, float, int, Message]] = []  # stamp, arrival, order of arrival
        self._passed: deque[tuple[float, float]] = deque(maxlen=MOST)  # stamp and arrival of what was given out
        self._needs: deque[tuple[float, float]] = deque()  # when, and how long a message would have had to wait
        self._count = 0
        self.overtaken = 0
        """Messages so far that came after one that was captured later."""
        self.stragglers = 0
        """Those of them whose place had been filled already."""

    @property
    def depth(self) -> float:
        """How long a message waits for one before it, s. From any thread."""
        needs = list(self._needs)  # at once, while `take` goes on in another thread
        return min(DEEPEST, max(need for _, need in needs) + SPARE) if needs else 0.0

    @property
    def held(self) -> int:
        """Messages that wait."""
        return len(self._held)

    def take(self, message: Message) -> Iterator[Message]:
        """The messages whose turn it is, in order; each must be used before the next is asked for (it moves the end)."""
        now = message.arrival
        while self._needs and not 0.0 <= now - self._needs[0][0] < MEMORY:
            self._needs.popleft()
        if not message.stamp:
            yield from self.flush()
            yield message
            return
        self._learn(message.stamp, now)
        self._count += 1
        insort(self._held, (message.stamp, now, self._count, message))
        yield from self.release(now)

    def release(self, now: float) -> Iterator[Message]:
        """The messages whose turn it is at `now`, s; used as those of `take`."""
        while self._held and (self._is_next(self._held[0][0]) or not self._worth_waiting(now)):
            yield self._give_out()

    def left(self, now: float) -> float | None:
        """After how many s `release` gives something out even if nothing comes; None if nothing waits."""
        return max(0.0, self._since() + self.depth - now) if self._held else None

    def flush(self) -> Iterator[Message]:
        """Everything that waits, in order: the stream has ended."""
        while self._held:
            yield self._give_out()

    def clear(self) -> None:
        """Forget what waits."""
        self._held.clear()

    def _give_out(self) -> Message:
        stamp, arrival, _, message = self._held.pop(0)
        self._passed.append((stamp, arrival))
        return message

    def _is_next(self, stamp: float) -> bool:
        end = self._end()
        return end is None or not SEAM < stamp - end <= self._max_gap

    def _worth_waiting(self, now: float) -> bool:
        return 0.0 <= now - self._since() < self.depth and len(self._held) < MOST

    def _since(self) -> float:
        return min(arrival for _, arrival, _, _ in self._held)

    def _learn(self, stamp: float, now: float) -> None:
        """If this message was overtaken: note how long the first to overtake it would have had to wait."""
        known = [*self._passed, *((s, a) for s, a, _, _ in self._held)]
        if any(s == stamp for s, _ in known):
            return  # a second copy
        before = [a for s, a in known if stamp < s <= stamp + self._max_gap]
        if before and now - min(before) <= DEEPEST:
            self.overtaken += 1
            self.stragglers += any(stamp < s for s, _ in self._passed)
            self._needs.append((now, now - min(before)))
