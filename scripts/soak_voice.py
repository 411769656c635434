"""The operator of a soak: real speech over a network that loses, delays and holds back, and the ear and eye at the far end."""

from __future__ import annotations

import heapq
import random

import numpy as np
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CompressedImage
from th_msgs.msg import FacialCode

from th_audio_io.formats import to_s16
from th_audio_io.sources import FileSource, example_path
from th_common.stamps import TimeMessage, to_seconds

CHUNK = 0.016  # s


class Operator(Node):
    """Speaks the example recording, round by round with a second between, in real time; `loss`, `jitter`, `mute` disturb it."""

    def __init__(self, context: Context, *, seed: int = 0) -> None:
        super().__init__("operator", context=context)
        source = FileSource(example_path())
        self.rate = source.rate
        speech = np.concatenate(list(source.blocks())).mean(axis=1)
        whole = np.concatenate([speech, np.zeros(self.rate)]).astype(np.float32)
        self._speech = np.frombuffer(to_s16(whole), "<i2")
        self._random = random.Random(seed)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._sound = self.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self._info = self.create_publisher(AudioInfo, "audio_info", latched)
        self._info.publish(AudioInfo(channels=1, sample_rate=self.rate, sample_format="S16LE", coding_format="wave"))
        self._under_way: list[tuple[float, float, bytes]] = []  # arrival, capture, sound
        self._at = 0
        self._captured = self.now()
        self.loss = 0.0
        """Share of the messages that never arrive."""
        self.jitter = 0.0
        """Longest delay of a message, s, each its own."""
        self.mute = False
        """Nothing is sent."""
        self.sent = self.lost = 0
        self.create_timer(0.004, self._speak)

    def now(self) -> float:
        """s, the node clock."""
        return self.get_clock().now().nanoseconds * 1e-9

    def _speak(self) -> None:
        now, size = self.now(), round(CHUNK * self.rate)
        while self._captured + CHUNK <= now:
            piece = np.take(self._speech, np.arange(self._at, self._at + size), mode="wrap")
            if not self.mute and self._random.random() >= self.loss:
                arrival = self._captured + CHUNK + self._random.uniform(0.0, self.jitter)
                heapq.heappush(self._under_way, (arrival, self._captured, piece.tobytes()))
            elif not self.mute:
                self.lost += 1
            self._at = (self._at + size) % len(self._speech)
            self._captured += CHUNK
        while self._under_way and self._under_way[0][0] <= now:
            _, captured, sound = heapq.heappop(self._under_way)
            message = AudioDataStamped(audio=AudioData(data=sound))
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(round(captured * 1e9), 1_000_000_000)
            self._sound.publish(message)
            self.sent += 1


class FarEnd(Node):
    """Notes when codes come and by how much sound and pictures miss their times; remembers the diagnostics."""

    def __init__(self, context: Context) -> None:
        super().__init__("far_end", context=context)
        self.codes = 0
        self.last_code = 0.0
        self.sound: list[float] = []
        """Arrival of each piece on audio_delayed after its time, s."""
        self.face: list[float] = []
        """The same of each picture on face/image/compressed."""
        self.counters: dict[str, dict[str, str]] = {}
        self.messages: dict[str, str] = {}
        self.create_subscription(FacialCode, "face/code", self._code, 100)
        self.create_subscription(AudioDataStamped, "audio_delayed", self._hear, 100)
        self.create_subscription(CompressedImage, "face/image/compressed", self._see, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._diagnose, 50)

    def value(self, node: str, key: str) -> str:
        """A value of a node's newest diagnostics, "" where there is none."""
        return self.counters.get(node, {}).get(key, "")

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _code(self, _: FacialCode) -> None:
        self.codes += 1
        self.last_code = self._now()

    def _hear(self, message: AudioDataStamped) -> None:
        self._miss(self.sound, message.header.stamp)

    def _see(self, message: CompressedImage) -> None:
        self._miss(self.face, message.header.stamp)

    def _miss(self, errors: list[float], stamp: TimeMessage) -> None:
        errors.append(self._now() - to_seconds(stamp))

    def _diagnose(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.name.split(":")[0]
            self.counters[name] = {v.key: v.value for v in status.values}
            self.messages[name] = status.message
