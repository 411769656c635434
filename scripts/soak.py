"""Run the composed graph for a while and watch it: rates, memory, processor share, diagnostics.

usage: make soak SOAK_MINUTES=10    Prints one line per half minute and a summary; exit status 1 if a node died or memory grew.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from tests.graph import Listener, Process, face_graph, listening
from th_common.testing import Graph

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
MAX_GROWTH_MB = 20.0


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds used so far, and resident memory in MB, of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / TICK, resident * PAGE / 1e6


def watch(run: Process, listener: Listener, graph: Graph, seconds: float, every: float) -> list[tuple[float, float]]:
    """Sample (CPU share of one core, MB) until the time is over or the process ends; prints each sample."""
    samples: list[tuple[float, float]] = []
    begin = time.monotonic()
    while time.monotonic() - begin < seconds and run.popen.poll() is None:
        since, count = time.monotonic(), len(listener.codes)
        used, _ = usage(run.popen.pid)
        graph.wait(lambda: False, every)  # spins the listener for that long
        elapsed = time.monotonic() - since
        if run.popen.poll() is not None:
            break
        now, memory = usage(run.popen.pid)
        share, rate = (now - used) / elapsed, (len(listener.codes) - count) / elapsed
        samples.append((share, memory))
        told = f"{rate:5.1f} codes/s  {100 * share:5.1f} % of a core  {memory:6.1f} MB"
        print(f"  {time.monotonic() - begin:6.0f} s  {told}", flush=True)
    return samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    seconds = 60.0 * options.minutes
    with listening() as (graph, listener), face_graph("--source", "example", "--loop", "true") as run:
        if not graph.wait(lambda: bool(listener.codes), 60.0):
            print(run.output)
            return 1
        samples = watch(run, listener, graph, seconds, min(30.0, seconds / 4))
        alive = run.popen.poll() is None
        status = run.end() if alive else run.popen.returncode
        for name, health in sorted(listener.health.items()):
            print(f"{name}: {health.message}")
            print("   " + ", ".join(f"{v.key} {v.value}" for v in health.values))
    memory = np.array([m for _, m in samples])
    growth = memory[len(memory) // 2 :].max() - memory[: max(1, len(memory) // 2)].max()
    share = np.median([s for s, _ in samples])
    print(
        f"median {100 * share:.1f} % of a core, {memory.max():.0f} MB at most, {growth:+.1f} MB in the second half, exit {status}"
    )
    return 0 if alive and status == 0 and growth < MAX_GROWTH_MB else 1


if __name__ == "__main__":
    raise SystemExit(main())
