"""Pictures of a face model to look at: its modes, and faces beside what the model makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel
from th_training.tiles import Image, grid, label, shrink

STEPS = (-2.0, 0.0, 2.0)


def mode_sheet(model: FaceModel, *, tile: int = 200, columns: int = 4) -> Image:
    """Every mode at -2, 0, +2 sd, all others at 0: shape modes p first, then appearance modes lambda."""
    decoder = FaceDecoder(model)
    shape, appearance = model.dimensions
    strips = []
    for mode in range(shape + appearance):
        name = f"p{mode + 1}" if mode < shape else f"lambda{mode - shape + 1}"
        faces = []
        for step in STEPS:
            code = np.zeros(shape + appearance, np.float32)
            code[mode] = step
            faces.append(label(shrink(crop(decoder.render(code), model), tile), f"{name} {step:+.0f} sd"))
        strips.append(np.hstack(faces))
    return grid(strips, columns)


def pair_sheet(
    model: FaceModel,
    originals: Sequence[Image],
    drawn: Sequence[Image],
    names: Sequence[str],
    *,
    tile: int = 240,
    columns: int = 7,
) -> Image:
    """Originals (above) and what the model draws of them (below)."""
    pairs = [
        np.vstack([label(shrink(crop(a, model), tile), name), shrink(crop(b, model), tile)])
        for a, b, name in zip(originals, drawn, names, strict=True)
    ]
    return grid(pairs, columns)


def crop(image: Image, model: FaceModel) -> Image:
    """The square around the face of a picture of the model's canvas."""
    return around(image, model.shape_mean[:68])


def around(image: Image, points: np.ndarray) -> Image:
    """The square around a face of landmarks (68, 2) px, as far as the picture goes."""
    centre, half = (points.min(0) + points.max(0)) / 2, 0.72 * np.ptp(points[:, 1])
    x0, y0 = np.maximum(np.round(centre - half), 0).astype(int)
    x1, y1 = np.minimum(np.round(centre + half), [image.shape[1], image.shape[0]]).astype(int)
    return image[y0:y1, x0:x1]
