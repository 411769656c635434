import numpy as np
import pytest

from th_common.errors import InputError
from th_training.aam.triangulation import areas, folded, path, triangulate

SQUARE = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float)


def test_wanted_edges_are_edges():
    rng = np.random.default_rng(3)
    points = np.concatenate([SQUARE * 10, rng.uniform(5, 95, (30, 2))])
    line = path([0, 2])
    # Keep the other points off the line, so that it can be an edge.
    off = np.abs(points[:, 0] - points[:, 1]) < 2
    off[[0, 2]] = False
    points = points[~off]
    triangles = triangulate(points, line)
    assert any({0, 2} <= set(t) for t in triangles.tolist())
    assert areas(points, triangles).min() > 0
    assert areas(points, triangles).sum() == pytest.approx(100 * 100)


def test_crossing_edges_are_refused():
    with pytest.raises(InputError, match="cannot have an edge"):
        triangulate(np.array([(0, 0), (4, 0), (8, 0), (4, 5)], float), [(0, 2)])


def test_points_that_coincide_are_refused():
    with pytest.raises(InputError, match="coincide"):
        triangulate(np.concatenate([SQUARE, SQUARE[:1]]))


def test_folded_counts_triangles_that_turned_over():
    triangles = triangulate(np.concatenate([SQUARE, [(5.0, 5.0)]]))
    moved = np.concatenate([SQUARE, [(15.0, 5.0)]])
    assert folded(np.stack([np.concatenate([SQUARE, [(5.0, 5.0)]]), moved]), triangles).tolist() == [0, 1]
