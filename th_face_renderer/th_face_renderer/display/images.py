"""Image topics as a display: face/image and face/image/compressed, worked for only while somebody subscribes."""

from __future__ import annotations

import array
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from th_common.node import TalkingHeadNode, time_message
from th_face_renderer.display.jpeg import encode_jpeg


class ImageTopics:
    """Publishes every picture to the topics that have subscribers; header.stamp is the time at which it is due."""

    lead = 0.0

    def __init__(self, node: TalkingHeadNode, *, frame_id: str, quality: Callable[[], int]) -> None:
        self._node, self._frame_id, self._quality = node, frame_id, quality
        self._raw = node.create_publisher(Image, "face/image", QoSProfile(depth=1))
        self._jpeg = node.create_publisher(CompressedImage, "face/image/compressed", QoSProfile(depth=1))
        self._raw_subscribers = self._jpeg_subscribers = 0

    def open(self) -> None:
        """Nothing to do."""

    def poll(self) -> int:
        """How many subscribe to either topic."""
        self._raw_subscribers = self._raw.get_subscription_count()
        self._jpeg_subscribers = self._jpeg.get_subscription_count()
        return self._raw_subscribers + self._jpeg_subscribers

    def show(self, picture: npt.NDArray[np.uint8], present_at: float) -> None:
        """Publish a picture."""
        header = Header(stamp=time_message(present_at), frame_id=self._frame_id)
        if self._raw_subscribers:
            height, width = picture.shape[:2]
            message = Image(header=header, height=height, width=width, encoding="bgr8", step=3 * width)
            message.data = _bytes(picture.data.cast("B"))
            self._raw.publish(message)
        if self._jpeg_subscribers:
            small = CompressedImage(header=header, format="jpeg")
            small.data = _bytes(encode_jpeg(picture, self._quality()))
            self._jpeg.publish(small)

    def close(self) -> None:
        """Nothing to do."""

    def destroy(self) -> None:
        """Take the topics back; not while the show goes on."""
        self._node.destroy_publisher(self._raw)
        self._node.destroy_publisher(self._jpeg)


def _bytes(data: bytes | memoryview) -> array.array:
    # rclpy takes an array.array as it is and looks at every element of anything else: 40 ms and more per picture.
    result = array.array("B")
    result.frombytes(data)
    return result
