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
    "MM": pair(mouthPress=0.30, mouthRollLower=0.22, mouthRollUpper=0.18),
    "FF": pair(jawOpen=0.05, mouthRollLower=0.60, mouthUpperUp=0.22),
    "TH": pair(jawOpen=0.08, mouthLowerDown=0.20, mouthUpperUp=0.05, tongueUp=0.35, tongueOut=0.42),
    "LL": pair(jawOpen=0.20, mouthLowerDown=0.20, mouthUpperUp=0.05, tongueUp=0.40, tongueOut=0.15),
    "DD": pair(jawOpen=0.16, mouthLowerDown=0.28, mouthUpperUp=0.12, tongueUp=0.7),
    "SS": pair(jawOpen=0.07, mouthStretch=0.18, mouthLowerDown=0.42, mouthUpperUp=0.16),
    "CH": pair(jawOpen=0.10, mouthSmile=-0.15, mouthFunnel=0.50, mouthPucker=0.22, mouthLowerDown=0.18),
    "KK": pair(jawOpen=0.20, mouthLowerDown=0.20),
    "RR": pair(jawOpen=0.08, mouthSmile=-0.15, mouthPucker=0.36, mouthFunnel=0.16),
    "WW": pair(jawOpen=0.13, mouthSmile=-0.3, mouthPucker=1.0, mouthStretch=-0.3, mouthUpperUp=-0.25),
    "AA": pair(jawOpen=0.30, mouthLowerDown=0.18, mouthUpperUp=0.08),
    "AE": pair(jawOpen=0.27, mouthStretch=0.15, mouthLowerDown=0.25, mouthUpperUp=0.10),
    "EH": pair(jawOpen=0.24, mouthStretch=0.15, mouthLowerDown=0.22, mouthUpperUp=0.08),
    "AH": pair(jawOpen=0.18, mouthLowerDown=0.15, mouthUpperUp=0.05),
    "EE": pair(jawOpen=0.15, mouthStretch=0.25, mouthSmile=0.22, mouthLowerDown=0.36, mouthUpperUp=0.16),
    "IH": pair(jawOpen=0.18, mouthStretch=0.16, mouthSmile=0.10, mouthLowerDown=0.26, mouthUpperUp=0.10),
    "OH": pair(
        jawOpen=0.19, mouthSmile=-0.3, mouthPucker=0.60, mouthStretch=-0.3, mouthFunnel=0.15, mouthUpperUp=-0.15
    ),
    "OO": pair(
        jawOpen=0.19, mouthSmile=-0.3, mouthPucker=1.0, mouthStretch=-0.4, mouthShrugLower=0.2, mouthUpperUp=-0.3
    ),
}
"""Pose by viseme; speech blends them (animate.py).

How far the lips part is what the lips of VocalTractLab's speaker JD3 do (Birkholz, 2013; magnetic resonance images of one man), a
little more on open vowels, so that they are told apart: 8 to 12 mm on all unrounded vowels and on sh, 2 to 7 mm on rounded ones, 5 mm on
s, z and th; the jaw tells open vowels from close ones more than the lips do.
"""

BREATH: Pose = pair(jawOpen=0.12)
"""Lips parted for the breath before speech."""

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
