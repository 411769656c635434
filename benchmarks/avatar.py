"""The composed graph with an avatar: what packets and topics cost, and when they come.

    python benchmarks/avatar.py                      # the default model
    TH_BENCH_MODEL=live python benchmarks/avatar.py

A program on this machine's loopback takes the packets as an avatar program would, and somebody hears codes and blendshapes. A frame is
known by its weights, to the bit (no idle life, so that a frame is its code and nothing else).

avatar_topic_ms_*    arrival of a code here -> arrival of its weights on face/blendshapes
avatar_late_ms_*     present_at of a code -> its last packet here
avatar_sound_ms_*    capture of the sound -> the last packet of its face here, without what the avatar program takes to draw it
avatar_codes         codes of the time measured; avatar_lost: of these without a packet
avatar_core_share    CPU seconds per second of avatar_bridge alone, in a process of its own (packets and both topics)
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from th_msgs.msg import ActionUnits, Blendshapes

from scripts.soak import usage
from tests.graph import ROOT, face_graph, listening, node_process
from th_common.default_model import find_model
from th_common.stamps import to_seconds
from th_face_renderer.avatar.listen import Applied

SECONDS = float(os.environ.get("TH_BENCH_SECONDS", "25"))
SETTLE = float(os.environ.get("TH_BENCH_SETTLE", "35"))  # s in which the margin becomes what the machine needs
PERCENTILES = (50, 95, 99)


class Program:
    """What an avatar program hears, and when: frames as float32 (52,) bytes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.frames: list[tuple[float, bytes]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        applied, seen = Applied(), 0
        while True:
            applied.take(self._socket.recv(65535))
            now = time.time()
            if applied.frames > seen:
                seen = applied.frames
                self.frames.append((now, np.array(list(applied.values.values()), np.float32).tobytes()))


def main() -> dict[str, float]:
    """Run the graph once and measure it."""
    model, program = str(find_model(os.environ.get("TH_BENCH_MODEL", ""))), Program()
    weights: list[tuple[float, Blendshapes]] = []
    with listening() as (graph, listener):
        listener.create_subscription(
            Blendshapes, "face/blendshapes", lambda m: weights.append((time.monotonic(), m)), 1000
        )
        listener.create_subscription(ActionUnits, "face/action_units", lambda m: None, 1000)
        bridge_values = (f"model:={model}", f"vmc:={program.address}", "idle_life:=false")
        config = str(ROOT / "config" / "face.yaml")
        with (
            face_graph("--source", "example", "--loop", "true", "--model", model) as run,
            node_process("th_face_renderer.avatar_node", config, *bridge_values) as bridge,
        ):
            if not graph.wait(lambda: bool(weights and program.frames), 60.0):
                raise SystemExit(run.output + bridge.output)
            graph.wait(lambda: False, SETTLE)
            for part in (listener.codes, listener.arrivals["codes"], weights, program.frames):
                part.clear()
            before, at = usage(bridge.popen.pid)[0], time.monotonic()
            graph.wait(lambda: False, SECONDS)
            share = (usage(bridge.popen.pid)[0] - before) / (time.monotonic() - at)
            end = time.time() - 1.0
            heard = {c.frame: t for c, t in zip(listener.codes, listener.arrivals["codes"], strict=True)}
            frames, sent = list(program.frames), list(weights)
            if not sent or not frames:
                raise SystemExit(f"{len(sent)} weights, {len(frames)} frames\n{run.output}\n{bridge.output}")
    arrived: dict[bytes, list[float]] = {}
    for when, frame in frames:
        arrived.setdefault(frame, []).append(when)
    topic, late, sound, lost, count = [], [], [], 0, 0
    for when, message in sent:
        if message.frame in heard:
            topic.append(when - heard[message.frame])
        due = to_seconds(message.present_at)
        if due > end:
            continue
        count += 1
        near = [t for t in arrived.get(message.weight.tobytes(), ()) if abs(t - due) < 0.25]
        if not near:
            lost += 1
            continue
        late.append(min(near) - due)
        sound.append(min(near) - to_seconds(message.header.stamp))
    result: dict[str, float] = {"avatar_codes": count, "avatar_lost": lost, "avatar_core_share": share}
    for name, values in (("topic", topic), ("late", late), ("sound", sound)):
        for p, value in zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True):
            result[f"avatar_{name}_ms_p{p}"] = 1e3 * float(value)
    return {name: round(value, 3) for name, value in result.items()}


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
