"""The node face_predictor: acoustic features in, facial codes with their presentation time out."""

from __future__ import annotations

import math
import time
from functools import partial

from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from std_msgs.msg import Empty
from th_msgs.msg import AudioFeatures, FacialCode, Timing

from th_audio_features import PROFILES
from th_common.alive import ALIVE, ALIVE_TOPIC
from th_common.default_model import MODEL_PARAMETER, find_model
from th_common.errors import InputError, ModelError
from th_common.health import Level
from th_common.model_folder import read_card
from th_common.node import FRAMES_DEPTH, TalkingHeadNode, time_message
from th_common.parameters import DETERMINISTIC, Parameter
from th_common.spin import spin_nodes
from th_common.stamps import to_seconds
from th_common.thresholds import Threshold, threshold_parameters
from th_common.worker import Worker
from th_face_predictor.delay import PresentationDelay
from th_face_predictor.ear import Ear
from th_face_predictor.known_voices import load_known_voices
from th_face_predictor.live import Codes, Frame, LivePredictor
from th_face_predictor.mouth import EnergyMouth
from th_face_predictor.node_voice import NodeVoice
from th_face_predictor.predictor import Predictor, load_predictor
from th_face_predictor.proof import prove
from th_face_predictor.stream import PredictorStream

FRAME_RATE = 60
END = object()
"""In the mailbox: the stream is over, what is pending is predicted."""
CUT = object()
"""In the mailbox: a stop, what is pending is forgotten."""

OWN = -1


THRESHOLDS = (
    Threshold(name="warn_delay", key="presentation delay", default=1.0, maximum=10.0, unit="s"),
    Threshold(name="warn_late", key="late %", default=5.0, maximum=100.0, unit="%"),
    Threshold(name="warn_hurried", key="hurried %", default=20.0, maximum=100.0, unit="%"),
    Threshold(name="warn_cost", key="ms per frame", default=8.0, maximum=1000.0, unit="ms"),
)


