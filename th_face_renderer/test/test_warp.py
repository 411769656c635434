"""The fast warp against a plain one and against menpo; no cracks, no stale pixels, any size."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from th_face_renderer import plain
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.face_model import FaceModel
from th_face_renderer.testing import delaunay, synthetic_model
from th_face_renderer.warp import Placement

BACKGROUND = (7, 130, 250)
MODEL = synthetic_model(side=160)
RNG = np.random.default_rng(4)
CODES = [np.zeros(16), *(0.8 * RNG.standard_normal((2, 16)))]


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
def test_equals_the_plain_warp(code: np.ndarray, size: tuple[int, int]) -> None:
    expected, inside = plain.render(MODEL, code, size)
    found = FaceDecoder(MODEL, background=BACKGROUND).render(code, size)
    assert plain.psnr(found[inside], expected[inside]) > 48
    near = cv2.dilate(inside.view(np.uint8), np.ones((3, 3))) > 0
    assert (found[~near] == BACKGROUND).all()


def test_equals_menpo() -> None:
    menpo_shape = pytest.importorskip("menpo.shape", reason="needs menpo")
    from menpo.transform.piecewiseaffine import PiecewiseAffine

    size, code = (300, 300), CODES[1]
    points, texture = MODEL.instance(code)
    placed = Placement.fit(MODEL.canvas, size).apply(points)[:, ::-1]
    transform = PiecewiseAffine(
        menpo_shape.TriMesh(placed, trilist=MODEL.triangles),
        menpo_shape.PointCloud(MODEL.reference[:, ::-1].astype(float)),
    )
    y, x = np.mgrid[1:299, 1:299]
    place = transform.apply(np.stack([y.ravel(), x.ravel()], -1).astype(float))
    expected = plain.sample(np.clip(texture, 0, 255), place[:, 1], place[:, 0]).reshape(298, 298, 3)
    found = FaceDecoder(MODEL).render(code, size)[1:299, 1:299]
    assert plain.psnr(found, expected) > 45


def test_code_zero_at_canvas_size_is_the_mean_texture() -> None:
    np.testing.assert_array_equal(FaceDecoder(MODEL).render(np.zeros(16)), np.rint(MODEL.texture_mean))


def test_no_cracks() -> None:
    """With a texture of one colour every pixel of the canvas has it, whatever the code."""
    flat = replace(
        MODEL, texture_mean=np.full_like(MODEL.texture_mean, 77), texture_modes=np.zeros_like(MODEL.texture_modes)
    )
    decoder = FaceDecoder(flat, background=BACKGROUND)
    for code in 3 * RNG.standard_normal((20, 16)):
        assert (decoder.render(code, (211, 211)) == 77).all()
        wide = decoder.render(code, (100, 180))
        assert (wide[:, 40:140] == 77).all()
        assert (wide[:, :39] == BACKGROUND).all()
        assert (wide[:, 141:] == BACKGROUND).all()


def test_no_cracks_inside_a_face_without_support() -> None:
    model = face_only(MODEL)
    flat = replace(
        model, texture_mean=np.full_like(model.texture_mean, 77), texture_modes=np.zeros_like(model.texture_modes)
    )
    decoder = FaceDecoder(flat, background=BACKGROUND)
    for code in CODES:
        picture = decoder.render(code, (240, 240))
        hull = np.zeros((240, 240), np.uint8)
        points = Placement.fit(model.canvas, (240, 240)).apply(model.points(code))
        cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(points).astype(np.int32)), (1,))
        assert (picture[cv2.erode(hull, np.ones((5, 5))) > 0] == 77).all()
        assert (picture[cv2.dilate(hull, np.ones((5, 5))) == 0] == BACKGROUND).all()


def test_a_mean_face_with_crossed_lids_still_opens_its_eyes() -> None:
    """Which side of a triangle shows is the texture's to say: the mean face may have it turned over."""
    modes = MODEL.shape_modes.copy()
    modes[1] = 0
    modes[1, [37, 38, 43, 44], 1] = 0.05 * MODEL.canvas[0]  # upper lids far below the lower ones
    wide = MODEL.reference.copy()
    wide[[40, 41, 46, 47], 1] += 5
    awake = replace(MODEL, shape_modes=modes, reference=wide)
    asleep = replace(awake, shape_mean=MODEL.shape_mean + modes[1])
    code = np.zeros(16)
    expected = FaceDecoder(awake).render(code, (200, 200))
    code[1] = -1.0
    assert plain.psnr(FaceDecoder(asleep).render(code, (200, 200)), expected) > 60


@pytest.mark.parametrize("model", [MODEL, face_only(MODEL)], ids=["portrait", "face"])
def test_frames_do_not_depend_on_frames_before(model: FaceModel) -> None:
    used = FaceDecoder(model, background=BACKGROUND)
    for code in 2 * RNG.standard_normal((4, 16)):
        used.render(code, (200, 200))
        fresh = FaceDecoder(model, background=BACKGROUND).render(code, (200, 200))
        np.testing.assert_array_equal(used.render(code, (200, 200)), fresh)


def test_meshes_of_more_than_255_triangles() -> None:
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
    one, two = (FaceDecoder(m).render(CODES[1], (180, 180)) for m in (MODEL, fine))
    assert plain.psnr(one, two) > 45


def test_small_pictures_are_averaged_not_picked() -> None:
    stripes = np.zeros_like(MODEL.texture_mean)
    stripes[::2] = 200
    model = replace(MODEL, texture_mean=stripes, texture_modes=np.zeros_like(MODEL.texture_modes))
    small = FaceDecoder(model).render(np.zeros(16), (40, 40))
    assert np.abs(small[2:-2, 2:-2].astype(int) - 100).max() < 40


def test_placement_centres_and_keeps_proportions() -> None:
    placement = Placement.fit((101, 201), (401, 401))
    corners = placement.apply(np.array([[0, 0], [200, 100]]))
    np.testing.assert_allclose(corners, [[0, 100], [400, 300]])
