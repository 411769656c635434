"""A linear face in the frame it is fitted in: what `Fitter` takes, from a FaceModel or from plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from th_common.errors import InputError
from th_face_renderer.face_model import LANDMARKS, FaceModel, arrange_mouth
from th_training.aam.frame import TextureFrame
from th_training.aam.support import INNER_MOUTH

MARGIN = 3
"""px of the fitting frame around the face, so that gradients at its edge are those of the picture."""


@dataclass(frozen=True, kw_only=True)
class FitArrays:
    """An AAM in its fitting frame, whose texels are pixels of the frame.

    points (68, 2): the mean shape, centred, in frame px; modes (S, 68, 2): frame px per unit of the shape parameters;
    reference (68, 2): the mesh in the frame; centre (2,) and scale:
    points = (shape model's px - centre) * scale.
    texture (h, w, 3): mean, levels; looks (A, h, w, 3): levels per unit of the appearance parameters.
    triangles (T, 3) over the 68 points; used (h, w) bool: texels that are compared.
    sloped (h, w) bool: texels whose gradient is known (not at the edge of a texture that ends there).
    any_light: whether each channel's gain and offset are free beside the looks.
    """

    points: np.ndarray
    modes: np.ndarray
    reference: np.ndarray
    centre: np.ndarray
    scale: float
    texture: np.ndarray
    looks: np.ndarray
    triangles: np.ndarray
    used: np.ndarray
    sloped: np.ndarray
    any_light: bool = False

    def halved(self) -> FitArrays:
        """The same model seen at half the size."""
        height, width = self.texture.shape[0] // 2 * 2, self.texture.shape[1] // 2 * 2

        def half(plane: np.ndarray) -> np.ndarray:
            size = (width // 2, height // 2)
            return cv2.resize(np.ascontiguousarray(plane[:height, :width]), size, interpolation=cv2.INTER_AREA)

        return replace(
            self,
            points=self.points / 2,
            modes=self.modes / 2,
            reference=(self.reference + 0.5) / 2 - 0.5,
            scale=self.scale / 2,
            texture=half(self.texture),
            looks=np.stack([half(look) for look in self.looks]),
            used=half(self.used.astype(np.float32)) > 0.99,
            sloped=half(self.sloped.astype(np.float32)) > 0.99,
        )


def face_arrays(model: FaceModel, *, diagonal: float = 150.0) -> FitArrays:
    """The landmarks' part of a face, at its mean shape, with this diagonal of the landmarks' bounding box [px].

    The inside of the mouth is not compared: teeth do not move with the lips, and a texel there is seen or hidden
    rather than shifted. The camera's exposure and white balance may differ from those of the pictures that the face was
    built from. Raises InputError for a diagonal below 40 px.
    """
    if not diagonal >= 40:
        raise InputError(f"a face cannot be fitted at a diagonal of {diagonal:g} px: at least 40")
    mean = model.shape_mean[:LANDMARKS].astype(np.float64)
    centre = mean.mean(0)
    scale = diagonal / float(np.linalg.norm(np.ptp(mean, axis=0)))
    points = (mean - centre) * scale
    origin = MARGIN - points.min(0)
    width, height = np.ceil(np.ptp(points, axis=0)).astype(int) + 2 * MARGIN + 1
    texture, looks = mean_shape_textures(model, centre=centre, origin=origin, scale=scale, size=(height, width))
    triangles = model.triangles[(model.triangles < LANDMARKS).all(1)]
    return FitArrays(
        points=points,
        modes=model.shape_modes[:, :LANDMARKS].astype(np.float64) * scale,
        reference=points + origin,
        centre=centre,
        scale=scale,
        texture=texture,
        looks=looks,
        triangles=triangles[~np.isin(triangles, INNER_MOUTH).all(1)],
        used=np.ones((height, width), bool),
        sloped=np.ones((height, width), bool),
        any_light=True,
    )


def mean_shape_textures(
    model: FaceModel, *, centre: np.ndarray, origin: np.ndarray, scale: float, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (h, w, 3) and modes (A, h, w, 3) of a face's texture, carried from its frame to its mean shape.

    The frame's pixel x shows the canvas point (x - origin) / scale + centre; textures are smoothed before they are thinned.
    """
    mean = model.shape_mean.astype(np.float64).copy()
    mean = arrange_mouth(mean, model.mouth_rows)
    frame = TextureFrame((mean - centre) * scale + origin, model.triangles, size)
    maps = frame.sources(model.reference)
    map_x, map_y = np.ascontiguousarray(maps[..., 0]), np.ascontiguousarray(maps[..., 1])
    shrink = model.texture_mean.shape[1] / model.canvas[1] / scale
    blur = 0.5 * np.sqrt(max(shrink**2 - 1, 0.0))

    def carried(texture: np.ndarray) -> np.ndarray:
        smooth = cv2.GaussianBlur(texture, (0, 0), blur) if blur > 0.2 else texture
        return cv2.remap(smooth, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    return carried(model.texture_mean), np.stack([carried(mode) for mode in model.whole_modes()])


def menpofit_arrays(aam: object, *, scale: int = -1, modes: int = 8) -> FitArrays:
    """A menpofit HolisticAAM (colour, without features) at one of its scales: the same model for both fitters."""
    shapes, textures = aam.shape_models[scale].model, aam.appearance_models[scale]  # type: ignore[attr-defined]
    template = textures.mean()
    mask = template.mask.mask
    reference = template.landmarks["source"]
    # menpo has (row, column) and RGB
    points = shapes.mean().points[:, ::-1]

    def image(vector: np.ndarray) -> np.ndarray:
        plane = np.zeros((*mask.shape, 3), np.float32)
        plane[mask] = 255 * vector.reshape(3, -1).T[:, ::-1]
        return plane

    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=(0,)) > 0
    return FitArrays(
        points=points - points.mean(0),
        modes=shapes.components[:modes].reshape(-1, LANDMARKS, 2)[:, :, ::-1]
        * np.sqrt(shapes.eigenvalues[:modes])[:, None, None],
        reference=reference.points[:, ::-1],
        centre=points.mean(0),
        scale=1.0,
        texture=image(textures.mean().as_vector()),
        looks=np.stack(
            [image(c * np.sqrt(v)) for c, v in zip(textures.components[:modes], textures.eigenvalues, strict=False)]
        ),
        triangles=np.asarray(reference.trilist),
        used=mask,
        sloped=inner,
    )
