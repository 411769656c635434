"""Run the composed graph in real time with faults injected, and see whether it holds.

usage: make soak SOAK_MINUTES=10

Rounds of a minute: clean, loss (5 %), jitter (100 ms), silence, loss of the loudspeaker, a stop. Once, after a third of the time, the
graph is killed (-9) and started again. Prints a line per phase and all counters. Exit status 1 if a check failed: the graph
died by itself, memory grew, the skew of sound and face grew, codes did not come back after a fault, or the face did not come to rest
in silence, features got lost within the graph, or a loudspeaker that was there was taken for lost.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from std_msgs.msg import Empty

from scripts.soak_device import SoundServer, sound_server
from scripts.soak_voice import FarEnd, Operator
from tests.graph import Process, face_graph
from th_common.testing import Graph

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
MAX_GROWTH_MB = 20.0
MAX_SKEW_GROWTH = 0.02  # s
MAX_AWAY = 30.0  # s until codes come again after a fault, on a machine that others keep busy
MAX_WORK = {"kill": 3.0, "silence": 1.0, "stop": 1.0}  # s of processor time that the graph may need for it: busy or not
ROUND = (("clean", 15.0), ("loss", 10.0), ("jitter", 10.0), ("silence", 5.0), ("device", 10.0), ("stop", 10.0))


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds used so far, and resident memory in MB, of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / TICK, resident * PAGE / 1e6


@dataclass(frozen=True)
class Sample:
    """One phase, measured: share of a core, MB, codes per second, median and 99th percentile of sound and face errors in s."""

    phase: str
    share: float
    memory: float
    rate: float
    sound: float
    face: float
    face99: float

    def __str__(self) -> str:
        return (
            f"{self.phase:8} {self.rate:5.1f} codes/s {100 * self.share:5.1f} % of a core {self.memory:6.1f} MB   "
            f"sound {1e3 * self.sound:+6.1f} ms  face {1e3 * self.face:+6.1f} ms (p99 {1e3 * self.face99:+6.1f})"
        )


class Soak:
    """The graph, whoever speaks to it, and what was seen so far."""

    def __init__(self, graph: Graph, server: SoundServer | None, stack: ExitStack) -> None:
        self.graph, self.server, self._stack = graph, server, stack
        self.operator = graph.add(Operator)
        self.far = graph.add(FarEnd)
        self.stop = self.operator.create_publisher(Empty, "face/stop_now", 10)
        self.samples: list[Sample] = []
        self.since_start = 0
        self.failures: list[str] = []
        self.run = self._start()

    def _start(self) -> Process:
        arguments = ["--source", "topic"]
        if self.server is not None:
            os.environ.update(self.server.environment)
            arguments += ["--loudspeaker", "true"]
        run: Process = self._stack.enter_context(face_graph(*arguments))
        self.since_start, self.devices_lost = len(self.samples), 0
        return run

    def back(self, fault: str) -> None:
        """Codes must come (again) now."""
        seen, begin = self.far.codes, time.monotonic()
        before = 0.0 if fault == "kill" else usage(self.run.popen.pid)[0]
        if self.graph.wait(lambda: self.far.codes > seen + 5, MAX_AWAY):
            used = usage(self.run.popen.pid)[0] - before
            print(f"  codes {time.monotonic() - begin:.2f} s after the {fault}, {used:.2f} s of CPU", flush=True)
            if used > MAX_WORK[fault]:
                self.failures.append(f"{used:.2f} s of CPU until codes came after the {fault}")
        else:
            self.failures.append(f"no codes within {MAX_AWAY:g} s after the {fault}")

    def kill(self) -> None:
        """-9, and a new graph as a launch would start it."""
        self.run.end(signal.SIGKILL)
        self.run = self._start()
        self.back("kill")

    def phase(self, name: str, seconds: float) -> None:
        """Let one phase pass and measure it."""
        self.operator.loss, self.operator.jitter = (0.05 if name == "loss" else 0.0), (0.1 if name == "jitter" else 0.0)
        self.operator.mute = name == "silence"
        if name == "stop":
            self.stop.publish(Empty())
        if name == "device" and self.server is not None:
            self.server.lose()
            self.devices_lost += 1
        begin, codes = time.monotonic(), self.far.codes
        used, _ = usage(self.run.popen.pid)
        self.far.sound.clear()
        self.far.face.clear()
        died: Callable[[], bool] = lambda: self.run.popen.poll() is not None  # noqa: E731
        if name == "device" and self.server is not None:
            self.graph.wait(died, seconds / 2)
            self.server.start()
            seconds /= 2
        if self.graph.wait(died, seconds):
            self.failures.append(f"the graph died by itself, status {self.run.popen.returncode}")
            return
        elapsed = time.monotonic() - begin
        now, memory = usage(self.run.popen.pid)
        sound, face = (np.array(e or [np.nan]) for e in (self.far.sound, self.far.face))
        sample = Sample(
            name,
            (now - used) / elapsed,
            memory,
            (self.far.codes - codes) / elapsed,
            float(np.median(sound)),
            float(np.median(face)),
            float(np.percentile(face, 99)),
        )
        self.samples.append(sample)
        print(f"{begin - self.begin:6.0f} s  {sample}", flush=True)
        if name == "silence":
            if self.far.value("face_renderer", "state") != "resting":
                self.failures.append("the face was not at rest after 5 s of silence")
            self.operator.mute = False
            self.back("silence")
        if name == "stop":
            self.back("stop")

    def last(self, minutes: float) -> None:
        """Round after round until the time is over or the graph has died."""
        self.begin = time.monotonic()
        end, killed = self.begin + 60.0 * minutes, False
        while True:
            for name, seconds in ROUND:
                left = end - time.monotonic()
                if left < 1.0 or self.run.popen.poll() is not None:
                    return
                if not killed and left < 40.0 * minutes:
                    killed = True
                    self.kill()
                self.phase(name, min(seconds, left))

    def judge(self) -> list[str]:
        """What did not hold, in words."""
        samples = self.samples[self.since_start :]
        memory = np.array([s.memory for s in samples])
        failures = [*self.failures]
        opened = int(self.far.value("audio_playout", "loudspeaker opened") or 0)
        if opened > 1 + self.devices_lost:
            failures.append(f"the loudspeaker was opened {opened} times, and lost {self.devices_lost} times")
        jumps = self.far.value("face_predictor", "frame jump")
        if jumps:
            failures.append(f"features were lost on their way, {jumps} times")
        if len(samples) >= 4:
            # What is loaded on the first fault of each kind is no leak: the first round does not count.
            settled = memory[min(len(ROUND), len(memory) // 2) :]
            growth = float(settled[-1] - settled[0])
            print(f"memory {memory.max():.0f} MB at most, {growth:+.1f} MB since the first round")
            if growth > MAX_GROWTH_MB:
                failures.append(f"memory grew by {growth:.1f} MB")
            skews = np.array([s.face - s.sound for s in samples if s.phase in ("clean", "loss", "stop")])
            skews = skews[np.isfinite(skews)]
            half = len(skews) // 2
            drift = float(np.median(skews[half:]) - np.median(skews[:half])) if half else 0.0
            print(
                f"skew of face against sound {1e3 * np.median(skews):+.1f} ms, {1e3 * drift:+.1f} ms from half to half"
            )
            if abs(drift) > MAX_SKEW_GROWTH:
                failures.append(f"the skew grew by {1e3 * drift:.1f} ms")
        return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    with ExitStack() as stack:
        graph = stack.enter_context(Graph())
        server = stack.enter_context(sound_server())
        if server is None:
            print("no PulseAudio here: the loudspeaker is not tried")
        soak = Soak(graph, server, stack)
        if not graph.wait(lambda: soak.far.codes > 60, 60.0):
            print(soak.run.output)
            return 1
        soak.last(options.minutes)
        graph.wait(lambda: False, 1.5)  # the last diagnostics
        for name, counters in sorted(soak.far.counters.items()):
            print(f"{name}: {soak.far.messages[name]}")
            print("   " + ", ".join(f"{key} {value}" for key, value in counters.items()))
        print(f"operator: {soak.operator.sent} messages sent, {soak.operator.lost} lost on purpose")
        status = soak.run.end() if soak.run.popen.poll() is None else soak.run.popen.returncode
        failures = soak.judge()
        if status:
            failures.append(f"the graph ended with status {status}")
        print("\n".join(f"FAILED: {problem}" for problem in failures) or "held")
        return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
