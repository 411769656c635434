"""The intake on ROS topics: audio, audio_stamped and audio_info in, chunks out, in a worker thread of the node."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from th_audio_io.intake import AudioIntake, Chunk
from th_audio_io.jitter_buffer import JitterBuffer
from th_audio_io.offset import ClockOffset
from th_audio_io.parameters import INTAKE_PARAMETERS
from th_audio_io.payload import MAX_PAYLOAD
from th_audio_io.selection import PATIENCE, Message, Selection
from th_common.errors import InputError
from th_common.health import Level
from th_common.node import TalkingHeadNode
from th_common.patience import Patience
from th_common.stamps import to_seconds
from th_common.thresholds import Trend

__all__ = ["INTAKE_PARAMETERS", "RosIntake", "intake_of"]


@dataclass(frozen=True)
class Cut:
    """In the mailbox: the face was stopped."""

    number: int


END = object()  # in the mailbox: the sound has ended for now
IN_FLIGHT = 0.5  # s after a stop in which sound from before it may still arrive
OWN_CLOCK = 0.05  # s: a node's clock nearer to the system's than this is the system's, not a simulation's
MOST_WAITED = 5.0  # s that a message may have waited for the executor; beyond, the system's clock was set
SEAM = 0.05  # s: sound that begins so near to the end of what came before goes on with it
MESSAGES = 2000
"""Messages that may wait: a voice that is made faster than it lasts sends whole utterances at once, in pieces."""
SOUND = QoSProfile(depth=MESSAGES, reliability=ReliabilityPolicy.BEST_EFFORT)
WHOLE = QoSProfile(depth=MESSAGES, reliability=ReliabilityPolicy.RELIABLE)
"""Of a replay, which waits for those who listen: nothing may be lost."""
MAX_WAITING = 32 << 20  # bytes in the mailbox, whatever the number of messages


def intake_of(node: TalkingHeadNode) -> AudioIntake:
    """An intake as the node's INTAKE_PARAMETERS say.

    Raises:
        InputError: they name a format that is not supported.
    """
    return AudioIntake(
        rate=node.value("sample_rate"),
        channels=node.value("channels"),
        sample_format=node.value("sample_format"),
        coding=node.value("coding_format"),
        max_gap=node.value("max_gap"),
    )


class RosIntake:
    """Subscribe to the sound for `node` and call `on_chunk(chunk)` in a worker thread of the node.

    Make it in `configure`, call `close` in `cleanup` and `update_health` in the node's own. `on_chunk` may take its time: when it is
    slower than the sound the oldest messages are dropped and reported, and what follows shows the gap. `on_end` is called in the same
    thread after `end()`, and where no message came for `idle_timeout()` s and the source's usual pauses on top; `on_cut` after `cut()`.

    `deterministic`: for replays. What comes out depends on the stamped messages alone, not on when they arrive: the unstamped topic is
    not heard, nothing waits for stragglers, and the sound ends with a message without a payload and not by a timeout.

    Raises:
        InputError: the node's INTAKE_PARAMETERS name a format that is not supported.
    """

    def __init__(
        self,
        node: TalkingHeadNode,
        on_chunk: Callable[[Chunk], None],
        on_end: Callable[[], None] = lambda: None,
        *,
        on_cut: Callable[[int], None] = lambda number: None,
        idle_timeout: Callable[[], float] | None = None,
        deterministic: bool = False,
    ) -> None:
        self._deterministic = deterministic
        self._node, self._on_chunk, self._on_end, self._on_cut = node, on_chunk, on_end, on_cut
        self._idle_timeout = idle_timeout
        self.intake = intake_of(node)
        self._selection = Selection(node.value("input"))
        self._buffer = JitterBuffer(self._end_so_far, max_gap=node.value("max_gap"))
        self._offset = ClockOffset()
        self._trend = Trend()
        self._lock = threading.Lock()
        self._waiting = 0
        self._last_arrival: float | None = None
        self._ended: float | None = None  # the last arrival before the end
        self._patience = Patience()
        self._before: tuple[float, float] | None = None  # arrival of the message before, and the end of its sound
        self._worker = node.start_worker("sound", self._take, capacity=MESSAGES, idle=self._idle)
        self._cut = 0, -1e18  # the stop's number: when it was sent (ns); and when it arrived
        self._stamped_heard = 0.0
        self._plain: Subscription | None = None
        # audio_capture's audio_info is volatile, ours is latched: a subscription hears only one of the two kinds.
        volatile = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._subscriptions: list[Subscription] = [
            node.create_subscription(AudioInfo, "audio_info", self._worker.put, volatile),
            node.create_subscription(AudioInfo, "audio_info", self._worker.put, latched),
        ]
        mode = "stamped" if deterministic else node.value("input")
        if mode != "unstamped":
            # rclpy hands over the message's information where a callback takes two arguments; its types do not say so.
            hear: Callable[..., None] = self._hear_stamped
            self._subscriptions.append(
                node.create_subscription(AudioDataStamped, "audio_stamped", hear, WHOLE if deterministic else SOUND)
            )
        if mode != "stamped":
            self._hear_plain_too()
        self._timer = node.create_timer(1.0, self._look_around) if mode == "auto" else None

    def close(self) -> None:
        """Unsubscribe and stop the worker; to be called where callbacks run (the executor), or when none does."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        self._hear_plain_no_more()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._worker.stop()

    @property
    def offset(self) -> float:
        """Seconds to add to a chunk's time for the node's clock: 0 unless the stamps are of a clock that disagrees with it
        (another machine's, a recording's)."""
        return self._offset.value

    @property
    def silent_for(self) -> float | None:
        """Seconds since the last message came, None before the first."""
        last = self._last_arrival
        return None if last is None else max(0.0, self._node.now() - last)

    def end(self) -> None:
        """The sound has ended for now: what came is taken, then `on_end` is called; what comes next begins a new stream."""
        self._ended = self._last_arrival
        self._worker.put(END)

    def cut(self, number: int) -> None:
        """A stop: what came is forgotten, then `on_cut(number)` is called; what comes next begins a new stream."""
        self._ended = self._last_arrival
        self._cut = number, time.monotonic()
        self._worker.replace(Cut(number))

    def update_health(self) -> None:
        """Write the input's rate, gaps, concealed samples, restarts and bad payloads into the node's health."""
        health, counters, clock = self._node.health, self.intake.counters, self.intake.clock
        topic = "audio_stamped" if self._plain is None else "audio"
        sources = self._node.count_publishers(topic)
        health.set("audio sources", sources)
        if sources > 1:
            problem = f"{sources} publish on {topic}: what they say gets mixed up; stop all but one"
            health.raise_fault("several sources", problem, level=Level.WARN)
        else:
            health.clear_fault("several sources")
        health.set("audio rate Hz", self.intake.rate or "none yet")
        health.set("audio coding", f"{self.intake.format.coding} {self.intake.format.sample_format}")
        health.set("audio messages", counters.messages)
        health.set("audio streams", counters.streams)
        health.set("audio gaps", counters.gaps)
        lost = counters.concealed + counters.undecoded
        health.set("audio concealed samples", lost)
        health.set("audio loss %", self._trend.percent("loss", lost, counters.samples + lost))
        health.set("audio repeated messages", counters.repeats)
        health.set("audio refused messages", counters.refused)
        health.set("audio NaN or infinite samples", counters.nonfinite)
        health.set("audio broken samples", counters.broken)
        health.set("audio silent s", "never heard" if self.silent_for is None else self.silent_for)
        health.set("audio clock offset s", self.offset)
        health.set("audio clock drift ppm", self._offset.drift * 1e6)
        health.set("audio reorder depth ms", self._buffer.depth * 1e3)
        health.set("audio overtaken messages", self._buffer.overtaken)
        health.set("audio stragglers", self._buffer.stragglers)
        if clock is not None:
            health.set("audio drift ppm", clock.drift * 1e6)
            health.set("audio jitter ms", clock.jitter * 1e3)

    # --- in the executor: only enqueue ------------------------------------------------------------------------------------

    def _hear_stamped(self, message: AudioDataStamped, info: dict[str, int]) -> None:
        self._stamped_heard = time.monotonic()
        if self._timer is not None:
            self._hear_plain_no_more()
        if not self._overtaken(info):
            self._enqueue(message.audio, to_seconds(message.header.stamp), info)

    def _hear(self, message: AudioData, info: dict[str, int]) -> None:
        if not self._overtaken(info):
            self._enqueue(message, None, info)

    def _overtaken(self, info: dict[str, int]) -> bool:
        """Whether a message was sent before the stop that has overtaken it; where clocks disagree that is soon forgotten."""
        number, arrived = self._cut
        return time.monotonic() - arrived < IN_FLIGHT and 0 < int(info.get("source_timestamp") or 0) < number

    def _look_around(self) -> None:
        if time.monotonic() - self._stamped_heard > PATIENCE:
            self._hear_plain_too()

    def _hear_plain_too(self) -> None:
        if self._plain is None:
            hear: Callable[..., None] = self._hear
            self._plain = self._node.create_subscription(AudioData, "audio", hear, SOUND)

    def _hear_plain_no_more(self) -> None:
        """The unstamped twin of stamped sound is of no use, and receiving it costs as much as the sound itself."""
        if self._plain is not None:
            self._node.destroy_subscription(self._plain)
            self._plain = None

    def _arrival(self, info: dict[str, int]) -> float:
        """When a message reached this process, s on the node's clock: an executor that was busy is not the way's or a clock's fault."""
        now, wall = self._node.now(), time.time()
        waited = wall - int(info.get("received_timestamp") or 0) * 1e-9
        return now - waited if abs(now - wall) < OWN_CLOCK and 0.0 < waited < MOST_WAITED else now

    def _enqueue(self, audio: AudioData, stamp: float | None, info: dict[str, int]) -> None:
        size = len(audio.data)
        with self._lock:
            fits = size <= MAX_PAYLOAD and self._waiting + size <= MAX_WAITING
            self._waiting += size if fits else 0
        if fits:
            self._last_arrival = self._arrival(info)
            self._worker.put(Message(bytes(audio.data), stamp, self._last_arrival))
        else:
            self._node.report("audio refused", f"message of {size} bytes is too much", level=Level.WARN)

    # --- in the worker ----------------------------------------------------------------------------------------------------

    def _take(self, item: object) -> None:
        if item is END:
            self._push(self._buffer.flush(), self._node.now())
            self.intake.restart()
            self._on_end()
        elif isinstance(item, Cut):
            self._buffer.flush()
            self.intake.restart()
            self._on_cut(item.number)
        elif isinstance(item, Message):
            with self._lock:
                # Messages that the mailbox dropped were counted too: an empty one sets that right.
                self._waiting = max(0, self._waiting - len(item.data)) if len(self._worker) else 0
            if not self._deterministic:
                self._use(self._selection.choose(item))
            elif item.data:
                self._push([item], item.arrival)
            else:
                self._take(END)
        else:
            self._announce(item)
            self._use(self._selection.announced())

    def _idle(self) -> float | None:
        """Nothing comes: do what is due all the same; returns when to look again."""
        if self._deterministic:
            return None
        now = self._node.now()
        self._push(self._buffer.release(now), now)
        waits = (self._buffer.left(now), self._look_for_silence())
        return min((wait for wait in waits if wait is not None), default=None)

    def _look_for_silence(self) -> float | None:
        """End the sound when nothing has come for too long; when to look again."""
        last = self._last_arrival
        if self._idle_timeout is None or last is None or last == self._ended:
            return None
        left = self._patience.left(self._node.now() - last, self._idle_timeout())
        if left > 0.0:
            return left
        self._ended = last
        self._take(END)
        return None

    def _use(self, messages: list[Message]) -> None:
        for message in messages:
            self._push(self._buffer.take(message), message.arrival)

    def _end_so_far(self) -> float | None:
        clock = self.intake.clock
        return clock.end if clock is not None and clock.end else None

    def _push(self, messages: Iterable[Message], now: float) -> None:
        """Take messages whose turn has come `now`: for as long as they waited for those before them they were not here."""
        counters = self.intake.counters
        for message in messages:
            broken, cancelled = counters.broken, counters.cancelled
            try:
                chunks = self.intake.push(message.data, stamp=message.stamp, arrival=message.arrival)
            except InputError as error:
                self._node.report("audio refused", error, level=Level.WARN)
                continue
            if counters.broken > broken:
                self._node.report("audio broken", "a message ended within a sample", level=Level.WARN)
            if counters.cancelled > cancelled:
                self._node.report(
                    "audio channels", "the channels cancel each other: feed one of them", level=Level.WARN
                )
            if chunks:
                if self._before is not None and abs(chunks[0].time - self._before[1]) < SEAM:
                    self._patience.went_on(message.arrival - self._before[0])
                self._before = message.arrival, chunks[-1].end
            for chunk in chunks:
                if chunk.start:
                    self._offset.restart()
                self._offset.update(chunk.end, message.arrival, begin=chunk.time)
                self._on_chunk(replace(chunk, arrival=max(now, message.arrival)))

    def _announce(self, info: AudioInfo) -> None:
        try:
            fresh = self.intake.set_format(
                rate=info.sample_rate,
                channels=info.channels,
                sample_format=info.sample_format,
                coding=info.coding_format,
            )
        except InputError as error:
            self._node.report("audio format", error, level=Level.ERROR, hold=None)
            return
        self._node.health.clear_fault("audio format")
        if fresh:
            made = self.intake.format
            self._node.get_logger().info(
                f"sound on the topics: {made.coding} {made.sample_format}, {made.rate} Hz, {made.channels} channel(s)"
            )
