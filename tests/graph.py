"""The real graph as a process of its own, and a listener that collects what it publishes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from th_msgs.msg import AudioFeatures, FacialCode

from th_common.testing import Graph

ROOT = Path(__file__).resolve().parent.parent


class Process:
    """A child process with its output in a file; ended with the test whatever happens."""

    def __init__(self, command: Sequence[str], output: TextIO) -> None:
        self._output = output
        self.popen = subprocess.Popen(
            [sys.executable, *command], stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=dict(os.environ)
        )

    @property
    def output(self) -> str:
        """Everything it has printed so far."""
        # Not seek and read: the child writes where this very file stands.
        number = self._output.fileno()
        return os.pread(number, os.fstat(number).st_size, 0).decode(errors="replace")

    def end(self, sign: signal.Signals = signal.SIGINT, timeout: float = 15.0) -> int:
        """Send a signal and return the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(sign)
        return self.popen.wait(timeout)

    def finish(self, timeout: float = 60.0) -> int:
        """Wait for it to end by itself and return the exit status."""
        return self.popen.wait(timeout)

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(10)


@contextmanager
def process(*command: str) -> Iterator[Process]:
    """Run `python COMMAND...` from the root of the clone."""
    with tempfile.TemporaryFile("w+") as output:
        child = Process(command, output)
        try:
            yield child
        finally:
            child.close()


def face_graph(*arguments: str) -> Any:
    """The composed graph, without a display unless told otherwise; extra arguments as on its command line."""
    own = list(arguments)
    if "--display" not in own:
        own = ["--display", "none", *own]
    return process("-m", "th_bringup.face_graph", *own)


def node_process(module: str, config: str, *parameters: str) -> Any:
    """One node as a process of its own, with the parameter file and `name:=value` on top."""
    more = [word for parameter in parameters for word in ("-p", parameter)]
    main = f"from {module} import main; raise SystemExit(main())"
    return process("-c", main, "--ros-args", "--params-file", config, *more)


class Listener(Node):
    """Collects features, codes, images and diagnostics with their arrival times (s, monotonic)."""

    def __init__(self, context: Context, *, images: bool = False) -> None:
        super().__init__("listener", context=context)
        self.features: list[AudioFeatures] = []
        self.codes: list[FacialCode] = []
        self.images: list[Image] = []
        self.arrivals: dict[str, list[float]] = {"features": [], "codes": [], "images": []}
        self.health: dict[str, Any] = {}
        # Pictures keep a listener busy: what comes meanwhile must wait, not be lost.
        self.create_subscription(AudioFeatures, "audio_features", self._keep("features"), 1000)
        self.create_subscription(FacialCode, "face/code", self._keep("codes"), 1000)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._diagnose, 50)
        if images:
            reliable = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
            self.create_subscription(Image, "face/image", self._keep("images"), reliable)

    def _keep(self, name: str) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            getattr(self, name).append(message)
            self.arrivals[name].append(time.monotonic())

        return keep

    def _diagnose(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.health[status.name.split(":")[0]] = status

    def value(self, node: str, key: str) -> str | None:
        """One value of a node's newest diagnostics."""
        status = self.health.get(node)
        return next((v.value for v in status.values if v.key == key), None) if status else None


@contextmanager
def listening(*, images: bool = False, node: Callable[[Context], Any] | None = None) -> Iterator[tuple[Graph, Any]]:
    """A ROS domain of its own with a listener in it (or the `node` given); processes started inside share the domain."""
    with Graph() as graph:
        yield graph, graph.add(node or (lambda context: Listener(context, images=images)))
