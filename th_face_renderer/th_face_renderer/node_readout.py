"""What the voice expresses, told while somebody wants to know: on face/expression_estimate, and to the operator's page."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.publisher import Publisher
from th_msgs.msg import ExpressionEstimate, FacialCode

from th_common.node import TalkingHeadNode
from th_common.stamps import to_seconds
from th_face_renderer.face_model import FaceModel, Floats
from th_face_renderer.heard import Heard
from th_face_renderer.readout import Estimate, ReadOut, estimate

TOPIC = "face/expression_estimate"
RATE = 10.0
"""Estimates per second."""


class Expressing:
    """Hears the codes that a node takes, and says at RATE what they express. All in the executor.

    `readers`: how many others want to know; `tell` gets every estimate then.
    """

    def __init__(
        self,
        node: TalkingHeadNode,
        model: FaceModel,
        read_out: ReadOut,
        *,
        readers: Callable[[], int] = lambda: 0,
        tell: Callable[[Estimate], None] = lambda said: None,
    ) -> None:
        self._node, self._read_out, self._readers, self._tell = node, read_out, readers, tell
        self._heard = Heard(model, read_out.forget)
        self._newest: FacialCode | None = None
        self._wanted = False
        self._publisher: Publisher = node.create_publisher(ExpressionEstimate, TOPIC, 10)
        self._timer = node.create_timer(1.0 / RATE, self._say)
        node.health.set("read-out", "nobody asks")

    def destroy(self) -> None:
        """Say no more."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)

    def hear(self, code: Floats, message: FacialCode) -> None:
        """A code, and the message that it came in."""
        if self._wanted:
            self._heard.hear(code, to_seconds(message.present_at))
            self._newest = message

    def forget(self) -> None:
        """A stop: nobody has spoken."""
        self._heard.clear()
        self._newest = None

    def _say(self) -> None:
        subscribed, reading = self._publisher.get_subscription_count() > 0, self._readers() > 0
        if not (subscribed or reading):
            if self._wanted:
                self.forget()
                self._node.health.set("read-out", "nobody asks")
            self._wanted = False
            return
        self._wanted = True
        if not self._node.active:
            return
        newest = to_seconds(self._newest.present_at) if self._newest is not None else -1.0
        said = estimate(self._read_out, self._heard, max(newest, self._node.now()))
        self._node.health.set("read-out", said.named or "unsure")
        if reading:
            self._tell(said)
        if subscribed:
            self._publisher.publish(self._message(said))

    def _message(self, said: Estimate) -> ExpressionEstimate:
        message = ExpressionEstimate(
            probability=said.probabilities,
            expression=said.named,
            valence=said.valence,
            arousal=said.arousal,
            mouth_opening=said.opening,
            speaking=said.speaking,
            evidence=said.evidence,
        )
        if self._newest is not None:
            message.header, message.present_at = self._newest.header, self._newest.present_at
            message.face_model = self._newest.face_model
        return message
