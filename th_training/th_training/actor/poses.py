"""What the actor's face does for each viseme and each of the seven emotions (SAVEE's), as poses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from th_common.errors import InputError

from .units import Pose, pair

if TYPE_CHECKING:
    from .render import Actor

VISEMES: dict[str, Pose] = {
    "sil": {},
    "MM": pair(mouthPress=0.30, mouthRollLower=0.20, mouthRollUpper=0.16),
    "FF": pair(jawOpen=0.17, mouthRollLower=0.62, mouthUpperUp=0.26),
    "TH": pair(jawOpen=0.17, mouthLowerDown=0.22, mouthUpperUp=0.08, tongueUp=0.72, tongueOut=0.42),
    "LL": pair(jawOpen=0.24, mouthLowerDown=0.18, mouthUpperUp=0.05, tongueUp=0.62, tongueOut=0.30),
    "DD": pair(jawOpen=0.13, mouthLowerDown=0.22, mouthUpperUp=0.06, tongueUp=0.75, tongueOut=0.15),
    "SS": pair(jawOpen=0.05, mouthStretch=0.18, mouthLowerDown=0.32, mouthUpperUp=0.10),
    "CH": pair(jawOpen=0.09, mouthSmile=-0.15, mouthFunnel=0.42, mouthPucker=0.40, mouthLowerDown=0.10),
    "KK": pair(jawOpen=0.17, mouthLowerDown=0.12),
    "RR": pair(jawOpen=0.13, mouthSmile=-0.15, mouthPucker=0.50, mouthFunnel=0.22),
    "WW": pair(jawOpen=0.13, mouthSmile=-0.3, mouthPucker=1.15, mouthFunnel=0.10, mouthStretch=-0.3, mouthUpperUp=-0.20),
    "AA": pair(jawOpen=0.48, mouthLowerDown=0.18, mouthUpperUp=0.08),
    "AE": pair(jawOpen=0.40, mouthStretch=0.15, mouthLowerDown=0.25, mouthUpperUp=0.10),
    "EH": pair(jawOpen=0.28, mouthStretch=0.15, mouthLowerDown=0.22, mouthUpperUp=0.08),
    "AH": pair(jawOpen=0.24, mouthLowerDown=0.15, mouthUpperUp=0.05),
    "EE": pair(jawOpen=0.10, mouthStretch=0.25, mouthSmile=0.22, mouthLowerDown=0.28, mouthUpperUp=0.08),
    "IH": pair(jawOpen=0.16, mouthStretch=0.16, mouthSmile=0.10, mouthLowerDown=0.22, mouthUpperUp=0.06),
    "OH": pair(jawOpen=0.42, mouthSmile=-0.3, mouthPucker=0.70, mouthStretch=-0.3, mouthFunnel=0.18, mouthUpperUp=-0.12),
    "OO": pair(jawOpen=0.22, mouthSmile=-0.3, mouthPucker=1.0, mouthStretch=-0.4, mouthFunnel=0.16, mouthShrugLower=0.1,
               mouthUpperUp=-0.18),
}  # fmt: skip
"""Pose by viseme, drawn as if held; speech blends them (animate.py)."""

EMOTIONS: dict[str, Pose] = {
    "anger": pair(browDown=1.25, browInnerUp=-0.35, browOuterUp=0.20, eyeSquint=0.45, eyeWide=0.35,
                  noseSneer=0.50, mouthFrown=0.50, mouthPress=0.45, mouthSmile=-0.35,
                  mouthRollLower=0.15),
    "disgust": pair(noseSneer=1.5, browDown=0.38, eyeSquint=0.70, cheekSquint=0.50,
                    mouthUpperUp=0.70, mouthFrown=0.50, mouthShrugLower=0.40, mouthSmile=-0.30),
    "fear": pair(browInnerUp=1.1, browOuterUp=0.15, browDown=0.15, eyeWide=1.0, mouthStretch=0.55,
                 mouthFrown=0.25, jawOpen=0.08, mouthSmile=-0.25),
    "happiness": pair(mouthSmile=0.56, cheekSquint=0.45, eyeSquint=0.20, browInnerUp=0.45, browOuterUp=0.22,
                      mouthUpperUp=0.24, mouthLowerDown=0.40, jawOpen=0.09, mouthStretch=0.10),
    "neutral": {},
    "sadness": pair(browInnerUp=1.1, browOuterUp=-0.45, browDown=0.10, mouthFrown=0.75,
                    mouthShrugLower=0.35, mouthSmile=-0.35, eyeBlink=0.16, eyeLookDown=0.15),
    "surprise": pair(browInnerUp=1.0, browOuterUp=1.1, eyeWide=1.0, jawOpen=0.40, mouthFunnel=0.30,
                     mouthPucker=0.25, mouthSmile=-0.35),
}  # fmt: skip
"""Pose by emotion, at full intensity, not speaking."""


def viseme(name: str) -> Pose:
    """The pose of a viseme; InputError names one that does not exist."""
    if name not in VISEMES:
        raise InputError(f"there is no viseme '{name}' (there are {', '.join(VISEMES)})")
    return VISEMES[name]


def emotion(name: str) -> Pose:
    """The pose of an emotion; InputError names one that does not exist."""
    if name not in EMOTIONS:
        raise InputError(f"there is no emotion '{name}' (there are {', '.join(EMOTIONS)})")
    return EMOTIONS[name]


def pose_sheet(actor: Actor, path: str | Path, *, tile: int = 256, columns: int = 7) -> None:
    """Write a picture (PNG, JPEG) of the actor in every emotion, every viseme and a blink, to look at.

    Raises InputError where the file cannot be written.
    """
    poses = {**EMOTIONS, **VISEMES, "blink": pair(eyeBlink=1.0)}
    tiles = []
    for name, pose in poses.items():
        picture = cv2.resize(actor.render(pose), (tile, tile), interpolation=cv2.INTER_AREA)
        cv2.putText(picture, name, (6, 18), 0, 0.55, (60, 40, 30), 1, cv2.LINE_AA)
        tiles.append(picture)
    while len(tiles) % columns:
        tiles.append(np.full_like(tiles[0], 255))
    rows = [np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)]
    if not cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 80]):
        raise InputError(f"cannot write the pose sheet {path}")
