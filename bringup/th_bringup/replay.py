"""Play the sound of a bag through the graph: at any pace the same codes, to the bit.

usage: replay --bag BAG [--rate 1] [--start 0] [--loop] [--clock] [--graph [--display web] [--model NAME]] [--record OUT]

Without --graph it publishes for a graph that runs already (features and predictor with deterministic:=true).
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from th_bringup.face_graph import ros_arguments
from th_bringup.replay_node import BagReplayNode
from th_common.node import TalkingHeadNode
from th_common.spin import spin_nodes


def parser() -> argparse.ArgumentParser:
    """The command line of replay."""
    result = argparse.ArgumentParser(prog="replay", description="Play the sound of a bag through the graph.")
    result.add_argument("--bag", type=Path, help="sqlite3 or mcap, of ros2 bag, make record, or any robot")
    result.add_argument("--topic", help="the sound to play, where the bag holds several")
    result.add_argument("--rate", type=float, help="1: as it was; 0: as fast as the graph follows")
    result.add_argument("--start", type=float, help="s into the sound")
    result.add_argument("--duration", type=float, help="s to play")
    result.add_argument("--loop", action="store_true", help="begin again at the end, until Ctrl-C")
    result.add_argument("--clock", action="store_true", help="publish /clock; with --graph, nodes use simulated time")
    result.add_argument("--record", type=Path, help="record what the graph says into a new bag")
    result.add_argument("--graph", action="store_true", help="run the graph, too, in this process")
    result.add_argument("--display", choices=("web", "window", "none"), default="none", help="of that graph")
    result.add_argument("--model", help="of that graph: folder, default or live")
    result.add_argument("--port", type=int, help="of that graph's page, 0 for any free one")
    result.add_argument("--params-file", type=Path, help="of that graph (default: config/face.yaml)")
    result.add_argument("--log-level", default="info", choices=("debug", "info", "warn", "error", "fatal"))
    return result


def arguments_of(options: argparse.Namespace) -> list[str]:
    """The command line as ROS arguments."""
    given = argparse.Namespace(
        **{**vars(options), "source": "topic" if options.graph else None, "loop": None, "loudspeaker": None}
    )
    result = ros_arguments(given) if options.graph else ["--ros-args", "--log-level", options.log_level]
    for node in ("audio_features", "face_predictor") if options.graph else ():
        result += ["-p", f"{node}:deterministic:=true"]
    if options.clock and options.graph:
        for node in ("audio_features", "face_predictor", "face_renderer", "audio_playout"):
            result += ["-p", f"{node}:use_sim_time:=true"]
    for name in ("bag", "topic", "rate", "start", "duration"):
        value = getattr(options, name)
        if value is not None:
            text = float(value) if name in ("rate", "start", "duration") else f'"{value}"'
            result += ["-p", f"replay:{name}:={text}"]
    for name in ("loop", "clock"):
        if getattr(options, name):
            result += ["-p", f"replay:{name}:=true"]
    if options.record is not None:
        result += ["-p", f'record:bag:="{options.record}"', "-p", "replay:recorded:=true"]
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Play; returns 0, 1 where something made the replay differ from others of the same bag, 2 if it cannot start."""
    import rclpy

    given = list(sys.argv[1:] if arguments is None else arguments)
    cut_at = given.index("--ros-args") if "--ros-args" in given else len(given)
    options = parser().parse_args(given[:cut_at])
    players: list[BagReplayNode] = []

    def make() -> list[TalkingHeadNode]:
        nodes: list[TalkingHeadNode] = []
        if options.graph:
            from th_bringup.face_graph import make_nodes

            nodes += make_nodes()
        if options.record is not None:
            from th_bringup.record import BagRecordNode

            nodes.append(BagRecordNode())
        players.append(BagReplayNode(on_end=rclpy.try_shutdown))
        if sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=_obey_enter, args=(players[0],), daemon=True).start()
        return [*nodes, *players]

    status = spin_nodes(make, [*arguments_of(options), *given[cut_at:]], fail_fast=True)
    problem = players[0].problem if players else ""
    if problem and not status:
        print(f"replay: {problem}", file=sys.stderr)
        return 1
    return status


def _obey_enter(player: BagReplayNode) -> None:
    print("Enter pauses and goes on, Ctrl-C ends", flush=True)
    for _ in sys.stdin:
        print("paused" if player.toggle() else "goes on", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
