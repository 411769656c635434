"""The launch files through launch itself, where it is installed: the graph up, a kill, a namespace, a clean end without orphans."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("launch", reason="launch comes with ROS from apt, not with the wheels")
pytest.importorskip("launch_ros", reason="launch_ros comes with ROS from apt, not with the wheels")

from tests.alone import alone
from tests.graph import Listener, Process, listening, process
from th_common.testing import Graph

ROOT = Path(__file__).resolve().parent.parent
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
arguments = [tuple(argument.split(":=", 1)) for argument in sys.argv[2:]]
service = LaunchService(noninteractive=True)
source = PythonLaunchDescriptionSource(sys.argv[1])
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)]))
sys.exit(service.run())
"""
CAPTURE = '''
#!{python}
"""What audio_capture publishes: a tone, its format again and again on a volatile topic."""
import math, struct
import rclpy
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from rclpy.node import Node

rclpy.init()
node = Node("audio_capture_node")
wanted = dict(format="mp3", sample_format="S16LE", bitrate=192, channels=1, depth=16, sample_rate=16000, dst="", src="", device="")
value = {{name: node.declare_parameter(name, default).value for name, default in wanted.items()}}
assert (value["format"], value["dst"]) == ("wave", "appsink")
rate, at = value["sample_rate"], 0
sound = node.create_publisher(AudioDataStamped, "audio_stamped", 10)
info = node.create_publisher(AudioInfo, "audio_info", 1)

def speak():
    global at
    n = rate // 50
    tone = [round(8000 * math.sin(2 * math.pi * 150 * (at + i) / rate)) for i in range(n)]
    at += n
    message = AudioDataStamped(audio=AudioData(data=struct.pack(f"<{{n}}h", *tone)))
    message.header.stamp = node.get_clock().now().to_msg()
    sound.publish(message)

told = AudioInfo(channels=1, sample_rate=rate, sample_format=value["sample_format"], coding_format=value["format"])
node.create_timer(0.02, speak)
node.create_timer(5.0, lambda: info.publish(told))
try:
    rclpy.spin(node)
except BaseException:
    pass
'''


@contextlib.contextmanager
def launched(file: str, *arguments: str) -> Iterator[tuple[Graph, Listener, Process]]:
    """A launch file in a ROS domain of its own, with a listener in it."""
    with listening() as (graph, listener), process("-c", RUN, str(ROOT / "launch" / file), *arguments) as run:
        yield graph, listener, run
        for pid in children(run.popen.pid):
            os.kill(pid, signal.SIGKILL)


def children(parent: int) -> dict[int, str]:
    """Processes below one, with their command lines."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "status").read_text().split("PPid:")[1].split()[0]) == parent:
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
    return found


def ended(pids: dict[int, str]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@alone
@pytest.mark.parametrize("composed", ["true", "false"])
def test_what_is_killed_comes_again_and_an_interrupt_ends_all(composed: str) -> None:
    killed = "face_graph" if composed == "true" else "face_predictor"
    with launched("face.launch.py", "loop:=true", "display:=none", f"composed:={composed}") as (graph, listener, run):
        assert graph.wait(lambda: len(listener.codes) > 60, 120.0), run.output
        victim = next(pid for pid, line in children(run.popen.pid).items() if f"/{killed}\0" in line)
        os.kill(victim, signal.SIGKILL)
        seen = len(listener.codes)
        assert graph.wait(lambda: len(listener.codes) > seen + 60, 120.0), run.output
        running = children(run.popen.pid)
        assert victim not in running
        assert len(running) == (1 if composed == "true" else 5)
        begin = time.monotonic()
        run.end(signal.SIGINT, timeout=30.0)  # launch itself turns to SIGTERM after 5 s and to SIGKILL after 10
        assert ended(running), "no orphans"
        print(f"ended within {time.monotonic() - begin:.1f} s")
        assert "Traceback" not in run.output


def test_arguments_reach_the_nodes_in_a_namespace() -> None:
    arguments = ("namespace:=robot1", "port:=0", "display:=web", "source:=topic", "model:=live", "lookahead:=2")
    with launched("face.launch.py", *arguments) as (graph, listener, run):
        wanted = [("face_renderer", "page"), ("face_predictor", "lookahead"), ("audio_source", "source")]
        assert graph.wait(lambda: all(listener.value(f"robot1/{n}", k) for n, k in wanted), 120.0), run.output
        page, lookahead, source = (listener.value(f"robot1/{n}", k) for n, k in wanted)
        assert not str(page).endswith(":8765/")
        assert (lookahead, source) == ("2", "topic")
        assert listener.value("robot1/face_predictor", "profile") == "live"


def test_capture_stands_in_front_of_the_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "share" / "ament_index" / "resource_index" / "packages" / "audio_capture"
    program = tmp_path / "lib" / "audio_capture" / "audio_capture_node"
    for path, text in ((marker, ""), (program, textwrap.dedent(CAPTURE).lstrip().format(python=sys.executable))):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")
    with launched("capture.launch.py", "sample_rate:=48000", "display:=none") as (graph, listener, run):
        assert graph.wait(lambda: len(listener.codes) > 60, 120.0), run.output
        assert listener.value("audio_features", "audio rate Hz") == "48000", "known before audio_info tells it"
        running = children(run.popen.pid)
        assert len(running) == 2
        run.end(signal.SIGINT, timeout=30.0)
        assert ended(running)


def test_capture_says_in_one_line_what_is_missing() -> None:
    with launched("capture.launch.py") as (_, _, run):
        assert run.finish() != 0
        lines = [line for line in run.output.splitlines() if "audio_capture is not installed: sudo apt install" in line]
        assert len(lines) == 1
        assert "process started" not in run.output
