"""From pictures with 68 landmarks to a FaceModel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import CODE_LIMIT, FaceModel
from th_training.aam.appearance import Samples, fit_appearance
from th_training.aam.frame import TextureFrame
from th_training.aam.portrait import portrait as make_portrait
from th_training.aam.rest import calm_frames
from th_training.aam.shape import align as align_shapes
from th_training.aam.shape import fit_shape
from th_training.aam.support import make_mesh
from th_training.aam.surroundings import face_share
from th_training.aam.texels import Layout
from th_training.aam.triangulation import folded
from th_training.landmarks.measures import as_landmarks
from th_training.landmarks.pose import move

PAPER_EXPLAINED = {"shape": 0.980, "appearance": 0.799}
"""What 8 + 8 modes explained in the paper (section 3.2), of a real face's variance."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A face model with the codes (N, 16) of its training frames, the frame at rest, and figures about it (JSON-able)."""

    model: FaceModel
    codes: np.ndarray
    rest: int
    figures: dict[str, float]


def build_face(
    images: Iterable[np.ndarray],
    landmarks: np.ndarray,
    *,
    shape_modes: int = 8,
    appearance_modes: int = 8,
    texture_size: int | None = None,
    rest: int | None = None,
    align: bool = False,
    portrait: int | None = None,
) -> Built:
    """Build the face model of one person.

    Args:
        images: N portraits uint8 BGR of one size, in the order of the landmarks; read once, one at a time.
        landmarks: (N, 68, 2) px, iBUG order.
        texture_size: longer side of the texture, px; None: that of the portraits.
        rest: the frame whose code is the face at rest; None: one with lips closed and eyes open is found.
        align: take the head's pose out first (video of a person; a drawn actor's head is still).
        portrait: with `align`, cut a square of this many px around the face; None: the whole picture.

    Raises InputError naming the frame that does not fit, and for too few frames.
    """
    points = as_landmarks(landmarks)
    if points.ndim != 3 or not np.isfinite(points).all():
        raise InputError("landmarks must be (frames, 68, 2) finite numbers")
    if rest is not None and not 0 <= rest < len(points):
        raise InputError(f"the frame at rest is {rest}, but there are {len(points)} frames")
    pictures = iter(images)
    first = next(pictures, None)
    if first is None:
        raise InputError("a face model needs pictures, there are none")
    canvas = (int(first.shape[0]), int(first.shape[1]))
    maps = None
    if align:
        points, maps = align_shapes(points)
        if portrait is not None:
            place = make_portrait(points, maps, canvas, portrait)
            points, maps = move(points, place), np.stack([_after(one, place) for one in maps])
            canvas = (portrait, portrait)
    shape = fit_shape(points, modes=shape_modes)
    mesh = make_mesh(points, canvas)
    scale = (texture_size or max(canvas)) / max(canvas)
    size = (round(canvas[0] * scale), round(canvas[1] * scale))
    frame = TextureFrame((mesh.reference + 0.5) * scale - 0.5, mesh.triangles, size)
    layout = Layout.of(frame)

    meshed = mesh.points(points)
    calm = [rest] if rest is not None else calm_frames(points, shape.codes)
    whole: dict[int, np.ndarray] = {}
    textures = np.empty((len(points), len(layout.rows), 3), np.uint8)
    average = np.zeros((*size, 3))
    count = 0
    for count, image in enumerate(_chain(first, pictures), 1):
        if count > len(points) or image.shape != first.shape:
            raise InputError(f"picture {count}: {image.shape} for {len(points)} landmarks of {first.shape} pictures")
        if maps is not None:
            image = cv2.warpAffine(
                image, maps[count - 1], canvas[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
        texture = frame.warp(image, meshed[count - 1])
        textures[count - 1] = layout.take(texture)
        average += texture
        if count - 1 in calm:
            whole[count - 1] = texture
    if count != len(points):
        raise InputError(f"{count} pictures for {len(points)} sets of landmarks")
    average /= count

    seen = frame.visibility(meshed, scale=scale)
    look = fit_appearance(Samples(textures=textures, visibility=seen, layout=layout), modes=appearance_modes)
    average[layout.rows, layout.columns] = look.mean
    codes = np.concatenate([shape.codes, look.codes], 1).astype(np.float32)
    rest = calm[int(np.linalg.norm(look.codes[calm] - np.median(look.codes, 0), axis=1).argmin())]
    texture_modes = layout.put_roi(look.modes)
    if align:
        # Around a head that moves, the mean picture is a blur, and modes that end at the ring draw an edge there.
        share = face_share(frame)
        average = share * average + (1 - share) * whole[rest]
        texture_modes *= layout.crop(share)
    model = FaceModel(
        canvas=canvas,
        shape_mean=mesh.mean(shape.mean).astype(np.float32),
        shape_modes=mesh.modes(shape.modes).astype(np.float32),
        triangles=mesh.triangles.astype(np.int32),
        reference=frame.points.astype(np.float32),
        texture_mean=average.astype(np.float32),
        texture_modes=texture_modes.astype(np.float32),
        rest=np.clip(codes[rest], -CODE_LIMIT, CODE_LIMIT),
        roi=layout.roi,
        mouth_rows=mesh.rows,
    )
    drawn = np.stack([model.points(code) for code in codes])
    figures = {
        "frames": float(count),
        "shape_explained": shape.explained,
        "appearance_explained": look.explained,
        "landmark_error_px": float(np.linalg.norm(drawn[:, :68] - points, axis=-1).mean()),
        "folded_triangles_worst": float(folded(drawn, mesh.triangles).max()),
        "codes_beyond_limit": float((np.abs(codes) > CODE_LIMIT).any(1).mean()),
    }
    return Built(model=model, codes=codes, rest=rest, figures=figures)


def _after(first: np.ndarray, then: np.ndarray) -> np.ndarray:
    """(2, 3): two similarities, one after the other."""
    return np.c_[then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2] + then[:, 2]]


def _chain(first: np.ndarray, rest: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    yield first
    yield from rest
