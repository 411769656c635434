"""Where the time from sound to face goes, stage by stage, read off /diagnostics of a running graph.

usage: ros2 run th_bringup latency [--seconds 6] [--watch]        (or python -m th_bringup.latency)
A graph in a namespace: latency --ros-args -r __ns:=/robot1
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from th_common.latency import PERCENTILES, read_stage

STAGES = (
    (
        "wait",
        "audio_features",
        "wait for samples",
        "from the capture of the last sample needed to the arrival of its message",
    ),
    ("lookahead", "face_predictor", "lookahead", "from the frame's centre to the last sample that its code depends on"),
    ("features", "audio_features", "features", "from the message to its features"),
    ("predictor", "face_predictor", "predictor", "from the features to the code, the way between the nodes included"),
    ("transport", "face_renderer", "transport", "from the code to the renderer"),
    ("queue", "face_renderer", "queue", "codes wait in the renderer until they are due: what is left of the margin"),
    ("render", "face_renderer", "render", "drawing a picture, once it is due"),
    ("display", "face_renderer", "display", "handing the picture over"),
)
"""Name on /diagnostics, node, name in the table, meaning; in the order in which a frame passes them."""
OUT = (("face", "face_renderer", "face"), ("sound", "audio_playout", "sound"))
"""How late, after its time, each of the two leaves."""
Times = tuple[float, ...]


@dataclass(frozen=True)
class Budget:
    """Percentiles in ms by stage; `delay`: the graph's presentation delay in ms, None where nobody said."""

    stages: Mapping[str, Times]
    delay: float | None

    @classmethod
    def of(cls, health: Mapping[str, Mapping[str, str]]) -> Budget:
        """Read what nodes say of themselves: values by key, by node."""
        stages = {}
        for node, values in health.items():
            for key, value in values.items():
                stage = read_stage(key, value)
                if stage is not None and (stage[0], node) in _WANTED:
                    stages[stage[0]] = stage[1]
        said = health.get("face_predictor", {}).get("presentation delay")
        return cls(stages, None if said is None else 1e3 * float(said))

    @property
    def skew(self) -> Times | None:
        """Face minus sound in ms: difference of the medians, then the largest that the percentiles of both allow."""
        if not all(stage in self.stages for stage, _, _ in OUT):
            return None
        face, sound = self.stages["face"], self.stages["sound"]
        middle = face[0] - sound[0]
        return (
            middle,
            *(max(f - sound[0], s - face[0], abs(middle)) for f, s in zip(face[1:], sound[1:], strict=True)),
        )

    def table(self) -> str:
        """The budget as text."""
        head = "".join(f"{f'p{p}':>9}" for p in PERCENTILES)
        lines = [f"{'ms':18}{head}"]
        for stage, _, name, meaning in STAGES:
            lines.append(f"{name:18}{_row(self.stages.get(stage))}   {meaning}")
        if self.delay is not None:
            lines.append(
                f"{'presentation delay':18}{self.delay:9.1f}{'':18}   from the capture of a sound to its face and playout"
            )
        for stage, _, name in OUT:
            lines.append(f"{name + ' late':18}{_row(self.stages.get(stage))}   after its time")
        lines.append(f"{'skew':18}{_row(self.skew)}   face after sound; p95 and p99: at most")
        return "\n".join(lines)


_WANTED = {(stage, node) for stage, node, *_ in (*STAGES, *OUT)}


def _row(times: Times | None) -> str:
    return "".join(f"{t:9.1f}" for t in times) if times is not None else f"{'-':>9}" * len(PERCENTILES)


DISCOVERY = 6.0
"""s in which two processes have found each other: a lost announcement is repeated after 3."""


def collect(seconds: float, arguments: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    """Listen to /diagnostics for so long after the first message: the newest values by key, by node; none after DISCOVERY s in vain.

    Of the nodes in the namespace that the ROS arguments say.
    """
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray

    health: dict[str, dict[str, str]] = {}

    def take(message: DiagnosticArray) -> None:
        for status in message.status:
            where, _, name = status.hardware_id.rpartition("/")
            if where == node.get_namespace().rstrip("/"):
                health[name] = {v.key: v.value for v in status.values}

    rclpy.init(args=list(arguments))
    try:
        node = rclpy.create_node("latency")
        node.create_subscription(DiagnosticArray, "/diagnostics", take, 50)
        heard, end = False, time.monotonic() + DISCOVERY
        while rclpy.ok() and time.monotonic() < end:
            if health and not heard:
                heard, end = True, time.monotonic() + seconds
            rclpy.spin_once(node, timeout_sec=max(0.0, min(0.1, end - time.monotonic())))
    finally:
        rclpy.try_shutdown()
    return health


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the budget; exit status 1 where no graph is heard of, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="latency", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to listen to /diagnostics (default 3)")
    parser.add_argument("--watch", action="store_true", help="again and again, until Ctrl-C")
    given = list(sys.argv[1:] if arguments is None else arguments)
    own, ros = (
        (given[: given.index("--ros-args")], given[given.index("--ros-args") :])
        if "--ros-args" in given
        else (given, [])
    )
    options = parser.parse_args(own)
    try:
        while True:
            budget = Budget.of(collect(options.seconds, ros))
            if not budget.stages:
                print(
                    "no frame has passed yet: is the graph running, in this ROS domain and namespace, and somebody speaking?",
                    file=sys.stderr,
                )
                if not options.watch:
                    return 1
            else:
                print(budget.table(), flush=True)
            if not options.watch:
                return 0
            print()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
