"""What others ask the face for: an expression, a place to look at. From topics, and from the operator's page."""

from __future__ import annotations

from geometry_msgs.msg import PointStamped
from th_msgs.msg import Expression

from th_common.errors import InputError
from th_common.node import TalkingHeadNode
from th_face_renderer.living import LivingFace, gaze_towards


class Wishes:
    """Subscribes to face/expression and face/look_at for a node; what cannot be shown is named on its diagnostics."""

    def __init__(self, node: TalkingHeadNode, living: LivingFace) -> None:
        self._node, self._living = node, living
        self._subscriptions = [
            node.create_subscription(Expression, "face/expression", self._take_expression, 10),
            node.create_subscription(PointStamped, "face/look_at", self._take_look, 10),
        ]

    def destroy(self) -> None:
        """Hear no more."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def express(
        self, name: str, *, valence: float = 0.0, arousal: float = 0.0, intensity: float = 1.0, duration: float = 0.0
    ) -> None:
        """Show an expression by name or, with an empty one, by valence and arousal; intensity 0: none any more."""
        expressions, now = self._living.expressions, self._node.now()
        try:
            if intensity == 0:
                expressions.rest(now)
            elif name:
                expressions.ask(name, intensity=intensity, duration=duration, now=now)
            else:
                expressions.feel(valence, arousal, intensity=intensity, duration=duration, now=now)
        except InputError as error:
            self._node.report("bad expression", error)

    def look(self, x: float, y: float) -> None:
        """Look somewhere: gaze_x, gaze_y of Layer."""
        self._living.look_at((x, y), now=self._node.now())

    def _take_expression(self, message: Expression) -> None:
        if self._node.active:
            self.express(
                message.expression,
                valence=message.valence,
                arousal=message.arousal,
                intensity=message.intensity,
                duration=message.duration,
            )

    def _take_look(self, message: PointStamped) -> None:
        if not self._node.active:
            return
        wanted, frame, point = self._node.value("look_at_frame"), message.header.frame_id, message.point
        if wanted and frame != wanted:
            self._node.report("bad look_at", f"the point is in frame {frame[:40]!r}, not in {wanted!r} (look_at_frame)")
            return
        try:
            self.look(*gaze_towards(point.x, point.y, point.z))
        except InputError as error:
            self._node.report("bad look_at", error)
