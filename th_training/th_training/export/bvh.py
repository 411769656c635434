"""A jaw in BVH, for rigs that have bones and no blendshapes. Landmarks alone tell it, so every face model can."""

from __future__ import annotations

import numpy as np

CHIN, BRIDGE, EARS = 8, 27, (0, 16)  # of the 68 landmarks: chin, root of the nose, both ends of the jaw's line
REACH = 0.63
"""From the jaw's joint forward to the chin, in widths of the face: about 8.5 cm of 13.5 cm."""
WIDEST = np.radians(45.0)
CENTIMETRES = 13.5  # width of a face, cm


def jaw_angles(points: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Landmarks (T, 68, 2) and those at rest (68, 2) -> how far the jaw is open, (T,) rad, 0..WIDEST.

    The chin moves on an arc about the joint: seen from the front it goes down by sin(angle) times its reach, to first order.
    """
    width = float(np.linalg.norm(rest[EARS[1]] - rest[EARS[0]]))
    lower = points[:, CHIN, 1] - points[:, BRIDGE, 1] - (rest[CHIN, 1] - rest[BRIDGE, 1])
    return np.arcsin(np.clip(lower / (REACH * width), 0.0, np.sin(WIDEST)))


def jaw_bvh(angles: np.ndarray, fps: int) -> str:
    """Jaw angles (T,) in rad as BVH: a still Head with a Jaw that turns about x (positive opens), lengths in cm, y up, z forward."""
    lines = [
        "HIERARCHY",
        "ROOT Head",
        "{",
        "  OFFSET 0.000 0.000 0.000",
        "  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation",
        "  JOINT Jaw",
        "  {",
        "    OFFSET 0.000 -3.000 1.000",
        "    CHANNELS 3 Zrotation Xrotation Yrotation",
        "    End Site",
        "    {",
        f"      OFFSET 0.000 -6.000 {REACH * CENTIMETRES:.3f}",
        "    }",
        "  }",
        "}",
        "MOTION",
        f"Frames: {len(angles)}",
        f"Frame Time: {1 / fps:.8f}",
    ]
    still = "0.0000 " * 6
    lines += [f"{still}0.0000 {angle:.4f} 0.0000" for angle in np.degrees(angles)]
    return "\n".join(lines) + "\n"
