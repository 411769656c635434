"""The node that plays the sound of a bag through the graph: at any pace the same codes, to the bit.

Features and predictor hear it with deterministic:=true.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from builtin_interfaces.msg import Time
from rclpy.duration import Duration
from rclpy.parameter import Parameter as RosParameter
from rosgraph_msgs.msg import Clock
from th_msgs.msg import AudioFeatures, FacialCode

from th_audio_io.bag_player import Backlog, Player
from th_audio_io.bag_reader import BagReader
from th_audio_io.bag_sound import BagSound, Piece, cut, find_sound, read_sound
from th_audio_io.formats import AudioFormat
from th_audio_io.topics import LATCHED, sound_message
from th_common.errors import InputError
from th_common.node import FRAMES_DEPTH, TalkingHeadNode
from th_common.parameters import Parameter
from th_common.stamps import to_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLE = 1.0  # s from seeing everybody to the first message: those others must see each other, too
QUIET = 10.0  # s without a code after which the last one has come
MOST_DUE = 5.0  # s that the last face may be due after its code; beyond, it is of another clock
SECOND = 1_000_000_000


class BagReplayNode(TalkingHeadNode):
    """Publishes audio_stamped and audio_info of a bag with the stamps of its recording, and the time on /clock if asked to.

    An empty message before and after each round tells a deterministic graph that the sound has ended.
    """

    parameters = (
        Parameter(name="bag", default="", description="the bag to play", read_only=True),
        Parameter(
            name="topic",
            default="",
            description="the sound to play, AudioData or AudioDataStamped; empty: the only one in the bag",
            read_only=True,
        ),
        Parameter(
            name="rate",
            default=1.0,
            description="pace; 0.0: as fast as the graph follows",
            unit="times the recording's",
            minimum=0.0,
            maximum=100.0,
        ),
        Parameter(
            name="start",
            default=0.0,
            description="begin so far into the sound; a new value while it plays goes there at once",
            unit="s",
            minimum=0.0,
            maximum=1e9,
        ),
        Parameter(
            name="duration",
            default=0.0,
            description="play so much; 0.0: to the end",
            unit="s",
            minimum=0.0,
            maximum=1e9,
            read_only=True,
        ),
        Parameter(name="loop", default=False, description="begin again at the end"),
        Parameter(name="paused", default=False, description="stand still"),
        Parameter(
            name="clock",
            default=False,
            description="publish the recording's time on /clock, for nodes with use_sim_time",
            read_only=True,
        ),
        Parameter(
            name="recorded",
            default=False,
            description="begin only when the node record listens to sound and codes",
            read_only=True,
        ),
        Parameter(
            name="wait",
            default=20.0,
            description="wait so long for a graph that listens, then play anyway",
            unit="s",
            minimum=0.0,
            maximum=3600.0,
        ),
    )

    def __init__(self, *, on_end: Callable[[], None] = lambda: None, **kwargs: Any) -> None:
        # Its own time is the system's, also where everybody else's is what it says on /clock.
        own = RosParameter("use_sim_time", RosParameter.Type.BOOL, False)
        self._on_end = on_end
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._jump = False
        self._format: AudioFormat | None = None
        self._told = 0
        self._last_code = 0.0, 0.0  # when it came (monotonic), when it is due
        self._streams_begun = self._streams_ended = self._frames = (
            0  # streams of features, and how many frames the ended ones had
        )
        self.rounds = 0
        """Rounds played to the end."""
        self.problem = ""
        """Why the replay does not say the same as another one would; empty: it does."""
        self.backlog = Backlog()
        super().__init__("replay", parameter_overrides=[own, *kwargs.pop("parameter_overrides", [])], **kwargs)

    def configure(self) -> None:
        if not self.value("bag"):
            raise InputError("say which bag to play")
        with BagReader(Path(self.value("bag"))) as bag:
            self._sound: BagSound = find_sound(bag, self.value("topic"))
        first = next(self._pieces(), None)
        if first is None:
            raise InputError(f"{self.value('bag')} has no sound from {self.value('start'):g} s on")
        self._first = first
        self._audio = self.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self._info = self.create_publisher(AudioInfo, "audio_info", LATCHED)
        self._clock_topic = self.create_publisher(Clock, "/clock", 10) if self.value("clock") else None
        self._codes = self.create_subscription(FacialCode, "face/code", self._hear, FRAMES_DEPTH)
        self._features = self.create_subscription(AudioFeatures, "audio_features", self._count, FRAMES_DEPTH)
        self._player = Player(
            self._send,
            backlog=self.backlog,
            clock=time.monotonic,
            wait=lambda seconds: self._stopping.wait(seconds) or self._jump,
            tell=self._tell,
            rate=self.value("rate"),
            gated=lambda: self.count_publishers("face/code") > 0,
        )
        self._player.paused = self.value("paused")

    def activate(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._guarded, name="replay", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)
        self._thread = None

    def cleanup(self) -> None:
        self.deactivate()
        for name in ("_audio", "_info", "_clock_topic"):
            publisher = self.__dict__.pop(name, None)
            if publisher is not None:
                self.destroy_publisher(publisher)
        for name in ("_codes", "_features"):
            subscription = self.__dict__.pop(name, None)
            if subscription is not None:
                self.destroy_subscription(subscription)

    def parameter_changed(self, name: str, value: Any) -> None:
        if name == "start":
            self._jump = True
        elif name in ("rate", "paused") and "_player" in self.__dict__:
            setattr(self._player, name, value)

    def toggle(self) -> bool:
        """Pause, or go on; returns whether it is paused now."""
        paused = not self.value("paused")
        self.set_parameters([RosParameter("paused", RosParameter.Type.BOOL, paused)])
        return paused

    def update_health(self) -> None:
        self.health.set("bag", self.value("bag"))
        self.health.set("rounds", self.rounds)
        self.health.set("codes", self.backlog.codes)
        if "_player" in self.__dict__:
            self.health.set("position s", (self._player.position - self._first.stamp) * 1e-9)
            self.health.set("stalls", self._player.stalls)

    # --- in the executor ------------------------------------------------------------------------------------------------

    def _hear(self, code: FacialCode) -> None:
        if not self.backlog.codes and code.frame:
            self._doubt(f"the first code is of frame {code.frame}: the graph was not ready")
        self._last_code = time.monotonic(), to_seconds(code.present_at)
        self.backlog.done(code.header.stamp.sec * SECOND + code.header.stamp.nanosec)

    def _count(self, features: AudioFeatures) -> None:
        self._streams_begun += bool(features.profile) and not features.frame
        if not features.profile:
            self._streams_ended += 1
            self._frames += features.frame

    @property
    def _complete(self) -> bool:
        """Whether every frame that a deterministic graph has made has its code."""
        return 0 < self._streams_begun <= self._streams_ended and self.backlog.codes >= self._frames

    # --- in the replay's thread -----------------------------------------------------------------------------------------

    def _guarded(self) -> None:
        try:
            self._run()
        except InputError as error:
            self._doubt(str(error))
        except Exception as error:
            if self.context.ok():  # else the node was taken down under us
                self._doubt(repr(error))
        if not self._stopping.is_set():
            self._on_end()

    def _run(self) -> None:
        self._await_graph()
        self.get_logger().info(f"playing {self._sound.topic} of {self.value('bag')} at rate {self._player.rate:g}")
        again = True
        while again and not self._stopping.is_set():
            self._jump = False
            self.backlog.clear()
            self._end_stream(self._first.stamp)
            done = self._player.play(self._pieces())
            self._end_stream(self._player.position)
            self.rounds += done
            again = self._jump or (done and self.value("loop"))
        if not self._stopping.is_set():
            self._await_last()
            if self._player.stalls:
                self._doubt("the graph did not follow: some of the sound was sent without waiting for its codes")
            self.get_logger().info(f"end of {self.value('bag')}: {self.backlog.codes} codes")

    def _pieces(self) -> Iterator[Piece]:
        with BagReader(Path(self.value("bag"))) as bag:
            yield from cut(read_sound(bag, self._sound), self.value("start"), self.value("duration"))

    def _send(self, piece: Piece) -> None:
        if piece.format != self._format:
            if self._format is not None:
                self._end_stream(piece.stamp)
            self._announce(piece.format)
        self._publish(sound_message(piece.data), piece.stamp)

    def _publish(self, audio: AudioData, stamp: int) -> None:
        message = AudioDataStamped(audio=audio)
        message.header.stamp = _time(stamp)
        self._audio.publish(message)

    def _end_stream(self, stamp: int) -> None:
        self._publish(AudioData(), stamp)

    def _announce(self, made: AudioFormat) -> None:
        """Say what the bytes are, and go on when everybody has heard it: sound and format travel on different topics."""
        self._format = made
        self._info.publish(
            AudioInfo(
                channels=made.channels,
                sample_rate=made.rate,
                sample_format=made.sample_format,
                coding_format=made.coding,
            )
        )
        self._info.wait_for_all_acked(Duration(seconds=5.0))

    def _tell(self, now: int) -> None:
        if self._clock_topic is not None and now != self._told:
            self._told = now
            self._clock_topic.publish(Clock(clock=_time(now)))

    def _await_graph(self) -> None:
        """Until features and predictor are there, have seen each other, and know the format."""
        end, seen = time.monotonic() + self.value("wait"), math.inf
        while (now := time.monotonic()) < min(end, seen + SETTLE):
            # Nodes with simulated time do not even start before they are told one.
            self._told = 0
            self._tell(self._first.stamp)
            there = (
                self._audio.get_subscription_count() >= max(1, self.count_subscribers("audio_stamped"))
                and self.count_publishers("audio_features")
                and self.count_subscribers("audio_features") > 1  # ours is one
                and self.count_publishers("face/code")
                and (self._recorders() or not self.value("recorded"))
            )
            seen = min(seen, now) if there else math.inf
            if self._stopping.wait(0.05):
                return
        if not self.count_publishers("face/code"):
            self.get_logger().warning("nobody publishes face/code: playing without waiting for codes")
        self._announce(self._first.format)

    def _recorders(self) -> bool:
        """Whether a node called record listens to all that matters."""
        topics = (self.resolve_topic_name(name) for name in ("audio_stamped", "audio_info", "face/code"))
        return all(any(s.node_name == "record" for s in self.get_subscriptions_info_by_topic(t)) for t in topics)

    def _await_last(self) -> None:
        """Until the last code has come, and its face was shown."""
        end = self._player.position
        begin = time.monotonic()
        while self.count_publishers("face/code") and time.monotonic() - max(begin, self._last_code[0]) < QUIET:
            if (self._complete and self.backlog.newest >= end - SECOND // 5) or self._stopping.wait(0.02):
                break
        if self._streams_begun and not self._complete and not self._stopping.is_set():
            lost = f"{self.backlog.codes} codes came of {self._frames} frames"
            self._doubt(
                lost if self._streams_ended else "the graph is not deterministic: its codes depend on the machine"
            )
        due = self._last_code[1]
        if self._clock_topic is not None:
            while self._told * 1e-9 < due < end * 1e-9 + MOST_DUE and not self._stopping.wait(0.01):
                self._tell(self._told + SECOND // 100)
        else:
            self._stopping.wait(min(max(0.0, due - time.time()), MOST_DUE))

    def _doubt(self, problem: str) -> None:
        self.problem = self.problem or problem
        self.report("replay", problem, hold=None)


def _time(stamp: int) -> Time:
    sec, nanosec = divmod(stamp, SECOND)
    return Time(sec=sec, nanosec=nanosec)
