"""The parameters of avatar_bridge."""

from __future__ import annotations

from th_common.default_model import MODEL_PARAMETER
from th_common.parameters import Parameter
from th_face_renderer.avatar.link import parse_address
from th_face_renderer.avatar.vmc import DIALECTS
from th_face_renderer.node_parameters import LIFE_PARAMETERS

PARAMETERS = (
    MODEL_PARAMETER,
    Parameter(
        name="vmc",
        default="",
        description="address of an avatar program that the VMC protocol is sent to, as 127.0.0.1:39539; empty: none. Another machine's "
        "lets whoever is on the way see the face's motion",
        check=lambda text: parse_address(text) if text else None,
        read_only=True,
    ),
    Parameter(
        name="vmc_names",
        default="perfect_sync",
        description="what expressions are called there: perfect_sync (the 52 as VRM avatars name them), arkit (as Apple does), "
        "vrm0 or vrm1 (VRM's presets: five vowels, blink, looks)",
        choices=tuple(DIALECTS),
        read_only=True,
    ),
    Parameter(
        name="vmc_rate",
        default=60.0,
        description="frames per second for the avatar program, at the times of codes where there are any",
        unit="Hz",
        minimum=1.0,
        maximum=120.0,
        read_only=True,
    ),
    Parameter(
        name="vmc_lead",
        default=0.0,
        description="how long before its time a frame leaves, for what the avatar program takes to show it; less than codes come early",
        unit="s",
        minimum=0.0,
        maximum=1.0,
        read_only=True,
    ),
    *LIFE_PARAMETERS,
)
