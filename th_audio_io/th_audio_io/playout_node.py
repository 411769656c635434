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
from th_audio_io.parameters import MAX_DELAY, PLAYOUT_PARAMETERS
from th_audio_io.playout import DelayLine, Piece
from th_audio_io.ros_intake import RosIntake, intake_of
from th_audio_io.topics import LATCHED, ClockBridge, sound_info, sound_message
from th_common.errors import DeviceError
from th_common.health import Level
from th_common.node import TalkingHeadNode, time_message
from th_common.spin import spin_nodes
from th_common.stamps import to_seconds

DEMAND_PERIOD = 0.2  # s between looks at whether anybody wants the sound
AHEAD = 0.08  # s before it is due that the loudspeaker gets the sound, on top of the device's latency


class AudioPlayoutNode(TalkingHeadNode):
    """Plays the sound on the loudspeaker and publishes it on audio_delayed when it is due; idle while nobody wants it."""

    parameters = PLAYOUT_PARAMETERS

    def __init__(self, name: str = "audio_playout", **kwargs: Any) -> None:
        self._line = DelayLine()
        self._speaker_line = DelayLine()
        self._intake: RosIntake | None = None
        self._loudspeaker: Loudspeaker | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._learned_delay: float | None = None
        self._info_rate = 0
        self._error = 0.0
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
        self._codes = self.create_subscription(FacialCode, "face/code", self._learn_delay, 60)
        self._demand = self.create_timer(DEMAND_PERIOD, self._follow_demand)

    def activate(self) -> None:
        if self.value("loudspeaker"):
            latency = self.value("loudspeaker_latency")
            try:
                self._loudspeaker = Loudspeaker(self.value("device"), latency=None if latency < 0 else latency)
            except DeviceError as error:
                # The topic does not need the device: go on without.
                self.report("loudspeaker", error, hold=None)
            else:
                self.health.clear_fault("loudspeaker")
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
        if self._loudspeaker is not None:
            self._loudspeaker.close()
            self._loudspeaker = None

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
        self.health.set("timing error ms", self._error * 1e3)
        if self._intake is not None:
            self._intake.update_health()
        speaker = self._loudspeaker
        if speaker is not None:
            self.health.set("loudspeaker", speaker.name)
            self.health.set("loudspeaker latency ms", speaker.latency * 1e3)
            self.health.set("loudspeaker underruns", speaker.schedule.underruns + speaker.underflows)
            self.health.set("loudspeaker slips", speaker.schedule.slips)
            if not speaker.playing:
                self.report("loudspeaker", f"the loudspeaker {speaker.name!r} stopped: unplugged?")

    # --- in the executor ------------------------------------------------------------------------------------------------

    def _learn_delay(self, code: FacialCode) -> None:
        delay = to_seconds(code.present_at) - to_seconds(code.header.stamp)
        if not 0.0 <= delay <= MAX_DELAY:
            self.report("facial code", f"presentation delay of {delay:.3f} s is out of range", level=Level.WARN)
        elif self._learned_delay is None or abs(delay - self._learned_delay) > 1e-4:
            self._learned_delay = delay
            self._wake.set()

    def _follow_demand(self) -> None:
        wanted = self.active and (self._loudspeaker is not None or self._delayed.get_subscription_count() > 0)
        if wanted and self._intake is None:
            self._intake = RosIntake(self, self._hear)
        elif not wanted:
            self._stop_hearing()

    def _stop_hearing(self) -> None:
        if self._intake is not None:
            self._intake.close()
            self._intake = None
        self._line.clear()
        self._speaker_line.clear()

    # --- in the intake's worker, and in the timing thread -------------------------------------------------------------------

    def _hear(self, chunk: Chunk) -> None:
        next_changed = self._delayed.get_subscription_count() > 0 and self._line.put(chunk)
        if self._loudspeaker is not None:
            next_changed |= self._speaker_line.put(chunk)
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
        intake, speaker = self._intake, self._loudspeaker
        delay = self.delay + (intake.offset if intake is not None else 0.0)
        for piece in self._line.due(self._now(), delay):
            self._publish(piece, piece.time + delay)
        upcoming = [self._line.next_due(delay)]
        if speaker is not None:
            lead = AHEAD + speaker.latency
            for piece in self._speaker_line.due(self._now(), delay, lead=lead):
                speaker.play(piece.samples, piece.rate, self._bridge.monotonic(piece.time + delay))
            upcoming.append(self._speaker_line.next_due(delay - lead))
        return max(0.0, min((due - self._now() for due in upcoming if due is not None), default=0.5))

    def _now(self) -> float:
        return self._bridge.node_time(time.monotonic())

    def _publish(self, piece: Piece, due: float) -> None:
        if piece.rate != self._info_rate:
            self._info_rate = piece.rate
            self._delayed_info.publish(sound_info(piece.rate, 1))
        message = AudioDataStamped(audio=sound_message(to_s16(piece.samples)))
        message.header.stamp = time_message(due)
        self._delayed.publish(message)
        self._error = self._now() - due


def main(args: list[str] | None = None) -> int:
    """Run the node until it is asked to stop."""
    return spin_nodes(lambda: [AudioPlayoutNode()], args)
