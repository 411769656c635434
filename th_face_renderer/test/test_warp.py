"""Both ways of drawing against a plain one, menpofit, and each other; no cracks, no stale pixels, any size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from th_common.default_model import default_model_folder
from th_common.errors import ModelError
from th_face_renderer import plain
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel, load
from th_face_renderer.kernel import library, problem
from th_face_renderer.mesh import Placement
from th_face_renderer.testing import delaunay, synthetic_model

BACKGROUND = (7, 130, 250)
MODEL = synthetic_model(side=160)
RNG = np.random.default_rng(4)
CODES = [np.zeros(16), *(0.8 * RNG.standard_normal((2, 16)))]
BACKENDS = [pytest.param("c", marks=pytest.mark.skipif(library() is None, reason=problem() or "kernel")), "numpy"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def exact(model: FaceModel, backend: str, **options: Any) -> FaceDecoder:
    """A decoder that draws the piecewise-affine warp and nothing else."""
    return FaceDecoder(model, backend=backend, exact=True, **options)


def face_only(model: FaceModel) -> FaceModel:
    """The 68 landmarks without support: the whole outline moves, the background shows around it."""
    return replace(
        model,
        shape_mean=model.shape_mean[:68],
        shape_modes=model.shape_modes[:, :68],
        reference=model.reference[:68],
        triangles=delaunay(model.shape_mean[:68]),
    )


@pytest.mark.parametrize("size", [(160, 160), (301, 301), (200, 333)])
@pytest.mark.parametrize("code", CODES)
def test_equals_the_plain_warp(code: np.ndarray, size: tuple[int, int], backend: str) -> None:
    expected, inside = plain.render(MODEL, code, size)
    found = exact(MODEL, backend, background=BACKGROUND).render(code, size)
    assert plain.psnr(found[inside], expected[inside]) > 48
    near = cv2.dilate(inside.view(np.uint8), np.ones((3, 3))) > 0
    assert (found[~near] == BACKGROUND).all()


def test_equals_menpofit(backend: str) -> None:
    """The picture and mask that menpofit's AAM.instance makes: in C at least 55 dB, at most 2 levels off."""
    pytest.importorskip("menpofit", reason="needs menpofit")
    from menpo.image import Image
    from menpo.shape import PointCloud, TriMesh
    from menpofit.builder import build_reference_frame
    from menpofit.transform import DifferentiablePiecewiseAffine

    model = MODEL
    for code in 0.8 * RNG.standard_normal((2, 16)):
        points, texture = model.instance(code)
        shape = TriMesh(points[:, ::-1].astype(float), trilist=model.triangles)
        frame = build_reference_frame(shape)  # moved, so that the shape is 3 px from its border
        moved = frame.landmarks["source"].points
        transform = DifferentiablePiecewiseAffine(
            frame.landmarks["source"], PointCloud(model.reference[:, ::-1].astype(float))
        )
        picture = Image(np.moveaxis(np.clip(texture, 0, 255).astype(float), 2, 0))
        warped = picture.warp_to_mask(frame.mask, transform, warp_landmarks=False)
        y, x = np.rint(moved[0] - shape.points[0]).astype(int)
        np.testing.assert_allclose(moved - (y, x), shape.points, atol=1e-4)  # by whole pixels: the same grid
        expected = np.moveaxis(warped.pixels, 0, 2)[y : y + 160, x : x + 160]
        mask = warped.mask.mask[y : y + 160, x : x + 160]

        found = exact(model, backend).render(code)
        white = replace(model, texture_mean=np.full_like(texture, 255), texture_modes=0 * model.texture_modes)
        inside = exact(white, backend).render(code)[..., 0] == 255
        assert (mask & inside).sum() / (mask | inside).sum() >= 0.999
        # On the outermost pixel menpofit interpolates with the black around its texture.
        core = cv2.erode((mask & inside).view(np.uint8), np.ones((3, 3))) > 0
        error = np.abs(found.astype(float) - expected)[core]
        assert plain.psnr(found[core], expected[core]) >= (55 if backend == "c" else 45)
        assert backend == "numpy" or error.max() <= 2


def test_both_backends_agree() -> None:
    if library() is None:
        pytest.skip(problem())
    for model in (MODEL, face_only(MODEL)):
        one, two = (FaceDecoder(model, backend=b, background=BACKGROUND) for b in ("c", "numpy"))
        for code in CODES:
            for size in ((160, 160), (333, 200), (60, 70)):
                assert plain.psnr(one.render(code, size), two.render(code, size).astype(float)) > 42


@pytest.mark.parametrize("feather", [0.0, 0.4, 3.0])
def test_both_backends_agree_on_the_default_face_at_any_size(feather: float) -> None:
    """What differs is the average between the lips, which small pictures have most of."""
    if library() is None:
        pytest.skip(problem())
    try:
        model, _ = load(default_model_folder())
    except ModelError as error:
        pytest.skip(f"no default face: {error}")
    one, two = (FaceDecoder(model, backend=b, background=(255, 255, 255), feather=feather) for b in ("c", "numpy"))
    sizes = [
        (511, 512),
        (512, 511),
        (500, 501),
        (255, 256),
        (720, 1280),
        (540, 960),
        (600, 800),
        (768, 1024),
        (801, 480),
    ]
    for size in [*sizes, (200, 203), (300, 700), (101, 99), (40, 41)]:
        difference = plain.psnr(one.render(model.rest, size), two.render(model.rest, size).astype(float))
        assert difference > (46 if min(size) >= 200 else 40), size


