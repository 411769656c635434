"""Whether the node that makes the codes lives: DDS liveliness on a topic of its own, on which nothing is ever published.

Fast DDS asserts it in a thread of its own, so a busy executor or interpreter raises no false alarm, and a killed process is missed
after LEASE at most. It is not asked for on face/code itself: a subscription that requests a lease does not match publishers that
offer none, and would be deaf to recordings and to everybody else's codes.
"""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import LivelinessPolicy, QoSProfile

ALIVE_TOPIC = "face/predictor_alive"
LEASE = 0.1  # s
ALIVE = QoSProfile(
    depth=1, liveliness=LivelinessPolicy.AUTOMATIC, liveliness_lease_duration=Duration(nanoseconds=round(LEASE * 1e9))
)
