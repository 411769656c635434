"""Publish a sound file to the graph as a microphone would: audio_info once, then a message every 16 ms.

    python examples/publish_wav.py hello.wav          # beside: make run SOURCE=topic

(A robot that only wants something said needs less: the action `speak`, docs/speak.md.)
"""

import sys
import time

import rclpy
import soundfile
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

CHUNK = 0.016  # s of sound in one message


def main(path: str) -> None:
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    rclpy.init()
    node = Node("publish_wav")
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    info = node.create_publisher(AudioInfo, "audio_info", latched)
    sound = node.create_publisher(AudioDataStamped, "audio_stamped", 50)
    channels = samples.shape[1]
    info.publish(
        AudioInfo(
            channels=channels,
            sample_rate=rate,
            sample_format="S16LE",
            coding_format="wave",
            bitrate=rate * channels * 16,
        )
    )
    while not sound.get_subscription_count():
        time.sleep(0.05)
    time.sleep(0.2)  # for the format to arrive before the first sound

    begin, step = time.time() + 0.1, round(CHUNK * rate)
    for first in range(0, len(samples), step):
        piece = samples[first : first + step]
        captured = begin + first / rate  # of the piece's first sample: what face and sound are kept in step by
        time.sleep(max(0.0, captured + len(piece) / rate - time.time()))  # a piece is there when its last sample is
        message = AudioDataStamped()
        message.header.stamp = Time(sec=int(captured), nanosec=int(captured % 1 * 1e9))
        message.audio.data = piece.tobytes()
        sound.publish(message)
    time.sleep(1.0)  # for the last ones to be taken
    print(f"published {len(samples) / rate:.2f} s, {rate} Hz, {channels} channel(s)")
    rclpy.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
