"""Record what a running graph hears and says into a bag, as `ros2 bag record` would, without rosbag2.

usage: record --bag BAG [--storage mcap|sqlite3] [--topics /a,/b] [--minutes 10]
       record --repair BAG --bag OUT      (what a recording holds that was cut off)
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from th_audio_io.bag_repair import repair
from th_audio_io.bag_writer import STORAGES, BagWriter, offered
from th_common.errors import InputError, TalkingHeadError
from th_common.health import Level
from th_common.node import TalkingHeadNode
from th_common.parameters import Parameter
from th_common.spin import spin_nodes
from th_common.worker import Worker

TOPICS = {
    "audio_stamped": "audio_common_msgs/msg/AudioDataStamped",
    "audio": "audio_common_msgs/msg/AudioData",
    "audio_info": "audio_common_msgs/msg/AudioInfo",
    "audio_features": "th_msgs/msg/AudioFeatures",
    "face/code": "th_msgs/msg/FacialCode",
    "face/expression": "th_msgs/msg/Expression",
    "face/look_at": "geometry_msgs/msg/PointStamped",
    "audio_delayed": "audio_common_msgs/msg/AudioDataStamped",
    "audio_delayed_info": "audio_common_msgs/msg/AudioInfo",
    "/diagnostics": "diagnostic_msgs/msg/DiagnosticArray",
}
LATCHED = ("audio_info", "audio_delayed_info")
LOOK = 0.25  # s between two looks for publishers
CHECKPOINT = 1.0  # s of messages that a kill -9 costs at most
MOST_WAITING = 64 << 20  # bytes that wait for the disk
DEPTH = 1000
LEAST_FREE = 200 << 20  # bytes that the disk keeps


@dataclass(frozen=True)
class _Taken:
    topic: str
    time: int
    data: bytes


@dataclass(frozen=True)
class _Listening:
    subscription: Subscription
    type_name: str
    reliable: bool
    latched: bool


class BagRecordNode(TalkingHeadNode):
    """Writes the topics of the graph in its namespace.

    It listens before anybody publishes, so that nothing of the beginning is lost, as the graph's own nodes publish; where others publish
    best effort, or another type, it listens again as they do.

    Memory is bounded: where 64 MiB wait for the disk, what comes is left out and counted (`write overrun`).
    """

    parameters = (
        Parameter(name="bag", default="", description="folder to make", read_only=True),
        Parameter(name="storage", default="mcap", description="kind of bag", choices=STORAGES, read_only=True),
        Parameter(
            name="topics",
            default="",
            description=f"topics, separated by commas; empty: {', '.join(TOPICS)}",
            read_only=True,
        ),
    )

    def __init__(self, **kwargs: Any) -> None:
        self._writer: BagWriter | None = None
        self._worker: Worker[_Taken] | None = None
        self._heard: dict[str, _Listening] = {}
        self._looking: Any = None
        self._lock = threading.Lock()
        self._waiting = 0
        self._written = 0.0
        self._full = False
        self._types: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        """Messages recorded so far, by topic."""
        super().__init__("record", **kwargs)

    def configure(self) -> None:
        if not self.value("bag"):
            raise InputError("say where to record: bag")
        path = Path(self.value("bag")).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = BagWriter(path, self.value("storage"))
        self.counts = self._writer.counts
        # Dropping is counted here, by bytes; the mailbox itself never fills.
        self._worker = self.start_worker("write", self._write, capacity=1 << 20, idle=self._rest)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # simulated time may stand still
        self._looking = self.create_timer(LOOK, self._look, clock=steady)

    def deactivate(self) -> None:
        """Write what has come; the bag stays open."""
        self._listen_no_more()
        if self._worker is not None:
            self._worker.drain(10.0)

    def cleanup(self) -> None:
        self._listen_no_more()
        if self._looking is not None:
            self.destroy_timer(self._looking)
            self._looking = None
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def update_health(self) -> None:
        self.health.set("bag", self.value("bag"))
        self.health.set("messages", sum(self.counts.values()))
        self.health.set("waiting bytes", self._waiting)

    # --- in the executor ------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if not self.active:
            return
        wanted = [t.strip() for t in self.value("topics").split(",") if t.strip()] or TOPICS
        for name in wanted:
            topic = self.resolve_topic_name(name)
            publishers = self.get_publishers_info_by_topic(topic)
            kind, reliable, latched = TOPICS.get(name, ""), True, name in LATCHED
            if publishers:
                offers = [p.qos_profile for p in publishers]
                kind = publishers[0].topic_type
                reliable = all(q.reliability == ReliabilityPolicy.RELIABLE for q in offers)
                latched = all(q.durability == DurabilityPolicy.TRANSIENT_LOCAL for q in offers)
            now = self._heard.get(topic)
            if not kind or (
                now is not None and (now.type_name, now.reliable, now.latched) == (kind, reliable, latched)
            ):
                continue
            try:
                self._listen(topic, kind, reliable, latched)
            except (TalkingHeadError, ModuleNotFoundError, AttributeError) as error:
                self.report(f"topic {topic}", str(error), level=Level.WARN, hold=None)

    def _listen(self, topic: str, kind: str, reliable: bool, latched: bool) -> None:
        assert self._writer is not None
        package, _, name = kind.split("/")
        message = getattr(importlib.import_module(f"{package}.msg"), name)
        before = self._heard.pop(topic, None)
        if before is not None:
            self.destroy_subscription(before.subscription)
        # A topic is in the bag once it has said something.
        qos = QoSProfile(
            depth=DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )

        def take(data: bytes, info: dict[str, int]) -> None:
            if self._types.setdefault(topic, kind) != kind:
                self.report(f"topic {topic}", f"it is of type {kind} now: not recorded", level=Level.WARN)
                return
            if topic not in self.counts and self._writer is not None:
                self._writer.add(topic, kind, [offered(reliable=reliable, latched=latched)])
                self.get_logger().info(f"recording {topic} [{kind}]")
            self._take(topic, data, int(info.get("received_timestamp") or 0))

        hear: Callable[..., None] = take  # with the message's information, of which rclpy's types do not know
        subscription = self.create_subscription(message, topic, hear, qos, raw=True)
        self._heard[topic] = _Listening(subscription, kind, reliable, latched)

    def _listen_no_more(self) -> None:
        for listening in self._heard.values():
            self.destroy_subscription(listening.subscription)
        self._heard.clear()

    def _take(self, topic: str, data: bytes, received: int) -> None:
        stamp = self.get_clock().now().nanoseconds if self.value("use_sim_time") else received or time.time_ns()
        with self._lock:
            fits = self._waiting + len(data) <= MOST_WAITING
            self._waiting += len(data) if fits else 0
        if fits and self._worker is not None:
            self._worker.put(_Taken(topic, stamp, bytes(data)))
        elif not fits:
            self.report("write overrun", "the disk is slower than the messages", level=Level.WARN)

    # --- in the worker --------------------------------------------------------------------------------------------------

    def _write(self, taken: _Taken) -> None:
        writer = self._writer
        if writer is None:
            return
        with self._lock:
            self._waiting -= len(taken.data)
        if self._full:
            return
        writer.write(taken.topic, taken.time, taken.data)
        if time.monotonic() - self._written > CHECKPOINT:
            self._save(writer)

    def _rest(self) -> float | None:
        if self._writer is not None and not self._full and time.monotonic() - self._written > CHECKPOINT:
            self._save(self._writer)
        return CHECKPOINT

    def _save(self, writer: BagWriter) -> None:
        self._written = time.monotonic()
        writer.checkpoint()
        if shutil.disk_usage(writer.path).free < LEAST_FREE:
            self._full = True
            raise InputError(
                f"less than {LEAST_FREE >> 20} MiB are free beside {writer.path}: nothing more is recorded"
            )


def parser() -> argparse.ArgumentParser:
    """The command line of record."""
    result = argparse.ArgumentParser(
        prog="record", description="Record what a running graph hears and says into a bag."
    )
    result.add_argument("--bag", type=Path, help="folder to make (default: bag-DATE-TIME)")
    result.add_argument("--storage", choices=STORAGES, help="kind of bag (default: mcap)")
    result.add_argument("--topics", help="separated by commas (default: sound, features, codes, diagnostics)")
    result.add_argument("--repair", type=Path, metavar="BAG", help="save what is whole of a recording that was cut off")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Record until Ctrl-C, then say what was recorded."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    cut = given.index("--ros-args") if "--ros-args" in given else len(given)
    options = parser().parse_args(given[:cut])
    if options.repair is not None:
        return _repair(options.repair, options.bag or options.repair.with_name(options.repair.name + "-repaired"))
    ros = []
    # ROS arguments may name it (launch does, in a file).
    bag = options.bag or (None if given[cut:] else Path(datetime.now().strftime("bag-%Y%m%d-%H%M%S")))
    for name, value in (("bag", bag), ("storage", options.storage), ("topics", options.topics)):
        if value is not None:
            ros += ["-p", f'record:{name}:="{value}"']
    made: list[BagRecordNode] = []

    def make() -> list[BagRecordNode]:
        made.append(BagRecordNode())
        return made

    status = spin_nodes(make, [*(["--ros-args", *ros] if ros else []), *given[cut:]], fail_fast=True)
    if made and not status:
        _tell(made[0].value("bag"), made[0].counts)
    return status


def _repair(path: Path, out: Path) -> int:
    try:
        _tell(out, repair(path, out))
    except TalkingHeadError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _tell(bag: Path | str, counts: dict[str, int]) -> None:
    print(f"{bag}: {sum(counts.values())} messages")
    for topic, count in counts.items():
        print(f"  {topic}: {count}")


if __name__ == "__main__":
    raise SystemExit(main())
