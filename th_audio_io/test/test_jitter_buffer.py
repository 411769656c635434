"""Messages that overtake each other, on simulated networks."""

from __future__ import annotations

import numpy as np

from th_audio_io.jitter_buffer import DEEPEST, MEMORY, JitterBuffer
from th_audio_io.selection import Message

CHUNK = 0.016


class Listener:
    """Uses messages as an intake does: what does not move on is left out."""

    def __init__(self) -> None:
        self.end: float | None = None
        self.used: list[float] = []
        self.waited: list[float] = []
        self.buffer = JitterBuffer(lambda: self.end, max_gap=0.25)

    def hear(self, stamp: float, arrival: float) -> None:
        for message in self.buffer.take(Message(b"", stamp, arrival)):
            self.use(message, arrival)

    def use(self, message: Message, now: float) -> None:
        assert message.stamp is not None
        if self.end is None or message.stamp > self.end - 0.001:
            self.end = message.stamp + CHUNK
            self.used.append(message.stamp)
            self.waited.append(now - message.arrival)


def stamps(count: int) -> np.ndarray:
    return 1000.0 + CHUNK * np.arange(count)


def test_in_order_nothing_waits_and_loss_is_known_at_once() -> None:
    listener = Listener()
    sent = np.delete(stamps(500), [100, 200, 201])
    for stamp in sent:
        listener.hear(stamp, stamp + 0.02)
    assert listener.used == list(sent)
    assert set(listener.waited) == {0.0}
    assert listener.buffer.depth == 0.0


def test_a_network_that_mixes_messages_up_loses_few_of_them() -> None:
    rng, listener = np.random.default_rng(0), Listener()
    sent = stamps(4000)
    arrivals = sent + rng.uniform(0, 0.1, len(sent))
    lost = rng.random(len(sent)) < 0.02
    for n in np.argsort(arrivals):
        if not lost[n]:
            listener.hear(sent[n], arrivals[n])
    assert listener.used == sorted(listener.used)
    late = np.array(listener.used) > 1000.0 + 5.0
    expected = np.count_nonzero(~lost & (sent > 1000.0 + 5.0))
    assert late.sum() > 0.99 * expected - 8  # what still waits at the end is no loss
    assert 0.05 < listener.buffer.depth <= 0.12
    assert max(listener.waited) < 0.15


def test_without_it_most_would_be_lost() -> None:
    """What the test above is worth: the same network, messages used as they come."""
    rng, end, used = np.random.default_rng(0), 0.0, 0
    sent = stamps(4000)
    for stamp in sent[np.argsort(sent + rng.uniform(0, 0.1, len(sent)))]:
        if stamp > end - 0.001:
            end, used = stamp + CHUNK, used + 1
    assert used < 0.6 * len(sent)


def test_the_depth_is_forgotten_when_the_network_is_good_again() -> None:
    listener = Listener()
    sent = stamps(round((MEMORY + 2) / CHUNK))
    for n, stamp in enumerate(sent):
        if n == 10:
            continue
        listener.hear(stamp, stamp)
        if n == 12:
            listener.hear(sent[10], stamp)
            assert 0.016 < listener.buffer.depth < DEEPEST
    assert listener.buffer.depth == 0.0
    assert listener.buffer.overtaken == 1
    assert listener.buffer.held == 0


def test_copies_teach_nothing_and_old_times_do_not_wait() -> None:
    listener = Listener()
    for stamp in stamps(50):
        listener.hear(stamp, stamp)
        listener.hear(stamp, stamp + 0.001)
    assert listener.buffer.depth == 0.0
    listener.hear(500.0, 1001.0)  # time set back: the intake will see
    assert listener.buffer.held == 0


def test_the_end_gives_out_what_waits() -> None:
    listener = Listener()
    listener.buffer._needs.append((1000.0, 0.1))
    listener.hear(1000.0, 1000.0)
    listener.hear(1000.0 + 2 * CHUNK, 1000.0 + 2 * CHUNK)
    assert listener.buffer.held == 1
    assert [m.stamp for m in listener.buffer.flush()] == [1000.0 + 2 * CHUNK]
    assert next(listener.buffer.take(Message(b"x", None, 1001.0))).data == b"x"
