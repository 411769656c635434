"""Where the face model is that comes with the packages."""

from __future__ import annotations

import os
from pathlib import Path

from th_common.errors import ModelError
from th_common.model_folder import CARD
from th_common.parameters import Parameter

MODEL_PARAMETER = Parameter(
    name="model",
    default="",
    description="folder of the face model, read at configure; empty: the default that comes with th_bringup",
)
"""Predictor and renderer take the same."""


def default_model_folder() -> Path:
    """The folder of the default face: `models/default` of the source tree that this runs from, else th_bringup's share folder.

    Raises:
        ModelError: there is none; the text says where it was looked for.
    """
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    places = [Path(__file__).resolve().parents[2] / "models" / "default"]
    places += [Path(p) / "share" / "th_bringup" / "models" / "default" for p in prefixes]
    for place in places:
        if (place / CARD).is_file():
            return place
    raise ModelError(
        f"no default face model in {', '.join(map(str, places))}: build th_bringup, or set the parameter model"
    )