class FacePredictorNode(TalkingHeadNode):
    """Predict one facial code per feature vector, `lookahead` frames behind the newest.

    A jump of the frame number ends the stream (pending frames are predicted with what they have) and begins a new one.
    """

    parameters = (
        MODEL_PARAMETER,
        Parameter(
            name="lookahead",
            default=OWN,
            description="right context, read at configure; -1: what the model was trained for",
            unit="frames of 1/60 s",
            minimum=0,
            maximum=60,
            special=(OWN,),
        ),
        Parameter(
            name="presentation_delay",
            default=-1.0,
            description="from the capture of a sound to its face and playout; -1.0: what features and lookahead need + margin",
            unit="s",
            minimum=0.0,
            maximum=5.0,
            special=(-1.0,),
        ),
        Parameter(
            name="margin",
            default=0.1,
            description="time for messages, resampling, computing and display that the automatic delay begins with; then as measured",
            unit="s",
            minimum=0.0,
            maximum=2.0,
        ),
        Parameter(
            name="voice",
            default="",
            description="a measured voice to hear with: path of its file, or name of one that `face/calibrate` kept; empty: none",
        ),
        Parameter(
            name="adapt",
            default=True,
            description="without a measured voice, slowly bring one that is far from those of the training nearer to them",
        ),
        *threshold_parameters(THRESHOLDS),
        DETERMINISTIC,
    )
    thresholds = THRESHOLDS

    def __init__(self, **kwargs: object) -> None:
        self._voice = NodeVoice(self)
        self._predictor: Predictor | None = None
        self._stream: PredictorStream | None = None
        self._live: LivePredictor | None = None
        self._worker: Worker[object] | None = None
        self._codes: Publisher | None = None
        self._alive: Publisher | None = None
        self._features: Subscription | None = None
        self._next_frame: int | None = None
        self._delay: PresentationDelay | None = None
        self._newest = Timing()
        self._cost = 0.0
        super().__init__("face_predictor", **kwargs)
        self._voice.serve()

    def configure(self) -> None:
        folder = find_model(self.value("model"))
        predictor = load_predictor(folder)
        if predictor.profile not in PROFILES:
            raise ModelError(
                f"{folder}: its features are {predictor.profile!r}, this software makes {', '.join(PROFILES)}"
            )
        card = read_card(folder)
        lookahead = self.value("lookahead")
        self._stream = PredictorStream(predictor, None if lookahead == OWN else lookahead)
        self._predictor = predictor
        self._set_delay()
        mouth = EnergyMouth.of_model(folder, card)
        ear = Ear(load_known_voices(folder, card), profile=predictor.profile)
        self._voice.open(ear, partial(prove, predictor, mouth))
        self._live = LivePredictor(
            self._stream,
            mouth,
            now=self.now,
            steady=time.monotonic,
            on_ready=self._learn,
            timed=not self.value("deterministic"),
        )
        self._next_frame = None
        self._codes = self.create_publisher(FacialCode, "face/code", FRAMES_DEPTH)
        self._alive = self.create_publisher(Empty, ALIVE_TOPIC, ALIVE)
        self._worker = self.start_worker("predict", self._work, capacity=FRAMES_DEPTH, idle=self._wake)
        self._features = self.create_subscription(AudioFeatures, "audio_features", self._arrive, FRAMES_DEPTH)
        self.health.set("model", predictor.model_id[:12])
        self.health.set("profile", predictor.profile)
        self.health.set("lookahead", self._stream.lookahead)

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.put(END)

    def cleanup(self) -> None:
        if self._features is not None:
            self.destroy_subscription(self._features)
        for publisher in (self._codes, self._alive):
            if publisher is not None:
                self.destroy_publisher(publisher)
        self._features = self._codes = self._alive = self._worker = self._live = self._stream = None
        self._predictor = None
        self._voice.close()

    def parameter_changed(self, name: str, value: object) -> None:
        if name in ("presentation_delay", "margin"):
            self._set_delay()
        if name in ("voice", "adapt"):
            self._voice.choose()

    def refuses(self, name: str, value: object) -> str | None:
        if name == "voice":
            return self._voice.refuses(str(value))
        return None

    def update_health(self) -> None:
        self.health.set("ms per frame", self._cost * 1e3)
        frames = self.health.counter("frames")
        self.health.set("frames per s", self.trend.per_second("frames", frames))
        self._voice.update_health()
        live = self._live
        if live is not None:
            self.health.set("pace", live.ladder.name)
            self.health.set("missed deadlines", live.ladder.missed)
            self.health.set("times too slow", live.ladder.falls)
            self.health.set("hurried codes", live.hurried)
            self.health.set("hurried %", self.trend.percent("hurried", live.hurried, frames))
            if live.ladder.rung:
                problem = f"at {live.ladder.name}: codes were ready too late"
                self.health.raise_fault("machine too slow", problem, level=Level.WARN)
            else:
                self.health.clear_fault("machine too slow")
        delay = self._delay
        if delay is not None:
            wait, least = delay.waits()
            self.health.set("presentation delay", delay.value)
            self.health.set("margin ms", delay.margin * 1e3)
            self.health.set("buffer depth ms", wait * 1e3)
            self.health.set("buffer depth ms p1", least * 1e3)
            self.health.set("codes ready too late", delay.late)
            self.health.set("late %", self.trend.percent("late", delay.late, frames))

    # --- the executor's thread: only hand over ---------------------------------------------------------------------------

    def _arrive(self, message: AudioFeatures) -> None:
        if self.active and self._worker is not None and self.admits(message.after_stop):
            self._worker.put(message)

    def stopped(self, number: int) -> None:
        if self._worker is not None:
            self._worker.replace(CUT)
        self._voice.stopped()

    def _set_delay(self) -> None:
        if self._predictor is None or self._stream is None:
            return
        fixed = self.value("presentation_delay")
        needed = PROFILES[self._predictor.profile].delay + self._stream.lookahead / FRAME_RATE
        self._delay = PresentationDelay(needed, self.value("margin"), fixed=None if fixed < 0 else fixed)

    # --- the worker's thread ---------------------------------------------------------------------------------------------

    def _work(self, item: object) -> None:
        """Everything that waits at once: a batch costs the network little more than a frame."""
        assert self._worker is not None
        assert self._live is not None
        run: list[Frame] = []
        for message in (item, *self._worker.take_waiting()):
            if not isinstance(message, AudioFeatures) or not message.profile:
                self._predict(run)
                if message is not CUT:
                    self._publish(self._live.end())
                self._live.clear()
                self._next_frame = None
            elif self._fits(message):
                if self._next_frame is not None and message.frame != self._next_frame:
                    self._predict(run)
                    self._jump(message)
                self._next_frame = message.frame + 1
                self._newest = message.timing
                heard = self._voice.hear(message.feature, first=message.frame == 0)
                run.append(Frame(message.frame, heard, self._due(message), message.timing.heard, message))
        self._predict(run)

    def _fits(self, message: AudioFeatures) -> bool:
        assert self._predictor is not None
        assert self._stream is not None
        if message.profile != self._predictor.profile:
            problem = f"features are {message.profile!r}, the model was trained on {self._predictor.profile!r}"
            self.report("profile mismatch", problem)
            return False
        if not (math.isfinite(message.timing.captured) and math.isfinite(message.timing.heard)):
            self.report("bad features", "its times are not finite")
            return False
        try:
            self._stream.check(message.feature[None])
        except InputError as error:
            self.report("bad features", error)
            return False
        return True

    def _jump(self, message: AudioFeatures) -> None:
        assert self._live is not None
        if message.frame == 0:
            self.health.count("restarts")
        else:
            problem = f"frame {message.frame} came where {self._next_frame} was expected"
            self.report("frame jump", problem, level=Level.WARN)
        self._publish(self._live.end())

    def _predict(self, run: list[Frame]) -> None:
        if not run:
            return
        assert self._live is not None
        begin = time.perf_counter()
        if self.value("deterministic"):
            # A batch adds in another order than single frames do: the last bits would tell how busy the machine was.
            codes = [code for frame in run for code in self._live.push([frame])]
        else:
            codes = self._live.push(run)
        self._cost += 0.05 * ((time.perf_counter() - begin) / len(run) - self._cost)
        run.clear()
        self._publish(codes)

    def _wake(self) -> float | None:
        if self._live is None:
            return None
        codes, pause = self._live.wake()
        self._publish(codes)
        # In a replay no pause ends a stream: there the next frame tells whether it goes on.
        if pause is None and not self.value("deterministic"):
            self._next_frame = None
        return pause

    def _publish(self, codes: Codes) -> None:
        if not codes or self._codes is None or not self.context.ok():
            return
        assert self._predictor is not None
        shape = self._predictor.shape_dimensions
        newest, now = self._newest, self.now()
        if codes[0][0].number == 0 and self.value("deterministic"):
            self.await_listeners(self._codes)
        for frame, code in codes:
            source: AudioFeatures = frame.source
            message = FacialCode(
                header=source.header,
                frame=source.frame,
                after_stop=source.after_stop,
                present_at=time_message(frame.due),
                shape=code[:shape].tolist(),
                appearance=code[shape:].tolist(),
                face_model=self._predictor.model_id,
            )
            if source.timing.captured:
                times = message.timing
                times.captured, times.needed, times.heard = source.timing.captured, newest.needed, newest.heard
                times.features, times.predicted = newest.features, now
                if times.needed > times.captured:  # 0: nobody said; before it: sound that was sent ahead of its time
                    self.stages.add("lookahead", times.needed - times.captured)
                self.stages.add("predictor", times.predicted - times.features)
            self._codes.publish(message)
        self.health.count("frames", len(codes))

    def _learn(self, frame: Frame, last: Frame) -> None:
        """A frame has all that it needs, with `last`: how long that took after its capture decides the delay.

        Frames that come because the sound has ended were not heard: how long that took to notice says nothing.
        """
        captured = frame.source.timing.captured
        if self._delay is not None and captured and last.heard:
            self._delay.observe(captured, self.now(), heard=last.heard)

    def _due(self, message: AudioFeatures) -> float:
        """When the face of a frame must reach the person, s on this machine's clock."""
        assert self._delay is not None
        return (message.timing.captured or to_seconds(message.header.stamp)) + self._delay.value


def main() -> int:
    """Run the node until SIGINT or SIGTERM."""
    return spin_nodes(lambda: [FacePredictorNode()])


if __name__ == "__main__":
    raise SystemExit(main())
