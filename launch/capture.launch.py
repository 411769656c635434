"""The talking face behind audio_capture of audio_common: the microphone is GStreamer's.

ros2 launch th_bringup capture.launch.py device:=hw:1,0 display:=window       (all arguments of face.launch.py but source)
"""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

FACE = Path(get_package_share_directory("th_bringup")) / "launch" / "face.launch.py"
PACKAGE, EXECUTABLE = "audio_capture", "audio_capture_node"
RESPAWN_DELAY = 2.0  # s: a microphone that was unplugged takes a while to come back

# argument, default, description, choices (none: anything)
ARGUMENTS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("src", "alsasrc", "GStreamer element that makes the sound: alsasrc, pulsesrc, audiotestsrc, ...", ()),
    ("device", "", "microphone as that element names it, for instance hw:1,0 (arecord -l); empty: its own choice", ()),
    ("coding_format", "wave", "what travels: wave, or mp3 (less to send, a little later)", ("wave", "mp3")),
    ("bitrate", "128", "kbit/s of mp3", ()),
    ("sample_rate", "16000", "Hz", ()),
    ("channels", "1", "of the microphone", ()),
    ("sample_format", "S16LE", "S16LE or S32LE", ("S16LE", "S32LE")),
)


def capture(context: LaunchContext) -> list[Node]:
    """The action that starts audio_capture.

    Raises:
        RuntimeError: it is not installed; the text says how to.
    """
    value = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    try:
        get_package_prefix(PACKAGE)
    except PackageNotFoundError:
        raise RuntimeError(
            f"the package {PACKAGE} is not installed: sudo apt install ros-$ROS_DISTRO-audio-capture, "
            "or face.launch.py source:=mic, which needs no other package"
        ) from None
    names = ("bitrate", "sample_rate", "channels")
    parameters = {
        "dst": "appsink",
        "src": value["src"],
        "device": value["device"],
        "format": value["coding_format"],
        "sample_format": value["sample_format"],
        "depth": int(value["sample_format"][1:3]),
        **{name: int(value[name]) for name in names},
    }
    return [
        Node(
            package=PACKAGE,
            executable=EXECUTABLE,
            name=PACKAGE,
            namespace=LaunchConfiguration("namespace", default="").perform(context),
            parameters=[parameters],
            output="screen",
            respawn=LaunchConfiguration("respawn", default="true").perform(context) == "true",
            respawn_delay=RESPAWN_DELAY,
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Who speaks, or why nobody can, then the face; what the sound is like both know from the same arguments."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description, choices=list(choices) or None)
        for name, default, description, choices in ARGUMENTS
    ]
    face = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(FACE)), launch_arguments=[("source", "topic")])
    return LaunchDescription([*declared, OpaqueFunction(function=capture), face])
