"""The talking face: a voice goes in, a speaking face comes out.

ros2 launch th_bringup face.launch.py source:=mic display:=window
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("th_bringup"))

YES_NO = ("true", "false")
SOUND = "of the sound on the topics, until audio_info says otherwise"

# argument, default, description, choices (none: anything); a default of "" leaves the value of the parameter file as it is
ARGUMENTS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("source", "", "example, a sound file, mic, or topic (an external publisher, for instance audio_capture)", ()),
    ("loop", "", "true: begin a file again when it ends", ("", *YES_NO)),
    (
        "display",
        "",
        "where the face is shown: web, window or none (image topics work with every one)",
        ("", "web", "window", "none"),
    ),
    ("port", "", "of the page; 0: any free one, which the log tells (two robots on one machine need two)", ()),
    (
        "model",
        "",
        "folder of the face model, or default (better motion) or live (shorter delay), which come with the package",
        (),
    ),
    ("lookahead", "", "right context of the predictor in frames of 1/60 s; empty: the model's own", ()),
    ("presentation_delay", "", "seconds from sound to face and playout; empty or -1.0: automatic", ()),
    ("voice", "", "a measured voice to hear with: a file, or the name of one that face/calibrate kept", ()),
    ("sample_rate", "", f"Hz, {SOUND}", ()),
    ("channels", "", SOUND, ()),
    ("sample_format", "", f"S16LE, F32LE and their kin, {SOUND}", ()),
    ("coding_format", "", f"wave or mp3, {SOUND}", ("", "wave", "mp3")),
    (
        "avatar",
        "",
        "also move an avatar: HOST:PORT of its program (VMC protocol), as 127.0.0.1:39539, or topics for the topics alone",
        (),
    ),
    ("composed", "true", "true: one process; false: one process per node", YES_NO),
    (
        "respawn",
        "true",
        "start what died again after half a second; who leaves by himself (the window's Escape) ends the launch",
        YES_NO,
    ),
    ("autostart", "true", "nodes configure and activate themselves; false: a lifecycle manager does", YES_NO),
    ("log_level", "info", "of every node", ("debug", "info", "warn", "error", "fatal")),
    ("use_sim_time", "false", "follow /clock instead of the system clock", YES_NO),
    (
        "deterministic",
        "",
        "true: for replays, codes follow from the stamped sound alone (replay.launch.py says so)",
        ("", *YES_NO),
    ),
    ("namespace", "", "put the whole graph into this namespace, for instance robot1", ()),
    ("params_file", str(SHARE / "config" / "face.yaml"), "parameters of all nodes", ()),
)

INTAKE = ("sample_rate", "channels", "sample_format", "coding_format")
# package, executable (also the node's name), launch arguments that set one of its parameters
NODES = (
    ("th_face_renderer", "face_renderer", ("display", "port", "model", *INTAKE)),
    ("th_audio_io", "audio_playout", INTAKE),
    ("th_face_predictor", "face_predictor", ("model", "lookahead", "presentation_delay", "voice", "deterministic")),
    ("th_audio_features", "audio_features", ("model", "deterministic", *INTAKE)),
    ("th_audio_io", "audio_source", ("source", "loop")),
    ("th_face_renderer", "avatar_bridge", ("model", "vmc")),
)
OPTIONAL = {"avatar_bridge": "avatar"}
"""Nodes that run only where a launch argument asks for them."""
RESPAWN_DELAY = 0.5  # s
CONVERT: dict[str, Callable[[str], object]] = {
    "port": int,
    "lookahead": int,
    "sample_rate": int,
    "channels": int,
    "presentation_delay": float,
    "loop": lambda text: text == "true",
    "deterministic": lambda text: text == "true",
}


def nodes(context: LaunchContext) -> list[Node]:
    """The actions for the arguments that were given."""
    value = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    value["vmc"] = "" if value["avatar"] == "topics" else value["avatar"]
    wanted = [entry for entry in NODES if value.get(OPTIONAL.get(entry[1], ""), "yes")]
    common = {
        "namespace": value["namespace"],
        "output": "screen",
        "arguments": ["--ros-args", "--log-level", value["log_level"]],
        # Idle BLAS threads spin: one per node is enough.
        "additional_env": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    }
    shared = {"use_sim_time": value["use_sim_time"] == "true", "autostart": value["autostart"] == "true"}

    def own(names: tuple[str, ...]) -> dict[str, object]:
        return {name: _convert(name, value[name]) for name in names if value[name]}

    again = {"respawn": value["respawn"] == "true", "respawn_delay": RESPAWN_DELAY, "on_exit": _left}
    if value["composed"] == "true":
        overrides = [
            item
            for _, node, names in wanted
            for name, given in {**shared, **own(names)}.items()
            for item in ("-p", f"{node}:{name}:={_yaml(given)}")
        ]
        arguments = ["--params-file", value["params_file"], "--log-level", value["log_level"]]
        arguments += ["--avatar", value["avatar"]] if value["avatar"] else []
        return [
            Node(
                package="th_bringup",
                executable="face_graph",
                namespace=value["namespace"],
                output="screen",
                arguments=[*arguments, "--ros-args", *overrides],
                **again,
            )
        ]
    return [
        Node(
            package=package,
            executable=name,
            name=name,
            parameters=[value["params_file"], {**shared, **own(names)}],
            **again,
            **common,
        )
        for package, name, names in wanted
    ]


def _convert(name: str, text: str) -> object:
    try:
        return CONVERT.get(name, str)(text)
    except ValueError:
        raise ValueError(f"{name}:={text} is not a number") from None


def _left(event: Any, context: LaunchContext) -> list[Any] | None:
    """A process that ended well was asked to: everything ends. One that was killed or crashed comes again (respawn)."""
    from launch.actions import Shutdown

    return [Shutdown(reason=f"{event.process_name} was left")] if event.returncode == 0 else None


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def generate_launch_description() -> LaunchDescription:
    """All arguments with their descriptions (`ros2 launch th_bringup face.launch.py --show-args`), then the nodes."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description, choices=list(choices) or None)
        for name, default, description, choices in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=nodes)])
