"""Where the face models are that come with the packages."""

from __future__ import annotations

import os
from pathlib import Path

from th_common.errors import ModelError
from th_common.model_folder import CARD
from th_common.parameters import Parameter

DEFAULT, LIVE, DRAWN = "default", "live", "drawn"
"""Their names: the same face, once with the better motion and once with the shorter delay; a robot of flat shapes."""

MODEL_PARAMETER = Parameter(
    name="model",
    default="",
    description=f"folder of the face model, or the name of one that comes with th_bringup ({DEFAULT}, {LIVE}, {DRAWN}); read at configure",
)
"""Predictor and renderer take the same; empty: the default."""


def find_model(name: str | os.PathLike[str] = "") -> Path:
    """The folder that a user means: a folder that exists, or the name of a model that comes with th_bringup; empty: the default.

    Raises:
        ModelError: neither; the text says where it was looked for.
    """
    text = os.fspath(name)
    if Path(text or DEFAULT).name != (text or DEFAULT) or (text and Path(text).is_dir()):
        return Path(text)
    return shipped_model(text or DEFAULT)


def default_model_folder() -> Path:
    """The folder of the default face. Raises ModelError where there is none."""
    return shipped_model(DEFAULT)


def shipped_model(name: str) -> Path:
    """The folder of a face model by name: `models/NAME` of the source tree that this runs from, else of th_bringup's share folder.

    Raises:
        ModelError: there is none; the text says where it was looked for.
    """
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    places = [Path(__file__).resolve().parents[2] / "models" / name]
    places += [Path(p) / "share" / "th_bringup" / "models" / name for p in prefixes]
    for place in places:
        if (place / CARD).is_file():
            return place
    raise ModelError(
        f"no face model {name!r} in {', '.join(map(str, places))}: build th_bringup, or set the parameter model to a folder"
    )
