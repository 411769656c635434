"""The parameters of face_renderer, besides those of the intake of sound, and the thresholds of its warnings."""

from __future__ import annotations

from th_common.default_model import MODEL_PARAMETER
from th_common.parameters import Parameter
from th_common.thresholds import Threshold
from th_face_renderer.background import read_background

LIFE_PARAMETERS = (
    Parameter(
        name="idle_life",
        default=True,
        description="whether the face blinks, looks about, breathes and attends by itself; speech always wins on lips and jaw",
    ),
    Parameter(
        name="idle_seed",
        default=0,
        description="of all that is random in it: the same seed does the same at the same time",
        minimum=0,
        maximum=2**31 - 1,
    ),
    Parameter(
        name="idle_motion",
        default=1.0,
        description="how much gaze, breath and attention move; blinks stay as they are",
        minimum=0.0,
        maximum=1.0,
    ),
    Parameter(
        name="look_at_frame",
        default="",
        description="the frame that points on face/look_at must be in: x to the face's own right, y down, z out of the screen; "
        "empty: whatever they say, they are",
    ),
)
"""Of whoever makes a face alive: what it does by itself, and whom it looks at."""

PARAMETERS = (
    MODEL_PARAMETER,
    Parameter(
        name="display",
        default="web",
        description="where the face is shown, read at configure; image topics work with every choice",
        choices=("web", "window", "none"),
    ),
    Parameter(
        name="height",
        default=512,
        description="height of the picture",
        unit="px",
        minimum=16,
        maximum=4096,
        read_only=True,
    ),
    Parameter(
        name="width",
        default=512,
        description="width of the picture",
        unit="px",
        minimum=16,
        maximum=4096,
        read_only=True,
    ),
    Parameter(
        name="rate",
        default=60.0,
        description="pictures per second",
        unit="Hz",
        minimum=1.0,
        maximum=240.0,
        read_only=True,
    ),
    Parameter(
        name="background",
        default="#000000",
        description="what is around a portrait that does not fill the picture: a colour as #rrggbb, or the path of a picture",
        check=read_background,
    ),
    Parameter(
        name="jpeg_quality",
        default=85,
        description="quality of the pictures for pages that do not draw the face themselves, and of face/image/compressed",
        minimum=1,
        maximum=100,
    ),
    *LIFE_PARAMETERS,
    Parameter(name="frame_id", default="", description="header.frame_id of the image topics", read_only=True),
    Parameter(
        name="host",
        default="127.0.0.1",
        description="address that the page is served at; 0.0.0.0 lets other machines see and hear it",
        read_only=True,
    ),
    Parameter(
        name="port",
        default=8765,
        description="port of the page; 0: any free one",
        minimum=0,
        maximum=65535,
        read_only=True,
    ),
    Parameter(
        name="token_file",
        default="",
        description="file with the token that browsers must show to see, hear and operate the page (chmod 600); empty: none",
        read_only=True,
    ),
    Parameter(
        name="page_lead",
        default=0.03,
        description="how long before its time a code or a picture is sent to the page",
        unit="s",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        name="page_buffer",
        default=0.1,
        description="what the page adds to every presentation time, to wait for the network",
        unit="s",
        minimum=0.0,
        maximum=2.0,
        read_only=True,
    ),
    Parameter(
        name="window_lead",
        default=0.0,
        description="time from handing a picture to the window until it is seen",
        unit="s",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    Parameter(
        name="window_monitor",
        default=0,
        description="monitor that the window fills",
        minimum=0,
        maximum=15,
        read_only=True,
    ),
)

THRESHOLDS = (
    # The ear and eye notice 45 ms of sound ahead of the picture, 125 ms of sound behind it (ITU-R BT.1359-1).
    Threshold(name="warn_skew", key="skew ms p95", default=45.0, maximum=10_000.0, unit="ms"),
    Threshold(name="warn_render", key="render ms p95", default=16.0, maximum=10_000.0, unit="ms"),
    Threshold(name="warn_missed", key="missed ticks per s", default=10.0, maximum=1000.0, unit="1/s"),
    Threshold(name="warn_late", key="late codes %", default=5.0, maximum=100.0, unit="%"),
)
