"""Where facial codes come in: checked, refused by name, and put where they are due; and whether their predictor lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from rclpy.event_handler import QoSLivelinessChangedInfo, SubscriptionEventCallbacks
from std_msgs.msg import Empty
from th_msgs.msg import FacialCode

from th_common.alive import ALIVE, ALIVE_TOPIC
from th_common.errors import InputError
from th_common.health import Level
from th_common.node import FRAMES_DEPTH, TalkingHeadNode
from th_common.stamps import to_seconds
from th_face_renderer.face_model import FaceModel, Floats
from th_face_renderer.schedule import CodeSchedule


class Face(Protocol):
    """Whose codes they are; a FaceDecoder is one."""

    model: FaceModel
    model_id: str


class CodeIntake:
    """Subscribes to face/code for a node and fills its schedule. `learn` is told what codes say about the sound's time.

    `pass_on` gets every code that came in time, with its message.

    Codes of another face, of another length, with NaN, or with a presentation time that is absurd are refused by name.
    """

    def __init__(
        self,
        node: TalkingHeadNode,
        face: Face,
        schedule: CodeSchedule,
        *,
        learn: Callable[[float, float, float], None] = lambda capture, due, offset: None,
        pass_on: Callable[[Floats, FacialCode], None] = lambda code, message: None,
    ) -> None:
        self._node, self._face, self._schedule = node, face, schedule
        self._learn, self._pass_on = learn, pass_on
        self.ahead = 0.0
        """How long (s) before their time codes come, smoothed."""
        self.predictors = 0
        """Predictors in other processes that are alive."""
        watch = SubscriptionEventCallbacks(liveliness=self._follow_predictor, use_default_callbacks=False)
        self._subscriptions = [
            node.create_subscription(FacialCode, "face/code", self._take, FRAMES_DEPTH),
            node.create_subscription(Empty, ALIVE_TOPIC, lambda _: None, ALIVE, event_callbacks=watch),
        ]

    def destroy(self) -> None:
        """Take no more."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _take(self, message: FacialCode) -> None:
        node, schedule, model = self._node, self._schedule, self._face.model
        if not node.active or not node.admits(message.after_stop):
            return
        if message.face_model != self._face.model_id:
            self._refuse(
                "another face",
                f"codes are for face {message.face_model[:12]!r}, this is {self._face.model_id[:12]!r}: "
                f"give face_predictor and {node.get_name()} the same model",
            )
            return
        if (len(message.shape), len(message.appearance)) != model.dimensions:
            want = "{} + {}".format(*model.dimensions)
            self._refuse("bad code", f"{len(message.shape)} + {len(message.appearance)} parameters, expected {want}")
            return
        try:
            code = model.check_code(np.array([*message.shape, *message.appearance], np.float32))
        except InputError as error:
            self._refuse("bad code", error)
            return
        now, due, early = node.now(), to_seconds(message.present_at), schedule.early
        if message.timing.predicted:
            node.stages.add("transport", now - message.timing.predicted)
        node.health.count("codes")
        if schedule.push(code, due=due, frame=message.frame, now=now):
            self.ahead += 0.05 * (due - now - self.ahead)
            node.stages.add("queue", due - now)
            self._pass_on(code, message)
        elif schedule.early > early:
            self._refuse(
                "bad code", f"due in {due - now:.1f} s: face_predictor and {node.get_name()} disagree about the time"
            )
            return
        else:
            node.report("codes late", f"a code came {now - due:.3f} s after it was due", level=Level.WARN, hold=5.0)
        capture = to_seconds(message.header.stamp)
        self._learn(capture, due, message.timing.captured - capture if message.timing.captured else 0.0)

    def _refuse(self, fault: str, problem: object) -> None:
        self._node.health.count("refused codes")
        self._node.report(fault, problem)

    def _follow_predictor(self, change: QoSLivelinessChangedInfo) -> None:
        gone, health = self.predictors > 0 and change.alive_count == 0, self._node.health
        self.predictors = change.alive_count
        if gone:
            self._schedule.lose(self._node.now())
            health.count("predictors lost")
            health.raise_fault("predictor lost", "face_predictor is gone: the face is at rest until it is back")
        elif self.predictors:
            health.clear_fault("predictor lost")
