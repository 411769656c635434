"""The node audio_features: sound on the topics -> one AudioFeatures message per 60th of a second."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile
from th_msgs.msg import AudioFeatures

from th_audio_features.frame_clock import FrameClock
from th_audio_features.profiles import FRAME_RATE, PROFILES
from th_audio_features.stream import FeatureStream
from th_audio_io.intake import Chunk
from th_audio_io.ros_intake import INTAKE_PARAMETERS, RosIntake
from th_common.default_model import MODEL_PARAMETER, find_model
from th_common.errors import ModelError
from th_common.model_folder import read_card
from th_common.node import FRAMES_DEPTH, TalkingHeadNode, time_message
from th_common.parameters import DETERMINISTIC, Parameter
from th_common.spin import spin_nodes
from th_common.thresholds import NEVER, Threshold, threshold_parameters

PIECE = 0.25  # s of sound that are worked on at once: a stop need not wait for a whole utterance in one message
SMOOTHING = 0.05  # share of a new chunk in the shown processing time


THRESHOLDS = (
    Threshold(name="warn_peak", key="peak dBFS", default=-0.01, minimum=-60.0, maximum=60.0, unit="dBFS"),
    Threshold(name="warn_loss", key="audio loss %", default=2.0, maximum=100.0, unit="%"),
    Threshold(name="warn_drift", key="audio drift ppm", default=1000.0, maximum=1e6, unit="ppm", absolute=True),
    Threshold(name="warn_silence", key="audio silent s", default=NEVER, maximum=86_400.0, unit="s"),
    Threshold(name="warn_cost", key="processing ms per frame", default=8.0, maximum=1000.0, unit="ms"),
)


class AudioFeaturesNode(TalkingHeadNode):
    """Publishes the 40-D features of the sound, stamped with the capture time of each frame's centre.

    A stream begins at frame 0, and ends when the sound stops, breaks off for longer than `max_gap`, or changes its rate: its last
    frames, which wait for sound that does not come, are then published at once.
    """

    parameters = (
        Parameter(
            name="profile",
            default="",
            description="definition of the features; empty: the model's (no face follows features of another)",
            choices=("", *PROFILES),
            read_only=True,
        ),
        MODEL_PARAMETER,
        Parameter(
            name="idle_timeout",
            default=0.1,
            description="without a message for so long (and the source's usual pauses on top) the stream ends, its last frames come",
            unit="s",
            minimum=0.02,
            maximum=10.0,
        ),
        *INTAKE_PARAMETERS,
        *threshold_parameters(THRESHOLDS),
        DETERMINISTIC,
    )
    thresholds = THRESHOLDS

    def __init__(self, name: str = "audio_features", **kwargs: Any) -> None:
        self._intake: RosIntake | None = None
        self._stream: FeatureStream | None = None
        self._frame_clock = FrameClock(1)
        self._frame = 0
        self._after_stop = 0
        self._level = self._peak = -math.inf
        self._cost = 0.0
        self._profile = ""
        super().__init__(name, **kwargs)

    # --- lifecycle ------------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        self._profile = self.value("profile") or read_card(find_model(self.value("model"))).profile
        if self._profile not in PROFILES:
            raise ModelError(f"the model's features are {self._profile!r}, this software makes {', '.join(PROFILES)}")
        self.health.count("frames", 0)
        self.health.count("streams", 0)
        self._features = self.create_publisher(AudioFeatures, "audio_features", QoSProfile(depth=FRAMES_DEPTH))
        # In the intake's own thread: a second mailbox could drop chunks, and no stamp would show it.
        self._intake = RosIntake(
            self,
            self._take,
            self._end,
            on_cut=self._cut,
            idle_timeout=lambda: self.value("idle_timeout"),
            deterministic=self.value("deterministic"),
        )

    def deactivate(self) -> None:
        if self._intake is not None:
            self._intake.end()

    def cleanup(self) -> None:
        if self._intake is not None:
            self._intake.close()
            self._intake = None
        features = self.__dict__.pop("_features", None)
        if features is not None:
            self.destroy_publisher(features)
        self._stream = None

    def update_health(self) -> None:
        if not self._profile:
            return
        self.health.set("profile", self._profile)
        self.health.set("delay ms", 1e3 * (self._stream.delay if self._stream else PROFILES[self._profile].delay))
        self.health.set("level dBFS", self._level)
        self.health.set("peak dBFS", self._peak)
        self._peak = -math.inf
        self.health.set("frames per s", self.trend.per_second("frames", self.health.counter("frames")))
        self.health.set("processing ms per frame", self._cost)
        if self._intake is not None:
            self._intake.update_health()

    # --- in the executor --------------------------------------------------------------------------------------------------

    def stopped(self, number: int) -> None:
        if self._intake is not None:
            self._intake.cut(number)

    # --- in the intake's thread -------------------------------------------------------------------------------------------

    def _take(self, chunk: Chunk) -> None:
        if chunk.start:
            self._end()
        if not self.active:
            return
        stream = self._stream
        if stream is None:
            stream, chunk = self._begin(chunk)
        self._level = _level(chunk.samples)
        self._peak = max(self._peak, _decibel(float(np.abs(chunk.samples).max(initial=0.0))))
        step = round(PIECE * chunk.rate)
        for at in range(0, len(chunk.samples), step):
            if self.stops.newest != self._after_stop:
                return  # the mailbox says the same next
            begin, piece = time.perf_counter(), chunk.samples[at : at + step]
            rows = stream.push(piece)
            self._frame_clock.add(len(piece), chunk.time + at / chunk.rate)
            self._publish(rows, heard=chunk.arrival)
            if len(rows):
                cost = 1e3 * (time.perf_counter() - begin) / len(rows)
                self._cost += (SMOOTHING if self._cost else 1.0) * (cost - self._cost)

    def _begin(self, chunk: Chunk) -> tuple[FeatureStream, Chunk]:
        """A new stream, and what of the chunk belongs to it: zeros that stand for lost sound bridge two parts of one."""
        if self.value("deterministic"):
            self.await_listeners(self._features)
        self._stream = stream = FeatureStream(chunk.rate, self._profile)
        self._frame_clock = FrameClock(chunk.rate)
        self._frame = 0
        self.health.count("streams")
        lost = chunk.concealed
        return stream, replace(chunk, samples=chunk.samples[lost:], time=chunk.time + lost / chunk.rate, concealed=0)

    def _end(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None and self.active:
            self._publish(stream.flush())
            if self.value("deterministic"):
                self._features.publish(AudioFeatures(frame=self._frame, after_stop=self._after_stop))

    def _cut(self, number: int) -> None:
        self._stream, self._after_stop = None, number

    def _publish(self, rows: np.ndarray, *, heard: float = 0.0) -> None:
        """Publish the next frames; `heard` is when the sound came that completed them, 0 at an end."""
        profile, stream, intake = self._profile, self._stream, self._intake
        offset = intake.offset if intake is not None else 0.0
        for number, row in enumerate(rows):
            message = AudioFeatures(frame=self._frame, after_stop=self._after_stop, feature=row, profile=profile)
            stamp = self._frame_clock.time_at((self._frame + 1) / FRAME_RATE)
            message.header.stamp = time_message(stamp)
            times = message.timing
            times.captured, times.heard, times.features = stamp + offset, heard, self.now()
            if stream is not None:
                # Two frames come at once: the second needed less than the profile's delay says.
                times.needed = min(times.captured + stream.delay, heard or math.inf)
            self._features.publish(message)
            self._frame += 1
            if heard and not number:
                self.stages.add("wait", heard - times.needed)
            if heard:
                self.stages.add("features", times.features - heard)
        self.health.count("frames", len(rows))


def _level(samples: np.ndarray) -> float:
    """Mean level in dB of full scale."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return _decibel(math.sqrt(power))


def _decibel(amplitude: float) -> float:
    return 20.0 * math.log10(amplitude) if amplitude > 0.0 else -math.inf


def main(args: list[str] | None = None) -> int:
    """Run the node until it is asked to stop."""
    return spin_nodes(lambda: [AudioFeaturesNode()], args)


if __name__ == "__main__":
    raise SystemExit(main())
