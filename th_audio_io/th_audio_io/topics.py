"""The topics of audio_common's capture node, published as that node publishes them."""

from __future__ import annotations

import time
from array import array

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.qos import DurabilityPolicy, QoSProfile

from th_common.node import TalkingHeadNode, time_message

INFO_PERIOD = 5.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def sound_info(rate: int, channels: int) -> AudioInfo:
    """AudioInfo of raw S16LE sound."""
    return AudioInfo(
        channels=channels,
        sample_rate=rate,
        sample_format="S16LE",
        bitrate=rate * channels * 16,
        coding_format="wave",
    )


def sound_message(data: bytes) -> AudioData:
    """AudioData of bytes; an array is what rclpy takes without looking at every byte."""
    return AudioData(data=array("B", data))


class ClockBridge:
    """time.monotonic() <-> the node's clock, following it smoothly; a jump of the clock is followed at once."""

    def __init__(self, node: TalkingHeadNode) -> None:
        self._node = node
        self._offset = node.now() - time.monotonic()

    def update(self) -> None:
        """Look at both clocks; to be called now and then."""
        error = self._node.now() - time.monotonic() - self._offset
        self._offset += error if abs(error) > 0.05 else 0.01 * error

    def node_time(self, monotonic: float) -> float:
        """time.monotonic() -> node clock, s."""
        return monotonic + self._offset

    def monotonic(self, node_time: float) -> float:
        """Node clock -> time.monotonic(), s."""
        return node_time - self._offset


class SoundTopics:
    """Publishers of audio, audio_stamped and audio_info for a live source of S16LE sound.

    audio_info is latched, and repeated for those who subscribe volatile and late (audio_capture repeats it too).
    """

    def __init__(self, node: TalkingHeadNode) -> None:
        self._node = node
        self._clock = ClockBridge(node)
        self._info = node.create_publisher(AudioInfo, "audio_info", LATCHED)
        self._stamped = node.create_publisher(AudioDataStamped, "audio_stamped", 50)
        self._plain = node.create_publisher(AudioData, "audio", 50)
        self._latest: AudioInfo | None = None
        self._timer = node.create_timer(INFO_PERIOD, self._repeat)

    def announce(self, rate: int, channels: int) -> None:
        """Publish the format of what comes."""
        self._latest = sound_info(rate, channels)
        self._info.publish(self._latest)

    def publish(self, data: bytes, begin: float) -> float:
        """Publish S16LE bytes whose first sample was captured at time.monotonic() == `begin`; returns their stamp, s."""
        audio = sound_message(data)
        self._plain.publish(audio)
        self._clock.update()
        message = AudioDataStamped(audio=audio)
        stamp = self._clock.node_time(begin)
        message.header.stamp = time_message(stamp)
        self._stamped.publish(message)
        return stamp

    def listeners(self) -> int:
        """Subscriptions to the sound."""
        return self._stamped.get_subscription_count() + self._plain.get_subscription_count()

    def close(self) -> None:
        """Take the topics away."""
        self._node.destroy_timer(self._timer)
        for publisher in (self._info, self._stamped, self._plain):
            self._node.destroy_publisher(publisher)

    def _repeat(self) -> None:
        if self._latest is not None:
            self._info.publish(self._latest)
