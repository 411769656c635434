"""The node face_predictor: acoustic features in, facial codes with their presentation time out."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from th_msgs.msg import AudioFeatures, FacialCode, Timing

from th_audio_features import PROFILES
from th_common.default_model import MODEL_PARAMETER, default_model_folder
from th_common.errors import InputError, ModelError
from th_common.health import Level
from th_common.node import TalkingHeadNode, time_message
from th_common.parameters import Parameter
from th_common.patience import Patience
from th_common.spin import spin_nodes
from th_common.stamps import to_seconds
from th_common.worker import Worker
from th_face_predictor.delay import PresentationDelay
from th_face_predictor.predictor import Predictor, load_predictor
from th_face_predictor.stream import PredictorStream

FRAME_RATE = 60
IDLE = 0.3
"""Without features for this long (s), and the usual pauses on top, the stream has ended: what is pending is predicted, and the next
frame begins anew."""

OWN = -1


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
    )

    def __init__(self, **kwargs: object) -> None:
        self._predictor: Predictor | None = None
        self._stream: PredictorStream | None = None
        self._worker: Worker[AudioFeatures | None] | None = None
        self._codes: Publisher | None = None
        self._features: Subscription | None = None
        self._waiting: deque[AudioFeatures] = deque()
        self._next_frame: int | None = None
        self._delay: PresentationDelay | None = None
        self._last_arrival: float | None = None
        self._newest = -1
        self._ended = True
        self._patience = Patience()
        self._cost = 0.0
        super().__init__("face_predictor", **kwargs)
        self._idle_timer = self.create_timer(IDLE / 3, self._end_if_idle)

    def configure(self) -> None:
        folder = self.value("model") or default_model_folder()
        predictor = load_predictor(folder)
        if predictor.profile not in PROFILES:
            raise ModelError(
                f"{folder}: its features are {predictor.profile!r}, this software makes {', '.join(PROFILES)}"
            )
        lookahead = self.value("lookahead")
        self._stream = PredictorStream(predictor, None if lookahead == OWN else lookahead)
        self._predictor = predictor
        self._set_delay()
        self._waiting.clear()
        self._next_frame = None
        self._worker = self.start_worker("predict", self._work)
        self._codes = self.create_publisher(FacialCode, "face/code", 60)
        self._features = self.create_subscription(AudioFeatures, "audio_features", self._arrive, 60)
        self.health.set("model", predictor.model_id[:12])
        self.health.set("profile", predictor.profile)
        self.health.set("lookahead", self._stream.lookahead)

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.put(None)

    def cleanup(self) -> None:
        if self._features is not None:
            self.destroy_subscription(self._features)
        if self._codes is not None:
            self.destroy_publisher(self._codes)
        self._features = self._codes = self._worker = self._stream = self._predictor = None
        self._last_arrival, self._ended = None, True

    def parameter_changed(self, name: str, value: object) -> None:
        if name in ("presentation_delay", "margin"):
            self._set_delay()

    def update_health(self) -> None:
        self.health.set("ms per frame", self._cost * 1e3)
        delay = self._delay
        if delay is not None:
            wait, least = delay.waits()
            self.health.set("presentation delay", delay.value)
            self.health.set("margin ms", delay.margin * 1e3)
            self.health.set("buffer depth ms", wait * 1e3)
            self.health.set("buffer depth ms p1", least * 1e3)
            self.health.set("codes ready too late", delay.late)

    # --- the executor's thread: only hand over ---------------------------------------------------------------------------

    def _arrive(self, message: AudioFeatures) -> None:
        if self.active and self._worker is not None:
            now = time.monotonic()
            if self._last_arrival is not None and message.frame == self._newest + 1:
                self._patience.went_on(now - self._last_arrival)
            self._last_arrival, self._newest, self._ended = now, message.frame, False
            self._worker.put(message)

    def _end_if_idle(self) -> None:
        if self._worker is None or self._last_arrival is None or self._ended:
            return
        if self._patience.ended(time.monotonic() - self._last_arrival, IDLE):
            self._ended = True
            self._worker.put(None)

    def _set_delay(self) -> None:
        if self._predictor is None or self._stream is None:
            return
        fixed = self.value("presentation_delay")
        needed = PROFILES[self._predictor.profile].delay + self._stream.lookahead / FRAME_RATE
        self._delay = PresentationDelay(needed, self.value("margin"), fixed=None if fixed < 0 else fixed)

    # --- the worker's thread ---------------------------------------------------------------------------------------------

    def _work(self, message: AudioFeatures | None) -> None:
        assert self._stream is not None
        assert self._predictor is not None
        if message is None:
            self._end_stream()
            return
        if message.profile != self._predictor.profile:
            problem = f"features are {message.profile!r}, the model was trained on {self._predictor.profile!r}"
            self.report("profile mismatch", problem)
            return
        if self._next_frame is not None and message.frame != self._next_frame:
            if message.frame == 0:
                self.health.count("restarts")
            else:
                problem = f"frame {message.frame} came where {self._next_frame} was expected"
                self.report("frame jump", problem, level=Level.WARN)
            self._end_stream()
        self._next_frame = message.frame + 1
        begin = time.perf_counter()
        try:
            codes = self._stream.push(np.asarray(message.feature, np.float32)[None])
        except InputError as error:
            self._end_stream()
            self.report("bad features", error)
            return
        self._cost += 0.05 * (time.perf_counter() - begin - self._cost)
        self._waiting.append(message)
        self._publish(codes, message.timing)

    def _end_stream(self) -> None:
        assert self._stream is not None
        self._publish(self._stream.flush())
        self._waiting.clear()
        self._next_frame = None

    def _publish(self, codes: np.ndarray, newest: Timing | None = None) -> None:
        """Publish codes of the frames that wait; `newest` is where the frame came from whose arrival made them (None at an end)."""
        assert self._predictor is not None
        assert self._delay is not None
        shape = self._predictor.shape_dimensions
        for code in codes:
            source = self._waiting.popleft()
            message = FacialCode(
                header=source.header,
                frame=source.frame,
                present_at=time_message(self._due(source)),
                shape=code[:shape].tolist(),
                appearance=code[shape:].tolist(),
                face_model=self._predictor.model_id,
            )
            if newest is not None and source.timing.captured:
                captured, now = source.timing.captured, self.now()
                times = message.timing
                times.captured, times.needed, times.heard = captured, newest.needed, newest.heard
                times.features, times.predicted = newest.features, now
                self._delay.observe(captured, now)
            if self._codes is not None and self.context.ok():
                self._codes.publish(message)
                self.health.count("frames")

    def _due(self, message: AudioFeatures) -> float:
        """When the face of a frame must reach the person, s on this machine's clock."""
        assert self._delay is not None
        return (message.timing.captured or to_seconds(message.header.stamp)) + self._delay.value


def main() -> int:
    """Run the node until SIGINT or SIGTERM."""
    return spin_nodes(lambda: [FacePredictorNode()])


if __name__ == "__main__":
    raise SystemExit(main())