def test_code_zero_at_canvas_size_is_the_mean_texture(backend: str) -> None:
    model = replace(MODEL, texture_mean=np.rint(MODEL.texture_mean))
    np.testing.assert_array_equal(exact(model, backend).render(np.zeros(16)), model.texture_mean)


def flat(model: FaceModel) -> FaceModel:
    """One colour all over."""
    return replace(
        model, texture_mean=np.full_like(model.texture_mean, 77), texture_modes=np.zeros_like(model.texture_modes)
    )


def test_no_cracks(backend: str) -> None:
    """With a texture of one colour every pixel of the canvas has it, whatever the code."""
    decoder = exact(flat(MODEL), backend, background=BACKGROUND)
    for code in 3 * RNG.standard_normal((20, 16)):
        assert (decoder.render(code, (211, 211)) == 77).all()
        wide = decoder.render(code, (100, 180))
        assert (wide[:, 40:140] == 77).all()
        assert (wide[:, :40] == BACKGROUND).all()
        assert (wide[:, 141:] == BACKGROUND).all()


def test_no_cracks_inside_a_face_without_support(backend: str) -> None:
    model = flat(face_only(MODEL))
    decoder = exact(model, backend, background=BACKGROUND)
    for code in CODES:
        picture = decoder.render(code, (240, 240))
        hull = np.zeros((240, 240), np.uint8)
        points = Placement.fit(model.canvas, (240, 240)).apply(model.points(code))
        cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(points).astype(np.int32)), (1,))
        assert (picture[cv2.erode(hull, np.ones((5, 5))) > 0] == 77).all()
        assert (picture[cv2.dilate(hull, np.ones((5, 5))) == 0] == BACKGROUND).all()


def test_a_mean_face_with_crossed_lids_still_opens_its_eyes(backend: str) -> None:
    """Which side of a triangle shows is the texture's to say: the mean face may have it turned over."""
    modes = MODEL.shape_modes.copy()
    modes[1] = 0
    modes[1, [37, 38, 43, 44], 1] = 0.05 * MODEL.canvas[0]  # upper lids far below the lower ones
    wide = MODEL.reference.copy()
    wide[[40, 41, 46, 47], 1] += 5
    awake = replace(MODEL, shape_modes=modes, reference=wide)
    asleep = replace(awake, shape_mean=MODEL.shape_mean + modes[1])
    code = np.zeros(16)
    expected = exact(awake, backend).render(code, (200, 200))
    code[1] = -1.0
    assert plain.psnr(exact(asleep, backend).render(code, (200, 200)), expected) > 60


@pytest.mark.parametrize("model", [MODEL, face_only(MODEL)], ids=["portrait", "face"])
def test_frames_do_not_depend_on_frames_before(model: FaceModel, backend: str) -> None:
    used = FaceDecoder(model, background=BACKGROUND, backend=backend)
    for code in np.concatenate([2 * RNG.standard_normal((4, 16)), [np.full(16, 4.0), np.full(16, -4.0), CODES[1]]]):
        used.render(code, (200, 200))
        fresh = FaceDecoder(model, background=BACKGROUND, backend=backend).render(code, (200, 200))
        np.testing.assert_array_equal(used.render(code, (200, 200)), fresh)


def test_meshes_of_more_than_255_triangles(backend: str) -> None:
    """Beyond 8-bit labels another look-up takes over; splitting triangles at their centre changes no pixel's colour much."""
    centres = MODEL.shape_mean[MODEL.triangles].mean(axis=1)
    count = len(MODEL.shape_mean) + np.arange(len(centres))
    a, b, c = MODEL.triangles.T
    split = np.concatenate([np.stack(t, -1) for t in ((a, b, count), (b, c, count), (c, a, count))]).astype(np.int32)
    fine = replace(
        MODEL,
        shape_mean=np.vstack([MODEL.shape_mean, centres]),
        shape_modes=np.concatenate([MODEL.shape_modes, MODEL.shape_modes[:, MODEL.triangles].mean(axis=2)], axis=1),
        reference=np.vstack([MODEL.reference, MODEL.reference[MODEL.triangles].mean(axis=1)]),
        triangles=split,
    )
    one, two = (exact(m, backend).render(CODES[1], (180, 180)) for m in (MODEL, fine))
    assert plain.psnr(one, two) > 45


def test_small_pictures_are_averaged_not_picked(backend: str) -> None:
    stripes = np.zeros_like(MODEL.texture_mean)
    stripes[::2] = 200
    model = replace(MODEL, texture_mean=stripes, texture_modes=np.zeros_like(MODEL.texture_modes))
    small = exact(model, backend).render(np.zeros(16), (40, 40))
    assert np.abs(small[2:-2, 2:-2].astype(int) - 100).max() < 40


def test_placement_centres_and_keeps_proportions() -> None:
    placement = Placement.fit((101, 201), (401, 401))
    corners = placement.apply(np.array([[0, 0], [200, 100]]))
    np.testing.assert_allclose(corners, [[0, 100], [400, 300]])
    stretched = Placement.fit((512, 512), (511, 512)).apply(np.array([[0, 0], [511, 511]]))
    np.testing.assert_allclose(stretched, [[0, 0], [511, 510]], atol=1e-9)
