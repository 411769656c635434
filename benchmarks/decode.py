"""One facial code to one picture, in ms of one core (CPU time of the process); beside it two peers that do the same by the book.

Peers: one cv2.warpAffine and masked copy per triangle, and menpo's warp (menpofit's way of rendering an instance).
The face is the default one; a synthetic face of 400 x 400 px where none is there yet. Every picture has another code.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from th_common.default_model import default_model_folder
from th_common.errors import ModelError
from th_face_renderer.decoder import FaceDecoder, load_face
from th_face_renderer.face_model import FaceModel
from th_face_renderer.mesh import Placement, affine_maps, double_areas
from th_face_renderer.testing import synthetic_model

SIZES = {"512": (512, 512), "720p": (720, 1280), "1080p": (1080, 1920)}
CODES = np.random.default_rng(0).standard_normal((60, 16)) * 0.8


def median_ms(render: Callable[[np.ndarray], object], codes: np.ndarray = CODES) -> float:
    """Median time per code, after a first one that does not count."""
    render(codes[0])
    times = []
    for code in codes:
        begin = time.process_time()
        render(code)
        times.append(time.process_time() - begin)
    return statistics.median(times) * 1e3


class PerTriangle:
    """The textbook's decoder: every triangle is warped in its bounding box and copied through a mask."""

    def __init__(self, model: FaceModel, size: tuple[int, int]) -> None:
        self._model = model
        self._placement = Placement.fit(model.canvas, size)
        self._frame = np.zeros((*size, 3), np.uint8)

    def __call__(self, code: np.ndarray) -> np.ndarray:
        points, texture = self._model.instance(code)
        picture = np.clip(np.rint(texture), 0, 255).astype(np.uint8)
        corners = self._placement.apply(points)[self._model.triangles]
        areas = double_areas(corners)
        targets = self._model.reference.astype(np.float64)[self._model.triangles]
        height, width = self._frame.shape[:2]
        for corner, area, target in zip(corners, areas, targets, strict=True):
            if abs(area) < 1e-3:
                continue
            low = np.maximum(np.floor(corner.min(axis=0)).astype(int), 0)
            high = np.minimum(np.ceil(corner.max(axis=0)).astype(int) + 1, (width, height))
            if (high <= low).any():
                continue
            (x0, y0), (wide, high_) = low, high - low
            matrix = affine_maps(corner[None] - low, np.array([area]), target[None])[0]
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            part = cv2.warpAffine(
                picture, matrix, (int(wide), int(high_)), flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
            mask = np.zeros((high_, wide), np.uint8)
            cv2.fillConvexPoly(mask, np.rint((corner - low) * 256).astype(np.int32), (255,), cv2.LINE_8, 8)
            cv2.copyTo(part, mask, self._frame[y0 : y0 + high_, x0 : x0 + wide])
        return self._frame


def menpo_renderer(model: FaceModel, size: tuple[int, int]) -> Callable[[np.ndarray], object] | None:
    """Render as menpofit does, texture warped into a mask of the output; None where menpo is not installed."""
    try:
        from menpo.image import BooleanImage, Image
        from menpo.shape import PointCloud, TriMesh
        from menpo.transform.piecewiseaffine import PiecewiseAffine
    except ImportError:
        return None
    placement, reference = Placement.fit(model.canvas, size), PointCloud(model.reference[:, ::-1].astype(float))
    mask = BooleanImage.init_blank(size)

    def render(code: np.ndarray) -> object:
        points, texture = model.instance(code)
        # Half a pixel wider: menpo refuses masks whose outermost pixels lie on the mesh's edge.
        placed = placement.apply(points)[:, ::-1]
        centre = placed.mean(axis=0)
        shape = TriMesh((placed - centre) * (1 + 2 / min(size)) + centre, trilist=model.triangles)
        picture = Image(np.moveaxis(texture.astype(float), 2, 0))
        return picture.warp_to_mask(mask, PiecewiseAffine(shape, reference), warp_landmarks=False)

    return render


def main() -> None:
    cv2.setNumThreads(1)
    try:
        decoder = load_face(default_model_folder())
    except ModelError:
        decoder = FaceDecoder(synthetic_model(side=400))
    codes = np.zeros((len(CODES), sum(decoder.model.dimensions)))
    codes[:, : CODES.shape[1]] = CODES[:, : codes.shape[1]]
    result: dict[str, float] = {}
    for name, size in SIZES.items():
        result[f"decode_ms_{name}"] = median_ms(partial(decoder.render, size=size, copy=False), codes)
        result[f"decode_ms_{name}_per_triangle"] = median_ms(PerTriangle(decoder.model, size), codes[:20])
    result["decode_ratio_per_triangle_512"] = result["decode_ms_512_per_triangle"] / result["decode_ms_512"]
    menpo = menpo_renderer(decoder.model, SIZES["512"])
    if menpo is not None:
        result["decode_ms_512_menpo"] = median_ms(menpo, codes[:3])
        result["decode_ratio_menpo_512"] = result["decode_ms_512_menpo"] / result["decode_ms_512"]
    begin = time.process_time()
    FaceDecoder(decoder.model).render(decoder.rest_code, SIZES["512"])
    result["decode_ms_512_first"] = (time.process_time() - begin) * 1e3
    print(json.dumps({key: round(value, 3) for key, value in result.items()}))


if __name__ == "__main__":
    main()
