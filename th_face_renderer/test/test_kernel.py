"""The C kernel by itself: it writes where it may and nowhere else, whatever the mesh, and its pictures are exact.

For a run under the sanitizers build it with them and name that build:

    gcc -shared -fPIC -std=c99 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -DTH_CLONES= c/*.c -lm -o k.so
    LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 TH_FACE_KERNEL=k.so python -m pytest test/test_kernel.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from th_face_renderer import kernel, plain
from th_face_renderer.face_model import FaceModel
from th_face_renderer.kernel import library
from th_face_renderer.kernel_calls import Mesh, Rim, Texels, TextureRuns
from th_face_renderer.mesh import turned_alike
from th_face_renderer.testing import delaunay, synthetic_model
from th_face_renderer.texture import KernelTexture

if library() is None:
    pytest.skip(kernel.problem(), allow_module_level=True)

SOURCES = sorted(Path(kernel.__file__).with_name("c").glob("*.c"))
GUARD = 64
WILD = [0.0, -0.5, 0.5, 1e-9, -3.0, 1e3, -1e5, 1e9, -1e30, float("inf"), float("-inf"), float("nan")]


def guarded(shape: tuple[int, ...], value: int) -> tuple[np.ndarray, np.ndarray]:
    """An array in the middle of a larger one, both full of `value`."""
    count = int(np.prod(shape))
    flat = np.full(count + 2 * GUARD, value, np.uint8)
    return flat[GUARD : GUARD + count].reshape(shape), flat


def mesh(points: np.ndarray, triangles: np.ndarray, frame: np.ndarray, texels: Texels, **options: object) -> Mesh:
    """A mesh whose targets are the points themselves unless said."""
    given_ = {
        "targets": points.copy(),
        "nudge": np.zeros(points.shape, np.int8),
        "rectangle": (0, 0, *frame.shape[:2]),
        **options,
    }
    return Mesh(frame=frame, texels=texels, points=points, triangles=triangles, **given_)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_mesh_stays_inside(data: st.DataObject) -> None:
    height, width, high, wide = (data.draw(st.integers(2, 24)) for _ in range(4))
    count = data.draw(st.integers(3, 8))
    number = st.one_of(st.floats(-40, 60), st.sampled_from(WILD))
    points = np.array(data.draw(st.lists(number, min_size=2 * count, max_size=2 * count))).reshape(-1, 2)
    targets = np.array(data.draw(st.lists(number, min_size=2 * count, max_size=2 * count))).reshape(-1, 2)
    names = data.draw(st.lists(st.integers(0, count - 1), min_size=3, max_size=36))
    triangles = np.array(names[: len(names) // 3 * 3], np.int32).reshape(-1, 3)
    seed = data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    y0, x0 = rng.integers(0, height), rng.integers(0, width)
    y1, x1 = rng.integers(y0, height + 1), rng.integers(x0, width + 1)
    rectangle = (int(y0), int(x0), int(y1), int(x1))
    keep = (rng.random((height, width)) < 0.3).astype(np.uint8) if seed % 2 else None
    texels = Texels.of(rng.integers(0, 200, (high, wide, 3)).astype(np.uint8))
    frame, flat = guarded((height, width, 3), 201)

    drawn = mesh(points, triangles, frame, texels, targets=targets, rectangle=rectangle, keep=keep)
    drawn.draw()
    free = np.zeros((height, width), bool)
    free[y0:y1, x0:x1] = True
    if keep is not None:
        free &= keep == 0
    assert (frame[~free] == 201).all()
    assert (flat[:GUARD] == 201).all()
    assert (flat[-GUARD:] == 201).all()
    assert frame[free].size == 0 or frame[free].max() <= 201

    opacity, around = guarded((height, width), 7)
    edges = triangles[:, :2].copy()
    background = np.full_like(frame, 50)
    Rim(
        frame=frame,
        background=background,
        opacity=opacity,
        points=points,
        edges=edges,
        feather=float(rng.uniform(0.1, 20)),
        keep=keep,
    ).draw(rectangle)
    assert (frame[~free] == 201).all()
    assert (flat[:GUARD] == 201).all()
    assert (flat[-GUARD:] == 201).all()
    assert (around[:GUARD] == 7).all()
    assert (around[-GUARD:] == 7).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
@example(0)
def test_triangles_side_by_side_share_no_pixel_and_leave_none(seed: int) -> None:
    """Corners on a coarse grid, so that many edges run exactly through pixel centres."""
    rng = np.random.default_rng(seed)
    points = np.unique(rng.integers(0, 24, (12, 2)), axis=0) * 0.5
    points = np.concatenate([points, [[0, 0], [14, 0], [0, 14], [14, 14]]]).astype(np.float64)
    points = np.unique(points, axis=0)
    triangles = turned_alike(delaunay(points.astype(np.float32)), points)
    texels = Texels.of(np.full((16, 16, 3), 1, np.uint8))
    total = np.zeros((16, 16), int)
    for triangle in triangles:
        frame = np.zeros((16, 16, 3), np.uint8)
        mesh(points, triangle[None].copy(), frame, texels).draw()
        total += frame[..., 0]
    # Left and upper border belong to a mesh, right and lower do not.
    assert (total[:14, :14] == 1).all()
    assert total.sum() == 14 * 14


def test_a_map_is_exact_to_a_level() -> None:
    rng = np.random.default_rng(5)
    texture = rng.integers(0, 256, (40, 30, 3)).astype(np.uint8)
    texels = Texels.of(texture)
    points = np.array([[2.0, 1.0], [57.25, 4.5], [10.5, 62.75]])
    targets = np.array([[0.0, 0.0], [29.0, 3.0], [4.0, 39.0]])
    frame = np.zeros((64, 64, 3), np.uint8)
    mesh(points, np.array([[0, 1, 2]], np.int32), frame, texels, targets=targets).draw()
    y, x = np.nonzero(frame.any(axis=2))
    assert len(y) > 1500
    linear = np.linalg.solve(np.c_[points, np.ones(3)], targets)
    place = np.c_[x, y, np.ones(len(x))] @ linear
    expected = plain.sample(texture.astype(float), place[:, 0], place[:, 1])
    # Places are rounded to 1/128 texel: of neighbours that differ by up to 255 levels, at most 2.
    assert np.abs(frame[y, x] - expected).max() <= 2.5
    assert plain.psnr(frame[y, x], expected) > 50


def test_modes_of_any_kind_make_the_models_texture() -> None:
    model = synthetic_model(side=64)
    again = FaceModel.from_tensors(model.to_tensors())
    for face in (model, again):
        texture = KernelTexture(face)
        for code in (np.zeros(16), np.random.default_rng(0).standard_normal(16), np.full(16, 4.0), np.full(16, -4.0)):
            texture.set(code[8:].astype(np.float32))
            expected = np.clip(face.texture(code), 0, 255)
            assert np.abs(texture.texels.picture - expected).max() <= 0.55


def test_wrong_buffers_are_refused() -> None:
    points, triangles = np.zeros((3, 2)), np.array([[0, 1, 2]], np.int32)
    frame, texels = np.zeros((8, 8, 3), np.uint8), Texels.empty(8, 8)
    good = mesh(points, triangles, frame, texels)
    assert good.draw() == 0
    for bad in (
        lambda: mesh(points, triangles + 1, frame, texels),
        lambda: mesh(points, triangles - 1, frame, texels),
        lambda: mesh(points, triangles.astype(np.int64), frame, texels),
        lambda: mesh(points.astype(np.float32), triangles, frame, texels),
        lambda: mesh(points, triangles, frame[:, ::2], texels),
        lambda: mesh(points, triangles, frame, texels, rectangle=(0, 0, 9, 8)),
        lambda: mesh(points, triangles, frame, texels, rectangle=(0, -1, 8, 8)),
        lambda: mesh(points, triangles, frame, texels, keep=np.zeros((7, 8), np.uint8)),
        lambda: mesh(points, triangles, frame, texels, nudge=np.zeros((2, 2), np.int8)),
        lambda: mesh(points, triangles, frame, Texels(texels.flat[:-8], texels.picture)),
        lambda: mesh(points, triangles, frame, Texels(texels.flat.copy(), texels.picture)),
        lambda: TextureRuns(texels, np.zeros((8, 8, 3)), np.zeros((2, 9, 8, 3), np.int8), (0, 0, 9, 8), most=1.0),
        lambda: TextureRuns(texels, np.zeros((8, 8, 3)), np.zeros((2, 8, 7, 3), np.int8), (0, 0, 8, 8), most=1.0),
    ):
        with pytest.raises(ValueError):
            bad()


DRAW = """
import sys, numpy as np
from th_face_renderer import FaceDecoder, kernel
from th_face_renderer.testing import synthetic_model
decoder = FaceDecoder(synthetic_model(side=96), backend="c")
codes = np.random.default_rng(0).standard_normal((6, 16))
np.save(sys.argv[1], np.stack([decoder.render(code, (150, 170)) for code in codes]))
"""


def test_every_processor_draws_the_same(tmp_path: Path) -> None:
    """The build without vector instructions gives the same picture, bit for bit."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    plain_build = tmp_path / "plain.so"
    command = [compiler, "-shared", "-fPIC", "-std=c99", "-O1", "-DTH_PLAIN_C", *map(str, SOURCES), "-lm", "-o"]
    subprocess.run([*command, str(plain_build)], check=True)
    drawn = []
    for build in (None, plain_build):
        environment = {**os.environ, **({"TH_FACE_KERNEL": str(build)} if build else {})}
        out = tmp_path / f"{len(drawn)}.npy"
        subprocess.run([sys.executable, "-c", DRAW, str(out)], check=True, env=environment)
        drawn.append(np.load(out))
    np.testing.assert_array_equal(*drawn)


def test_without_a_kernel_numpy_draws_and_says_why(tmp_path: Path) -> None:
    code = (
        "from th_face_renderer import FaceDecoder, kernel; from th_face_renderer.testing import synthetic_model;"
        "d = FaceDecoder(synthetic_model(side=64)); d.render(d.rest_code); print(d.backend, kernel.problem())"
    )
    text = tmp_path / "text.so"
    text.write_text("no library")
    built = Path(kernel.__file__).with_name(kernel.FILE).read_bytes()
    cuts = [tmp_path / f"{size}.so" for size in (3, 5, 50, 70, 8000, len(built) - 1)]
    for cut in cuts:
        cut.write_bytes(built[: int(cut.stem)])
    wrong = [(text, "cannot be loaded"), *((cut, "cannot be loaded") for cut in cuts)]
    for path, words in ((tmp_path / "nothing.so", "was not built"), *wrong):
        environment = {**os.environ, "TH_FACE_KERNEL": str(path)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("numpy the C kernel")
        assert words in done.stdout
