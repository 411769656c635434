"""The soft outline: how it falls off, where it is not, and that both ways of drawing have the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from th_common.errors import InputError
from th_face_renderer import edge
from th_face_renderer.decoder import FaceDecoder
from th_face_renderer.kernel import library, problem
from th_face_renderer.mesh import Placement, outline
from th_face_renderer.testing import delaunay, synthetic_model

MODEL = synthetic_model(side=96)
BACKENDS = [pytest.param("c", marks=pytest.mark.skipif(library() is None, reason=problem() or "kernel")), "numpy"]
SQUARE = np.array([[2.0, 2.0], [10.0, 2.0], [10.0, 10.0], [2.0, 10.0]])
ROUND = np.array([[0, 1], [1, 2], [2, 3], [3, 0]], np.int32)


def test_opacity_grows_from_the_outline_inwards() -> None:
    level = edge.opacity(SQUARE, ROUND, 3.0, (0, 0, 13, 13))
    np.testing.assert_array_equal(level[6, 2:8], [0, 85, 170, 255, 255, 255])
    np.testing.assert_array_equal(level[6], level[:, 6])
    assert level[6, 1] == 0  # outside
    assert (level[0, 0], level[3, 3]) == (240, 85)  # beyond a corner its distance counts, outside nothing is drawn


def test_blend_rounds_and_leaves_what_is_opaque() -> None:
    frame = np.full((1, 4, 3), 200, np.uint8)
    edge.blend(frame, np.full((1, 4, 3), 100, np.uint8), np.array([[0, 1, 128, 255]], np.uint8))
    np.testing.assert_array_equal(frame[0, :, 0], [100, 100, 150, 200])


def test_outline_goes_round_once_in_one_direction() -> None:
    edges = outline(np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    assert {tuple(e) for e in edges.tolist()} == {(0, 1), (1, 2), (2, 3), (3, 0)}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_portrait_fades_at_its_sides_and_not_at_the_frame(backend: str) -> None:
    flat = replace(MODEL, texture_mean=np.full_like(MODEL.texture_mean, 255), texture_modes=0 * MODEL.texture_modes)
    decoder = FaceDecoder(flat, feather=4, backend=backend)
    drawn = decoder.render(np.ones(16), (101, 201))[..., 0]
    np.testing.assert_array_equal(drawn[50, 50:56], [0, 64, 128, 191, 255, 255])
    np.testing.assert_array_equal(drawn[50], drawn[50, ::-1])
    np.testing.assert_array_equal(drawn[0, 54:146], 255)
    assert (decoder.render(np.ones(16), (101, 101)) == 255).all()


@pytest.mark.parametrize("feather", [0, 3])
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_slit_of_background_where_the_border_is_less_than_a_pixel(backend: str, feather: float) -> None:
    white = replace(MODEL, texture_mean=np.full_like(MODEL.texture_mean, 255), texture_modes=0 * MODEL.texture_modes)
    decoder = FaceDecoder(white, feather=feather, backend=backend)
    for size in ((96, 95), (95, 96), (511, 512), (512, 511), (500, 501), (255, 256), (40, 41)):
        assert (decoder.render(np.ones(16), size) == 255).all(), size


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_softness_pixels_are_drawn_whose_centre_is_inside(backend: str) -> None:
    white = replace(MODEL, texture_mean=np.full_like(MODEL.texture_mean, 255), texture_modes=0 * MODEL.texture_modes)
    left = MODEL.shape_mean[:, 0].min()
    for size in ((96, 133), (96, 134), (200, 333), (61, 96)):
        drawn = FaceDecoder(white, feather=0, backend=backend).render(np.ones(16), size)[..., 0]
        first = Placement.fit(MODEL.canvas, size).apply(np.array([[left, 0.0]]))[0, 0]
        np.testing.assert_array_equal(drawn[5], np.where(np.arange(size[1]) >= first, 255, 0) & drawn[5, ::-1])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_face_whose_outline_moves_fades_all_around(backend: str) -> None:
    alone = replace(
        MODEL,
        shape_mean=MODEL.shape_mean[:68],
        shape_modes=MODEL.shape_modes[:, :68],
        reference=MODEL.reference[:68],
        triangles=delaunay(MODEL.shape_mean[:68]),
        texture_mean=np.full_like(MODEL.texture_mean, 200),
        texture_modes=0 * MODEL.texture_modes,
    )
    soft, hard = (FaceDecoder(alone, feather=f, backend=backend) for f in (5, 0))
    for code in np.random.default_rng(1).standard_normal((3, 16)):
        faded, full = soft.render(code, (200, 200))[..., 0], hard.render(code, (200, 200))[..., 0]
        inside = full == 200
        between = inside & (faded < 200)
        assert (faded[~inside] == 0).all()
        assert 0.1 < between.sum() / inside.sum() < 0.3
        assert len(np.unique(faded[between])) > 20


def test_both_ways_have_the_same_outline() -> None:
    if library() is None:
        pytest.skip(problem())
    from th_face_renderer.kernel_calls import Rim

    rng = np.random.default_rng(2)
    for _ in range(20):
        height, width = rng.integers(2, 60, 2)
        points = rng.uniform(-20, 80, (6, 2))
        edges = rng.integers(0, 6, (5, 2)).astype(np.int32)
        rectangle = (int(height) // 3, int(width) // 4, int(height), int(width))
        background, frame = rng.integers(0, 256, (2, height, width, 3)).astype(np.uint8)
        feather = float(rng.uniform(0.5, 9))
        level = np.zeros((height, width), np.uint8)
        expected, (y0, x0, y1, x1) = frame.copy(), rectangle
        opacity = edge.opacity(points, edges, feather, rectangle)
        edge.blend(expected[y0:y1, x0:x1], background[y0:y1, x0:x1], opacity)
        rim = Rim(
            frame=frame,
            background=background,
            opacity=level,
            points=points,
            edges=edges,
            feather=feather,
        )
        rim.draw(rectangle)
        assert np.abs(level[y0:y1, x0:x1].astype(int) - opacity).max() <= 1
        assert np.abs(frame.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("feather", [-1, 1000, float("nan"), "3", None])
def test_absurd_widths_are_refused(feather: object) -> None:
    with pytest.raises(InputError, match="feather"):
        FaceDecoder(MODEL, feather=feather)  # type: ignore[arg-type]
