"""One facial code to one picture, in ms of one core (CPU time of the process); beside it two peers that do the same by the book.

Peers: one cv2.warpAffine and masked copy per triangle, and menpofit's way of rendering an instance (menpo's warp).
`_whole`: all triangles drawn for every picture instead of only those that can change; `_numpy`: without the C kernel;
`_blink_added`, `_look_added`: what lids half down, or eyes to a side, take on top.
The face is the default one; a synthetic face of 400 x 400 px where none is there yet. Every picture has another code.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from th_common.default_model import default_model_folder
from th_common.errors import ModelError
from th_face_renderer.decoder import FaceDecoder, load_face
from th_face_renderer.face_model import FaceModel
from th_face_renderer.layer import NEUTRAL, Layer
from th_face_renderer.mesh import Placement, affine_maps, double_areas, turned_alike
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


def added_ms(decoder: FaceDecoder, size: tuple[int, int], codes: np.ndarray) -> dict[str, float]:
    """Median of what a layer takes on top of the same picture without one, drawn in turns."""
    layers = {"blink": Layer(lid_right=0.5, lid_left=0.5), "look": Layer(gaze_x=0.5)}
    times: dict[str, list[float]] = {name: [] for name in layers}
    for code in [*codes, *codes, *codes]:
        taken = {}
        for name, layer in {"": NEUTRAL, **layers}.items():
            decoder.render(code, size, layer=layer, copy=False)
            begin = time.process_time()
            decoder.render(code, size, layer=layer, copy=False)
            taken[name] = time.process_time() - begin
        for name in layers:
            times[name].append(taken[name] - taken[""])
    return {name: statistics.median(found) * 1e3 for name, found in times.items()}


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


def menpofit_renderer(model: FaceModel, size: tuple[int, int]) -> Callable[[np.ndarray], Any] | None:
    """What menpofit's AAM.instance does with a code: a mask of the shape, the texture warped into it; None without menpofit.

    As there, the frame is the shape's own bounding box and 3 px around.
    """
    try:
        from menpo.image import Image as MenpoImage
        from menpo.shape import PointCloud, TriMesh
        from menpofit.builder import build_reference_frame
        from menpofit.transform import DifferentiablePiecewiseAffine
    except ImportError:
        return None
    placement, reference = Placement.fit(model.canvas, size), PointCloud(model.reference[:, ::-1].astype(float))

    def render(code: np.ndarray) -> Any:
        points, texture = model.instance(code)
        shape = TriMesh(placement.apply(points)[:, ::-1], trilist=model.triangles)
        frame = build_reference_frame(shape)
        transform = DifferentiablePiecewiseAffine(frame.landmarks["source"], reference)
        picture = MenpoImage(np.moveaxis(np.clip(texture, 0, 255).astype(float), 2, 0))
        return picture.warp_to_mask(frame.mask, transform, warp_landmarks=False)

    return render


def compare(model: FaceModel, code: np.ndarray) -> dict[str, float]:
    """The exact picture against menpofit's: PSNR [dB] and largest difference [levels] inside both, overlap of the masks.

    One pixel at the mask's border is left out: there menpofit interpolates with the black around its texture. So are
    triangles that the code folds over others: which of them is seen there is for each to choose.
    """
    # menpofit's frame begins 3 px from the shape. A little larger, so that the far sides do not lie on pixel centres,
    # where menpo's test for inside is a matter of rounding.
    scale = 1.003
    shape = {"shape_mean": scale * model.shape_mean, "shape_modes": scale * model.shape_modes}
    moved = replace(model, **shape)
    shape["shape_mean"] = shape["shape_mean"] + (3 - moved.points(code).min(axis=0))
    render = menpofit_renderer(replace(model, **shape), model.canvas)
    if render is None:
        return {}
    instance = render(code)
    moved = replace(model, canvas=instance.shape, **shape)
    white = replace(moved, texture_mean=0 * model.texture_mean + 255, texture_modes=0 * model.texture_modes)
    inside = FaceDecoder(white, exact=True).render(code)[..., 0] == 255
    expected, mask = np.moveaxis(instance.pixels, 0, 2), instance.mask.mask
    core = cv2.erode((mask & inside).view(np.uint8), np.ones((3, 3)), borderValue=0)
    corners = moved.points(code)[turned_alike(model.triangles, model.reference.astype(np.float64))]
    for fold in corners[double_areas(corners.astype(np.float64)) <= 0]:
        cv2.fillConvexPoly(core, np.rint(fold * 256).astype(np.int32), (0,), cv2.LINE_8, 8)
    core = core > 0
    error = FaceDecoder(moved, exact=True).render(code)[core] - expected[core]
    return {
        "decode_menpofit_psnr_db": 10 * np.log10(255**2 / np.mean(error**2)),
        "decode_menpofit_max_levels": float(np.abs(error).max()),
        "decode_menpofit_share_compared": core.sum() / mask.sum(),
        "decode_menpofit_mask_iou": (mask & inside).sum() / (mask | inside).sum(),
    }


def main() -> None:
    cv2.setNumThreads(1)
    try:
        decoder = load_face(default_model_folder())
    except ModelError:
        decoder = FaceDecoder(synthetic_model(side=400))
    model = decoder.model
    portable = FaceDecoder(model, backend="numpy")
    # Nothing is drawn once: every triangle can move.
    restless = FaceDecoder(replace(model, shape_modes=model.shape_modes + np.float32(2e-4)))
    codes = np.zeros((len(CODES), sum(model.dimensions)))
    codes[:, : CODES.shape[1]] = CODES[:, : codes.shape[1]]
    result: dict[str, float | str] = {"decode_backend": decoder.backend}
    for name, size in SIZES.items():
        result[f"decode_ms_{name}"] = median_ms(partial(decoder.render, size=size, copy=False), codes)
        result[f"decode_ms_{name}_whole"] = median_ms(partial(restless.render, size=size, copy=False), codes)
        added = added_ms(decoder, size, codes)
        result |= {f"decode_ms_{name}_{what}_added": ms for what, ms in added.items()}
        result[f"decode_ms_{name}_numpy"] = median_ms(partial(portable.render, size=size, copy=False), codes)
        result[f"decode_ms_{name}_per_triangle"] = median_ms(PerTriangle(model, size), codes[:20])
    ours = median_ms(partial(decoder.render, size=SIZES["512"], copy=False), codes)
    result["decode_ratio_per_triangle_512"] = float(result["decode_ms_512_per_triangle"]) / ours
    menpofit = menpofit_renderer(model, SIZES["512"])
    if menpofit is not None:
        result["decode_ms_512_menpofit"] = median_ms(menpofit, codes[:3])
        result["decode_ratio_menpofit_512"] = float(result["decode_ms_512_menpofit"]) / ours
        result |= compare(model, codes[1])
    begin = time.process_time()
    FaceDecoder(model).render(decoder.rest_code, SIZES["512"])
    result["decode_ms_512_first"] = (time.process_time() - begin) * 1e3
    print(json.dumps({key: value if isinstance(value, str) else round(value, 4) for key, value in result.items()}))


if __name__ == "__main__":
    main()
