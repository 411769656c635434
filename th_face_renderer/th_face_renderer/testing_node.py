"""For tests of the node: a renderer on a graph of its own, and a watcher who sends codes and sees what comes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from th_msgs.msg import FacialCode

from th_common.node import time_message
from th_common.testing import Graph
from th_face_renderer.living import LivingFace
from th_face_renderer.node import FaceRendererNode
from th_face_renderer.node_codes import CodeIntake
from th_face_renderer.node_page import FacePage
from th_face_renderer.show import Show

SIZE = (96, 128)


class Watcher(Node):
    """Publishes codes, collects diagnostics, and pictures when asked to."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("watcher", **kwargs)
        self.codes = self.create_publisher(FacialCode, "face/code", 10)
        self.images: list[Any] = []
        self.health: dict[str, str] = {}
        self.message = ""
        self.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)

    def _note(self, array: DiagnosticArray) -> None:
        for status in array.status:
            self.message = status.message
            self.health = {v.key: v.value for v in status.values}

    def watch(self, kind: type, topic: str) -> Any:
        return self.create_subscription(kind, topic, self.images.append, 1)

    def now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def say(
        self, face: str, *, values: np.ndarray | None = None, frame: int = 0, delay: float = 0.1, after_stop: int = 0
    ) -> float:
        code = np.zeros(16) if values is None else np.asarray(values, float)
        due = self.now() + delay
        self.codes.publish(
            FacialCode(
                header=Header(stamp=time_message(due - 0.2)),
                frame=frame,
                after_stop=after_stop,
                present_at=time_message(due),
                shape=code[:8].tolist(),
                appearance=code[8:].tolist(),
                face_model=face,
            )
        )
        return due


class Stage:
    """A renderer and a watcher on one graph."""

    def __init__(self, graph: Graph, folder: Path, **parameters: Any) -> None:
        given = {
            "model": str(folder),
            "display": "none",
            "height": SIZE[0],
            "width": SIZE[1],
            "diagnostics_period": 0.1,
            "idle_life": False,
        }
        overrides = [RosParameter(name, value=value) for name, value in {**given, **parameters}.items()]
        self.graph = graph
        self.node = graph.add(lambda context: FaceRendererNode(context=context, parameter_overrides=overrides))
        self.watcher = graph.add(lambda context: Watcher(context=context))
        self.wait = graph.wait

    def begin(self) -> None:
        assert self.wait(lambda: self.node.active)
        assert self.wait(lambda: self.watcher.codes.get_subscription_count() == 1)

    def speak(self, face: str, code: np.ndarray, *, until: Any) -> bool:
        """Send the same code 60 times a second until a condition holds."""
        self.frame = getattr(self, "frame", 0)
        last = 0.0

        def step() -> bool:
            nonlocal last
            if self.watcher.now() > last + 1 / 60:
                last = self.watcher.now()
                self.watcher.say(face, values=code, frame=self.frame)
                self.frame += 1
            return until()

        return self.wait(step)

    @property
    def living(self) -> LivingFace:
        """Of a node that is configured, as the others."""
        assert self.node._living is not None
        return self.node._living

    @property
    def codes(self) -> CodeIntake:
        assert self.node._codes is not None
        return self.node._codes

    @property
    def show(self) -> Show:
        assert self.node._show is not None
        return self.node._show

    @property
    def page(self) -> FacePage:
        assert self.node._page is not None
        return self.node._page


def picture(image: Image) -> np.ndarray:
    """The pixels (height, width, 3) of a message."""
    return np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
