"""The parameters of the nodes that hear, play and make sound."""

from __future__ import annotations

from th_audio_io.formats import MAX_CHANNELS, MAX_RATE, MIN_RATE
from th_common.parameters import Parameter
from th_common.thresholds import Threshold, threshold_parameters

MAX_DELAY = 10.0  # s, longest presentation delay

SOURCE_THRESHOLDS = (Threshold(name="warn_late", key="late ms", default=100.0, maximum=60_000.0, unit="ms"),)
PLAYOUT_THRESHOLDS = (
    Threshold(name="warn_late", key="late pieces per s", default=1.0, maximum=1000.0, unit="1/s"),
    Threshold(
        name="warn_buffer", key="buffer depth ms", default=0.0, minimum=-1000.0, maximum=1000.0, unit="ms", below=True
    ),
)

INTAKE_PARAMETERS = (
    Parameter(
        name="sample_rate",
        default=16_000,
        description="rate of the sound on the topics until audio_info says otherwise",
        unit="Hz",
        minimum=MIN_RATE,
        maximum=MAX_RATE,
        read_only=True,
    ),
    Parameter(
        name="channels",
        default=1,
        description="channels of the sound on the topics until audio_info says otherwise",
        minimum=1,
        maximum=MAX_CHANNELS,
        read_only=True,
    ),
    Parameter(
        name="sample_format",
        default="S16LE",
        description="sample format until audio_info says otherwise: U8, S16LE, S24LE, S32LE, F32LE and their kin",
        read_only=True,
    ),
    Parameter(
        name="coding_format",
        default="wave",
        description="coding until audio_info says otherwise: wave or mp3",
        read_only=True,
    ),
    Parameter(
        name="input",
        default="auto",
        description="which topic to hear: stamped wins where both come (auto)",
        choices=("auto", "stamped", "unstamped"),
        read_only=True,
    ),
    Parameter(
        name="max_gap",
        default=0.25,
        description="longest gap in the sound that is filled with silence; a longer one begins a new stream",
        unit="s",
        minimum=0.0,
        maximum=5.0,
        read_only=True,
    ),
)
"""What a node that hears the sound adds to its parameter table."""

SOURCE_PARAMETERS = (
    Parameter(
        name="source",
        default="example",
        description='"example", the path of a sound or video file, "mic", or "topic" (somebody else publishes, or nobody)',
        read_only=True,
    ),
    Parameter(
        name="device",
        default="",
        description='microphone: index or part of the name, "" for the system\'s own',
        read_only=True,
    ),
    Parameter(
        name="sample_rate",
        default=16_000,
        description="rate of the microphone; a file keeps its own",
        unit="Hz",
        minimum=MIN_RATE,
        maximum=MAX_RATE,
        read_only=True,
    ),
    Parameter(
        name="channels",
        default=1,
        description="channels of the microphone; a file keeps its own",
        minimum=1,
        maximum=MAX_CHANNELS,
        read_only=True,
    ),
    Parameter(
        name="chunk",
        default=0.016,
        description="sound in one message",
        unit="s",
        minimum=0.002,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(name="loop", default=True, description="begin a file again when it ends"),
    Parameter(
        name="pause",
        default=1.0,
        description="silence between two rounds of a file, and behind its end (there at least 1 s)",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    ),
    Parameter(
        name="wait",
        default=5.0,
        description="a file waits so long for somebody to listen, then starts anyway; speech is refused then",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
        read_only=True,
    ),
    *threshold_parameters(SOURCE_THRESHOLDS),
    Parameter(
        name="speak_folder",
        default="",
        description="the action speak reads files only in this folder and below; empty: whatever this process may read",
        read_only=True,
    ),
    Parameter(
        name="speak_longest",
        default=300.0,
        description="longest speech that the action speak takes",
        unit="s",
        minimum=1.0,
        maximum=600.0,
    ),
)

PLAYOUT_PARAMETERS = (
    *INTAKE_PARAMETERS,
    Parameter(
        name="presentation_delay",
        default=0.25,
        description="from capture to ear, until the first facial code says what it is",
        unit="s",
        minimum=0.0,
        maximum=MAX_DELAY,
    ),
    Parameter(
        name="loudspeaker",
        default=False,
        description="play the sound on this machine (the page in the browser plays it, too)",
        read_only=True,
    ),
    Parameter(
        name="device",
        default="",
        description='loudspeaker: index or part of the name, "" for the system\'s own',
        read_only=True,
    ),
    Parameter(
        name="loudspeaker_latency",
        default=-1.0,
        description="from the device's callback to the ear; -1 asks the device",
        unit="s",
        minimum=0.0,
        maximum=2.0,
        special=(-1.0,),
        read_only=True,
    ),
    *threshold_parameters(PLAYOUT_THRESHOLDS),
)
