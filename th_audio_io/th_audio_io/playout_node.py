"""The node audio_playout: the operator's sound, delayed so that it leaves together with the face."""

from __future__ import annotations

import threading
import time
from typing import Any

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from th_msgs.msg import FacialCode

from th_audio_io.formats import to_s16
from th_audio_io.intake import Chunk
from th_audio_io.loudspeaker import Loudspeaker
from th_audio_io.parameters import MAX_DELAY, PLAYOUT_PARAMETERS, PLAYOUT_THRESHOLDS
from th_audio_io.playout import DelayLine, Piece
from th_audio_io.ros_intake import RosIntake, intake_of
from th_audio_io.speaker_output import SpeakerOutput
from th_audio_io.timeline import Timeline
from th_audio_io.topics import LATCHED, ClockBridge, sound_info, sound_message
from th_common.health import Level
from th_common.latency import StageTimes
from th_common.node import FRAMES_DEPTH, TalkingHeadNode, time_message
from th_common.spin import spin_nodes
from th_common.stamps import to_seconds

DEMAND_PERIOD = 0.2  # s between looks at whether anybody wants the sound


class AudioPlayoutNode(TalkingHeadNode):
    """Plays the sound on the loudspeaker and publishes it on audio_delayed when it is due; idle while nobody wants it."""

    parameters = PLAYOUT_PARAMETERS
    thresholds = PLAYOUT_THRESHOLDS

    def __init__(self, name: str = "audio_playout", **kwargs: Any) -> None:
        self._line = DelayLine()
        self._timeline = Timeline()
        self._intake: RosIntake | None = None
        self._speaker: SpeakerOutput | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._learned_delay: float | None = None
        self._info_rate = 0
        self._ahead = StageTimes()
        super().__init__(name, **kwargs)

    @property
    def delay(self) -> float:
        """Presentation delay in force: what the codes say, else the parameter; s."""
        return self.value("presentation_delay") if self._learned_delay is None else self._learned_delay

    # --- lifecycle ------------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        intake_of(self)  # bad parameters are said now, not when somebody listens
        self._delayed = self.create_publisher(AudioDataStamped, "audio_delayed", 50)
        self._delayed_info = self.create_publisher(AudioInfo, "audio_delayed_info", LATCHED)
        self._codes = self.create_subscription(FacialCode, "face/code", self._learn_delay, FRAMES_DEPTH)
        self._demand = self.create_timer(DEMAND_PERIOD, self._follow_demand)

    def activate(self) -> None:
        if self.value("loudspeaker"):
            latency = self.value("loudspeaker_latency")
            device = self.value("device")
            self._speaker = SpeakerOutput(
                lambda: Loudspeaker(device, latency=None if latency < 0 else latency),
                on_missing=lambda problem: self.report("loudspeaker", problem, hold=None),
                on_lost=lambda problem: self.report("loudspeaker lost", problem),
                on_open=lambda: self.health.clear_fault("loudspeaker"),
            )
        self._stopping = False
        self._info_rate = 0
        self._bridge = ClockBridge(self)
        self._thread = threading.Thread(target=self._run, name=f"{self.get_name()}.playout", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
            self._thread = None
        self._stop_hearing()
        if self._speaker is not None:
            self._speaker.close()
            self._speaker = None

    def cleanup(self) -> None:
        self.deactivate()
        for attribute, destroy in (
            ("_demand", self.destroy_timer),
            ("_codes", self.destroy_subscription),
            ("_delayed", self.destroy_publisher),
            ("_delayed_info", self.destroy_publisher),
        ):
            entity = self.__dict__.pop(attribute, None)
            if entity is not None:
                destroy(entity)

    def update_health(self) -> None:
        self.health.set("presentation delay s", self.delay)
        self.health.set("delay from", "parameter" if self._learned_delay is None else "facial codes")
        self.health.set("waiting s", self._line.waiting())
        self.health.set("late pieces", self._line.late)
        self.health.set("late pieces per s", self.trend.per_second("late", self._line.late))
        depth = self._ahead.percentiles("depth")
        if depth is not None:
            self.health.set("buffer depth ms", depth[0] * 1e3)
        if self._intake is not None:
            self._intake.update_health()
        if self._speaker is not None:
            self._speaker.update_health(self.health)

    # --- in the executor ------------------------------------------------------------------------------------------------

    def _learn_delay(self, code: FacialCode) -> None:
        capture, present_at = to_seconds(code.header.stamp), to_seconds(code.present_at)
        delay = present_at - (code.timing.captured or capture)
        if not 0.0 <= delay <= MAX_DELAY:
            self.report("facial code", f"presentation delay of {delay:.3f} s is out of range", level=Level.WARN)
            return
        self._learned_delay = delay
        if self._timeline.learn(capture, present_at):
            self._wake.set()

    def _delay_of(self, capture: float) -> float:
        """From capture to ear, where the stamps' clock may be another; s."""
        learned = self._timeline.delay(capture)
        if learned is not None:
            return learned
        return self.delay + (self._intake.offset if self._intake is not None else 0.0)

    def _follow_demand(self) -> None:
        wanted = self.active and (self._speaker is not None or self._delayed.get_subscription_count() > 0)
        if wanted and self._intake is None:
            self._intake = RosIntake(self, self._hear, on_cut=lambda number: self._silence())
        elif not wanted:
            self._stop_hearing()

    def _stop_hearing(self) -> None:
        if self._intake is not None:
            self._intake.close()
            self._intake = None
        self._silence()

    def stopped(self, number: int) -> None:
        self._silence()
        if self._intake is not None:
            self._intake.cut(number)  # and silence again: a piece was perhaps in hand

    def _silence(self) -> None:
        self._line.clear()
        if self._speaker is not None:
            self._speaker.clear()

    # --- in the intake's worker, and in the timing thread -------------------------------------------------------------------

    def _hear(self, chunk: Chunk) -> None:
        self._ahead.add("depth", chunk.end + self._delay_of(chunk.end) - self._now())
        next_changed = self._delayed.get_subscription_count() > 0 and self._line.put(chunk)
        if self._speaker is not None:
            next_changed |= self._speaker.put(chunk)
        if next_changed:
            self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self._bridge.update()
            try:
                pause = self._let_go()
            except Exception as error:
                if not self._stopping and self.context.ok():
                    self.report("playout", error)
                pause = 0.1
            self._wake.wait(pause)

    def _let_go(self) -> float:
        """Let go what is due; returns how long nothing will be, in s."""
        for piece in self._line.due(self._now(), self._delay_of):
            self._publish(piece)
        upcoming = [self._line.next_due(self._delay_of)]
        if self._speaker is not None:
            upcoming.append(self._speaker.let_go(self._now(), self._delay_of, self._bridge.monotonic))
        return max(0.0, min((due - self._now() for due in upcoming if due is not None), default=0.5))

    def _now(self) -> float:
        return self._bridge.node_time(time.monotonic())

    def _publish(self, piece: Piece) -> None:
        if piece.rate != self._info_rate:
            self._info_rate = piece.rate
            self._delayed_info.publish(sound_info(piece.rate, 1))
        message = AudioDataStamped(audio=sound_message(to_s16(piece.samples)))
        message.header.stamp = time_message(piece.due)
        self._delayed.publish(message)
        self.stages.add("sound", self._now() - piece.due)


def main(args: list[str] | None = None) -> int:
    """Run the node until it is asked to stop."""
    return spin_nodes(lambda: [AudioPlayoutNode()], args)
