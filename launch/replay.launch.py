"""Play a bag's sound through the graph: the same codes at any pace.

ros2 launch th_bringup replay.launch.py bag:=recording rate:=0.0 display:=none record:=again
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("th_bringup"))

# argument, default, description
ARGUMENTS = (
    ("bag", "", "the bag to play, sqlite3 or mcap: of ros2 bag, make record, or any robot with audio_common"),
    ("topic", "", "the sound to play (AudioData or AudioDataStamped); empty: the only one in the bag"),
    ("rate", "1.0", "pace; 0.0: as fast as the graph follows"),
    ("start", "0.0", "s into the sound"),
    ("duration", "0.0", "s to play; 0.0: to the end"),
    ("loop", "false", "begin again at the end"),
    ("paused", "false", "wait for `ros2 param set /replay paused false`"),
    ("use_sim_time", "false", "publish the recording's time on /clock, and let the graph follow it"),
    ("record", "", "record what the graph says into this new bag"),
    ("display", "web", "where the face is shown: web, window or none"),
    ("model", "", "folder of the face model, or default or live"),
    ("composed", "true", "true: the graph in one process; false: one process per node"),
    ("log_level", "info", "debug, info, warn, error or fatal"),
    ("namespace", "", "put the whole graph into this namespace"),
    ("params_file", str(SHARE / "config" / "face.yaml"), "parameters of all nodes"),
)
GRAPH = ("use_sim_time", "display", "model", "composed", "log_level", "namespace", "params_file")
"""Arguments that are handed on to face.launch.py."""
TEXTS, NUMBERS, SWITCHES = ("bag", "topic"), ("rate", "start", "duration"), ("loop", "paused")


def actions(context: LaunchContext) -> list[object]:
    """The graph without a source of its own, the replay, and a recorder if asked for; the end of the bag ends the launch."""
    value = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    face = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "face.launch.py")),
        launch_arguments={
            **{name: value[name] for name in GRAPH},
            "source": "topic",
            "deterministic": "true",
            "respawn": "false",
        }.items(),
    )
    common = {
        "package": "th_bringup",
        "namespace": value["namespace"],
        "output": "screen",
        "ros_arguments": ["--log-level", value["log_level"]],
    }
    parameters = {
        **{name: value[name] for name in TEXTS},
        **{name: float(value[name]) for name in NUMBERS},
        **{name: value[name] == "true" for name in SWITCHES},
        "clock": value["use_sim_time"] == "true",
        "recorded": bool(value["record"]),
    }
    replay = Node(executable="replay", name="replay", parameters=[parameters], on_exit=Shutdown(), **common)
    recorders = [
        Node(executable="record", name="record", parameters=[{"bag": value["record"]}], **common)
        for _ in (value["record"],)
        if value["record"]
    ]
    return [face, *recorders, replay]


def generate_launch_description() -> LaunchDescription:
    """All arguments with their descriptions (`--show-args`), then what they ask for."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, default, description in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=actions)])
